# SPDX-License-Identifier: EUPL-1.2
"""The tables users and grants, as modules that write to people ask them."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from cloud.accounts.repository import GRANTS
from cloud.kit.database import Connection, rows


async def users(
    connection: Connection, user_ids: Sequence[int], *, even_disabled: bool
) -> list[DictRow]:
    """Return these users with their grants; who is locked out hears nothing unless told so."""
    return await rows(
        connection,
        f"select user_id, email, name, role, supplier_id, {GRANTS} from users"  # noqa: S608 - ours
        " where user_id = any(%(user_ids)s) and (%(even_disabled)s or disabled_at is null)",
        user_ids=list(user_ids),
        even_disabled=even_disabled,
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
