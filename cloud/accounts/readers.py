# SPDX-License-Identifier: EUPL-1.2
"""Readers: who somebody is and may see by now, for modules that write to them unasked."""

from collections.abc import Collection

from cloud.accounts import readers_repository
from cloud.accounts.grants import grants_in
from cloud.kit.auth.rights import SEES_ALL, Principal, Role
from cloud.kit.database import Connection

USER = "user:"


async def people(
    connection: Connection, subjects: Collection[str], *, even_disabled: bool = False
) -> dict[str, Principal]:
    """Return by subject those of these people that may still sign in; in a system transaction."""
    ids = [int(one.removeprefix(USER)) for one in subjects if one.startswith(USER)]
    return {
        f"{USER}{user['user_id']}": Principal(
            subject=f"{USER}{user['user_id']}",
            role=Role(user["role"]),
            email=user["email"],
            name=user["name"],
            grants=grants_in(user["grants"]),
            supplier_id=user["supplier_id"],
        )
        for user in await readers_repository.users(connection, ids, even_disabled=even_disabled)
    }


async def subjects_near(
    connection: Connection, premises_id: str, supplier_id: str | None
) -> list[str]:
    """Return who may see something of a building: by a grant, the supplier, or the role."""
    ids = await readers_repository.users_near(
        connection, premises_id, supplier_id, [role.value for role in SEES_ALL]
    )
    return [f"{USER}{user_id}" for user_id in ids]
