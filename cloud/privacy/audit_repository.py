# SPDX-License-Identifier: EUPL-1.2
"""The tables audit_log and audit_personal."""

from collections.abc import AsyncIterator
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run
from cloud.privacy.chain import ERASED, THINNED, Entry, Gone

ENTRIES_AT_ONCE = 1000


async def entries(connection: Connection) -> AsyncIterator[Entry]:
    """Yield all entries in order, a thousand at a time."""
    after = 0
    while True:
        found = await rows(
            connection,
            "select audit_log.*, salt, content from audit_log left join audit_personal"
            " using (entry_id) where entry_id > %(after)s order by entry_id limit %(limit)s",
            after=after,
            limit=ENTRIES_AT_ONCE,
        )
        for fields in found:
            yield Entry(**fields)
        if len(found) < ENTRIES_AT_ONCE:
            return
        after = found[-1]["entry_id"]


async def gone(connection: Connection) -> Gone:
    """Return whose personal details the log itself says are gone."""
    erased = await rows(
        connection, "select about from audit_log where action = %(action)s", action=ERASED
    )
    thinned = await row(
        connection,
        "select max((entry::jsonb -> 'details' ->> 'before')::bigint) as before from audit_log"
        " where action = %(action)s",
        action=THINNED,
    )
    before = thinned["before"] if thinned else None
    return Gone(people={one["about"] for one in erased}, before=before or 0)


async def last(connection: Connection) -> tuple[int, bytes] | None:
    """Return the id and hash of the last entry, or None."""
    found = await row(
        connection, "select entry_id, hash from audit_log order by entry_id desc limit 1"
    )
    return (found["entry_id"], found["hash"]) if found else None


async def page(
    connection: Connection,
    *,
    before: int | None,
    limit: int,
    actor: str | None = None,
    action: str | None = None,
    about: str | None = None,
    premises_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[DictRow]:
    """Return entries, the newest first, with who acted as it is known today."""
    return await rows(
        connection,
        "select entry_id, recorded_at, actor, action, about, premises_id, hash,"
        " entry::jsonb -> 'details' as details, content::jsonb as personal,"
        " coalesce(users.role, tokens.role) as role, users.email, tokens.label"
        " from audit_log left join audit_personal using (entry_id)"
        " left join users on actor = 'user:' || users.user_id"
        " left join tokens on actor = 'token:' || tokens.token_id"
        " where (%(before)s::bigint is null or entry_id < %(before)s)"
        " and (%(actor)s::text is null or actor = %(actor)s)"
        " and (%(action)s::text is null or action = %(action)s)"
        " and (%(about)s::text is null or about = %(about)s)"
        " and (%(premises_id)s::text is null or audit_log.premises_id = %(premises_id)s)"
        " and (%(since)s::timestamptz is null or recorded_at >= %(since)s)"
        " and (%(until)s::timestamptz is null or recorded_at < %(until)s)"
        " order by entry_id desc limit %(limit)s",
        before=before,
        limit=limit,
        actor=actor,
        action=action,
        about=about,
        premises_id=premises_id,
        since=since,
        until=until,
    )


async def thin(connection: Connection, older_than: datetime) -> int | None:
    """Forget personal details of entries older than that; return before which, if any went."""
    found = await row(
        connection,
        "with old as (select max(entry_id) + 1 as before from audit_log"
        " where recorded_at < %(older_than)s), taken as (delete from audit_personal using old"
        " where entry_id < old.before returning 1)"
        " select before from old where exists (select from taken)",
        older_than=older_than,
    )
    return found["before"] if found else None


async def forget(connection: Connection, person: str) -> int:
    """Forget what entries tell of a person; return of how many."""
    return await run(
        connection, "delete from audit_personal where person = %(person)s", person=person
    )
