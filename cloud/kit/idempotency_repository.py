# SPDX-License-Identifier: EUPL-1.2
"""The table of answers kept under an Idempotency-Key."""

from datetime import datetime

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from cloud.kit.database import Connection, row, run


async def claim(connection: Connection, caller: str, key: str) -> bool:
    """Hold this key to the end of the transaction; False if another request does."""
    found = await row(
        connection,
        "select pg_try_advisory_xact_lock(hashtextextended(%(name)s, 0)) as got",
        name=f"idempotency:{caller}:{key}",
    )
    return bool(found and found["got"])


async def kept(connection: Connection, caller: str, key: str, since: datetime) -> DictRow | None:
    """Return what was answered under this key since then."""
    return await row(
        connection,
        "select request_digest, status, headers, body from idempotency_keys"
        " where caller = %(caller)s and key = %(key)s and created_at >= %(since)s",
        caller=caller,
        key=key,
        since=since,
    )


async def keep(
    connection: Connection,
    *,
    caller: str,
    key: str,
    route: str,
    digest: bytes,
    status: int,
    headers: dict[str, str],
    body: bytes,
    now: datetime,
    forget_before: datetime,
) -> None:
    """Keep an answer, and forget old ones."""
    await run(
        connection,
        "delete from idempotency_keys where created_at < %(forget_before)s",
        forget_before=forget_before,
    )
    await run(
        connection,
        "insert into idempotency_keys"
        " (caller, key, route, request_digest, status, headers, body, created_at) values"
        " (%(caller)s, %(key)s, %(route)s, %(digest)s, %(status)s, %(headers)s, %(body)s, %(now)s)",
        caller=caller,
        key=key,
        route=route,
        digest=digest,
        status=status,
        headers=Jsonb(headers),
        body=body,
        now=now,
    )
