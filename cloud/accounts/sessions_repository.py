# SPDX-License-Identifier: EUPL-1.2
"""The table sessions."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run


async def add(
    connection: Connection,
    session_hash: bytes,
    user_id: int,
    proved: Sequence[str],
    address: str,
    agent: str,
    now: datetime,
    expires_at: datetime,
) -> str:
    """Keep a new session, forget those that are over, and return its id."""
    await run(connection, "delete from sessions where expires_at <= %(now)s", now=now)
    found = await row(
        connection,
        "insert into sessions (session_hash, user_id, proved, address, agent, created_at, fresh_at,"
        " seen_at, renewed_at, expires_at) values (%(session_hash)s, %(user_id)s, %(proved)s,"
        " %(address)s, %(agent)s, %(now)s, %(now)s, %(now)s, %(now)s, %(expires_at)s)"
        " returning session_id",
        session_hash=session_hash,
        user_id=user_id,
        proved=list(proved),
        address=address,
        agent=agent,
        now=now,
        expires_at=expires_at,
    )
    assert found is not None  # noqa: S101 - an insert returns its row
    return str(found["session_id"])


async def end(connection: Connection, session_id: str, user_id: int) -> bool:
    """End one session of a user; tell whether there was one."""
    ended = await run(
        connection,
        "delete from sessions where session_id::text = %(session_id)s and user_id = %(user_id)s",
        session_id=session_id,
        user_id=user_id,
    )
    return ended == 1


async def end_all(connection: Connection, user_id: int, but: str | None = None) -> int:
    """End every session of a user, but one perhaps; return how many."""
    return await run(
        connection,
        "delete from sessions where user_id = %(user_id)s"
        " and session_id::text is distinct from %(but)s",
        user_id=user_id,
        but=but,
    )


async def of_user(connection: Connection, user_id: int, now: datetime) -> list[DictRow]:
    """Return a user's sessions, the one used last first."""
    return await rows(
        connection,
        "select session_id::text, created_at, seen_at, expires_at, address, agent, proved"
        " from sessions where user_id = %(user_id)s and expires_at > %(now)s"
        " order by seen_at desc, session_id",
        user_id=user_id,
        now=now,
    )


async def seen(connection: Connection, session_id: str, now: datetime) -> None:
    """Note that a session was used."""
    await run(
        connection,
        "update sessions set seen_at = %(now)s where session_id = %(session_id)s",
        session_id=session_id,
        now=now,
    )


async def offer_next(
    connection: Connection, session_id: str, next_hash: bytes, now: datetime, unless_since: datetime
) -> bool:
    """Keep the token that is to take over; False if another request made one just now."""
    made = await run(
        connection,
        "update sessions set next_hash = %(next_hash)s, next_made_at = %(now)s"
        " where session_id = %(session_id)s"
        " and coalesce(next_made_at <= %(unless_since)s, true)",
        session_id=session_id,
        next_hash=next_hash,
        now=now,
        unless_since=unless_since,
    )
    return made == 1


async def take_over(
    connection: Connection, session_id: str, next_hash: bytes, now: datetime, until: datetime
) -> None:
    """Let the next token take over; the one before is taken ``until`` then."""
    await run(
        connection,
        "update sessions set previous_hash = session_hash, previous_until = %(until)s,"
        " session_hash = next_hash, next_hash = null, next_made_at = null, renewed_at = %(now)s"
        " where session_id = %(session_id)s and next_hash = %(next_hash)s",
        session_id=session_id,
        next_hash=next_hash,
        now=now,
        until=until,
    )


async def replace(
    connection: Connection,
    session_id: str,
    session_hash: bytes,
    proved: Sequence[str],
    now: datetime,
    until: datetime,
) -> bool:
    """Give a session a new token and note what was proved; the one before is taken ``until``."""
    replaced = await run(
        connection,
        "update sessions set previous_hash = session_hash, previous_until = %(until)s,"
        " session_hash = %(session_hash)s, next_hash = null, next_made_at = null,"
        " renewed_at = %(now)s, fresh_at = %(now)s,"
        " proved = (select array_agg(distinct one) from unnest(proved || %(proved)s::text[]) one)"
        " where session_id::text = %(session_id)s",
        session_id=session_id,
        session_hash=session_hash,
        proved=list(proved),
        now=now,
        until=until,
    )
    return replaced == 1
