# SPDX-License-Identifier: EUPL-1.2
"""The table account_links."""

from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, run


async def add(
    connection: Connection, link_hash: bytes, user_id: int, now: datetime, expires_at: datetime
) -> None:
    """Keep a new link, and forget those that are over."""
    await run(connection, "delete from account_links where expires_at <= %(now)s", now=now)
    await run(
        connection,
        "insert into account_links (link_hash, user_id, created_at, expires_at)"
        " values (%(link_hash)s, %(user_id)s, %(now)s, %(expires_at)s)",
        link_hash=link_hash,
        user_id=user_id,
        now=now,
        expires_at=expires_at,
    )


async def newest(connection: Connection, user_id: int) -> datetime | None:
    """Return when this user's newest link was made."""
    found = await row(
        connection,
        "select max(created_at) as made_at from account_links where user_id = %(user_id)s",
        user_id=user_id,
    )
    return found["made_at"] if found else None


async def user_of(connection: Connection, link_hash: bytes, now: datetime) -> DictRow | None:
    """Return the user whom a link that is still good belongs to."""
    return await row(
        connection,
        "select users.* from account_links join users using (user_id)"
        " where link_hash = %(link_hash)s and expires_at > %(now)s and disabled_at is null",
        link_hash=link_hash,
        now=now,
    )


async def take(connection: Connection, link_hash: bytes, user_id: int) -> bool:
    """Take a link and end the user's others; False if somebody was faster."""
    taken = await run(
        connection,
        "delete from account_links where link_hash = %(link_hash)s",
        link_hash=link_hash,
    )
    await run(connection, "delete from account_links where user_id = %(user_id)s", user_id=user_id)
    return taken == 1


async def forget(connection: Connection, link_hash: bytes) -> None:
    """Forget a link that never left."""
    await run(
        connection,
        "delete from account_links where link_hash = %(link_hash)s",
        link_hash=link_hash,
    )
