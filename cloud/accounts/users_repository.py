# SPDX-License-Identifier: EUPL-1.2
"""The table users, as operators see and change it."""

from datetime import datetime

from psycopg.errors import ForeignKeyViolation
from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run
from cloud.kit.errors import UnknownReferenceError

_SHOWN = (
    "select user_id, email, name, role, supplier_id, created_at, disabled_at, array(select issuer"
    " from identities where identities.user_id = users.user_id order by issuer) as issuers"
    " from users"
)


async def users(connection: Connection, role: str | None, after: int, limit: int) -> list[DictRow]:
    """Return users by id, those after ``after``, of one role or of all."""
    return await rows(
        connection,
        f"{_SHOWN} where user_id > %(after)s and (%(role)s::text is null or role = %(role)s)"
        " order by user_id limit %(limit)s",
        role=role,
        after=after,
        limit=limit,
    )


async def user(connection: Connection, user_id: int) -> DictRow | None:
    """Return a user."""
    return await row(connection, f"{_SHOWN} where user_id = %(user_id)s", user_id=user_id)


async def change(
    connection: Connection,
    user_id: int,
    *,
    name: str,
    role: str,
    supplier_id: str | None,
    disabled_at: datetime | None,
) -> None:
    """Change what a user is."""
    try:
        await run(
            connection,
            "update users set name = %(name)s, role = %(role)s, supplier_id = %(supplier_id)s,"
            " disabled_at = %(disabled_at)s where user_id = %(user_id)s",
            user_id=user_id,
            name=name,
            role=role,
            supplier_id=supplier_id,
            disabled_at=disabled_at,
        )
    except ForeignKeyViolation as error:
        raise UnknownReferenceError("supplier", str(supplier_id)) from error


async def operators_besides(connection: Connection, user_id: int) -> int:
    """Return how many other operators could sign in."""
    found = await row(
        connection,
        "select count(*) as n from users where role = 'operator' and disabled_at is null"
        " and user_id <> %(user_id)s",
        user_id=user_id,
    )
    return int(found["n"]) if found else 0
