# SPDX-License-Identifier: EUPL-1.2
"""The tables users and grants, as modules that write to people ask them."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from cloud.kit.database import Connection, rows

# Whoever is locked out hears nothing either.
_ACTIVE = "disabled_at is null"


async def users(connection: Connection, user_ids: Sequence[int]) -> list[DictRow]:
    """Return these users with their grants, less those who are locked out."""
    return await rows(
        connection,
        "select user_id, email, name, role, supplier_id, (select"  # noqa: S608 - ours
        " coalesce(jsonb_agg(jsonb_build_array(premises_id, service_point_ids, since)), '[]')"
        " from grants where grants.user_id = users.user_id and revoked_at is null) as grants"
        f" from users where user_id = any(%(user_ids)s) and {_ACTIVE}",
        user_ids=list(user_ids),
    )


async def users_near(
    connection: Connection, premises_id: str, supplier_id: str | None, see_all: Sequence[str]
) -> list[int]:
    """Return the users with a grant of a building, of a supplier, or of a role that sees all."""
    found = await rows(
        connection,
        "select user_id from grants where premises_id = %(premises_id)s and revoked_at is null"
        " union select user_id from users where supplier_id = %(supplier_id)s"
        " or role = any(%(see_all)s)",
        premises_id=premises_id,
        supplier_id=supplier_id,
        see_all=list(see_all),
    )
    return [one["user_id"] for one in found]
