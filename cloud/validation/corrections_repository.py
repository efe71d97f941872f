# SPDX-License-Identifier: EUPL-1.2
"""The table corrections."""

from collections.abc import Collection
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows
from cloud.validation.correction import Correction, CorrectionKind


async def add(
    connection: Connection,
    *,
    service_point_id: str,
    kind: CorrectionKind,
    since: datetime,
    until: datetime,
    usage: int | None,
    reason: str,
    made_by: str,
) -> Correction:
    """Keep a correction and return it."""
    added = await row(
        connection,
        "insert into corrections (service_point_id, kind, since, until, usage, reason, made_by)"
        " values (%(service_point_id)s, %(kind)s, %(since)s, %(until)s, %(usage)s, %(reason)s,"
        " %(made_by)s) returning *",
        service_point_id=service_point_id,
        kind=kind,
        since=since,
        until=until,
        usage=usage,
        reason=reason,
        made_by=made_by,
    )
    assert added is not None  # noqa: S101 - an insert without conflict returns its row
    return _correction(added)


async def undo(
    connection: Connection, correction_id: int, undone_by: str, because: str
) -> Correction:
    """Mark a correction as undone, as of this transaction, and return it."""
    undone = await row(
        connection,
        "update corrections set undone_at = now(), undone_by = %(undone_by)s,"
        " undone_because = %(because)s where correction_id = %(correction_id)s returning *",
        correction_id=correction_id,
        undone_by=undone_by,
        because=because,
    )
    assert undone is not None  # noqa: S101 - the caller has just read it
    return _correction(undone)


async def one(connection: Connection, correction_id: int) -> Correction | None:
    """Return a correction, undone or not."""
    found = await row(
        connection, "select * from corrections where correction_id = %(id)s", id=correction_id
    )
    return _correction(found) if found else None


async def standing(
    connection: Connection, service_point_ids: Collection[str], since: datetime, until: datetime
) -> list[Correction]:
    """Return the corrections that touch [since, until) and were not undone, oldest first."""
    found = await rows(
        connection,
        "select * from corrections where service_point_id = any(%(ids)s) and undone_at is null"
        " and since < %(until)s and until > %(since)s order by since, correction_id",
        ids=list(service_point_ids),
        since=since,
        until=until,
    )
    return [_correction(fields) for fields in found]


async def page(
    connection: Connection, service_point_id: str, after: int, limit: int
) -> list[Correction]:
    """Return the corrections at a service point, undone ones too, in the order they were made."""
    found = await rows(
        connection,
        "select * from corrections where service_point_id = %(id)s"
        " and correction_id > %(after)s::bigint order by correction_id limit %(limit)s",
        id=service_point_id,
        after=after,
        limit=limit,
    )
    return [_correction(fields) for fields in found]


async def page_of_trail(
    connection: Connection,
    service_point_id: str,
    after: tuple[datetime, int, bool],
    limit: int,
) -> list[DictRow]:
    """Return what was corrected and undone at a service point, by (time, id, undoing)."""
    return await rows(
        connection,
        "select * from (select made_at as said_at, false as undoing, c.*"
        " from corrections c union all select undone_at, true, c.* from corrections c"
        " where undone_at is not null) trail where service_point_id = %(service_point_id)s"
        " and (said_at, correction_id, undoing) > (%(said_at)s, %(correction_id)s::bigint,"
        " %(undoing)s::boolean) order by said_at, correction_id, undoing limit %(limit)s",
        service_point_id=service_point_id,
        said_at=after[0],
        correction_id=after[1],
        undoing=after[2],
        limit=limit,
    )


def _correction(fields: DictRow) -> Correction:
    return Correction(
        **{name: content for name, content in fields.items() if name != "installation_id"}
    )
