# SPDX-License-Identifier: EUPL-1.2
"""The table register_events."""

from collections.abc import Collection
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run
from cloud.meters.models import VALIDATION, EventKind, RegisterEvent

# The epoch that an event belongs to: told by the instants, so that it stays right when an exchange
# that is recorded later splits the epoch it once fell in.
_OF_EPOCH = (
    "select e.event_id, e.service_point_id, i.installation_id, e.kind, e.at, e.register_before,"
    " e.register_after, e.explanation, e.recorded_by, e.recorded_at, e.undone_at, e.undone_by,"
    " e.undone_because from register_events e left join installations i"
    " on i.service_point_id = e.service_point_id and i.valid_to is distinct from i.valid_from"
    " and case e.kind when 'removal' then i.valid_to = e.at"
    " when 'rollover' then i.valid_from <= e.at and (i.valid_to is null or e.at < i.valid_to)"
    " when 'reset' then i.valid_from <= e.at and (i.valid_to is null or e.at < i.valid_to)"
    " else i.valid_from = e.at end"
)


async def add(
    connection: Connection,
    *,
    service_point_id: str,
    installation_id: int | None,
    kind: EventKind,
    at: datetime,
    register_before: int | None,
    register_after: int | None,
    explanation: str,
    recorded_by: str,
) -> int:
    """Record an event and return its id."""
    added = await row(
        connection,
        "insert into register_events (service_point_id, installation_id, kind, at,"
        " register_before, register_after, explanation, recorded_by) values (%(service_point_id)s,"
        " %(installation_id)s, %(kind)s, %(at)s, %(register_before)s, %(register_after)s,"
        " %(explanation)s, %(recorded_by)s) returning event_id",
        service_point_id=service_point_id,
        installation_id=installation_id,
        kind=kind,
        at=at,
        register_before=register_before,
        register_after=register_after,
        explanation=explanation,
        recorded_by=recorded_by,
    )
    assert added is not None  # noqa: S101 - an insert without conflict returns its row
    return int(added["event_id"])


async def undo(connection: Connection, event_id: int, undone_by: str, because: str) -> None:
    """Mark an event as undone, as of this transaction."""
    await run(
        connection,
        "update register_events set undone_at = now(), undone_by = %(undone_by)s,"
        " undone_because = %(because)s where event_id = %(event_id)s",
        event_id=event_id,
        undone_by=undone_by,
        because=because,
    )


async def one(connection: Connection, event_id: int) -> RegisterEvent | None:
    """Return an event, undone or not."""
    found = await row(connection, f"{_OF_EPOCH} where e.event_id = %(id)s", id=event_id)
    return RegisterEvent(**found) if found else None


async def standing(
    connection: Connection,
    *,
    installation_ids: Collection[int] = (),
    service_point_id: str | None = None,
) -> list[RegisterEvent]:
    """Return the events of these installations, or at a service point, that were not undone."""
    found = await rows(
        connection,
        f"{_OF_EPOCH} where e.undone_at is null and (e.service_point_id = %(service_point_id)s"
        " or i.installation_id = any(%(ids)s)) order by e.at, e.event_id",
        ids=list(installation_ids),
        service_point_id=service_point_id,
    )
    return [RegisterEvent(**fields) for fields in found]


async def noticed(connection: Connection, installation_ids: Collection[int]) -> list[RegisterEvent]:
    """Return the events of these installations that validation recorded, undone or not."""
    found = await rows(
        connection,
        f"{_OF_EPOCH} where e.recorded_by = %(validation)s and i.installation_id = any(%(ids)s)"
        " order by e.at, e.event_id",
        validation=VALIDATION,
        ids=list(installation_ids),
    )
    return [RegisterEvent(**fields) for fields in found]


async def at_instant(
    connection: Connection, service_point_id: str, kind: EventKind, at: datetime
) -> list[RegisterEvent]:
    """Return the events of a kind at an instant, undone or not, the latest word first."""
    found = await rows(
        connection,
        f"{_OF_EPOCH} where e.service_point_id = %(service_point_id)s and e.kind = %(kind)s"
        " and e.at = %(at)s order by e.event_id desc",
        service_point_id=service_point_id,
        kind=kind,
        at=at,
    )
    return [RegisterEvent(**fields) for fields in found]


async def page_of_trail(
    connection: Connection,
    service_point_id: str,
    after: tuple[datetime, int, bool],
    limit: int,
) -> list[DictRow]:
    """Return what was recorded and undone at a service point, in order of (time, id, undoing)."""
    return await rows(
        connection,
        "select * from (select recorded_at as said_at, false as undoing, e.*"
        " from register_events e union all select undone_at, true, e.* from register_events e"
        " where undone_at is not null) trail where service_point_id = %(service_point_id)s"
        " and (said_at, event_id, undoing) > (%(said_at)s, %(event_id)s::bigint,"
        " %(undoing)s::boolean) order by said_at, event_id, undoing limit %(limit)s",
        service_point_id=service_point_id,
        said_at=after[0],
        event_id=after[1],
        undoing=after[2],
        limit=limit,
    )
