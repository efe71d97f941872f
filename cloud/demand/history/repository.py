# SPDX-License-Identifier: EUPL-1.2
"""The tables demand_series, demand_imports and demand_usage."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.types.json import Jsonb

from cloud.demand.history.models import Resolution, Series, Told
from cloud.demand.series import Floats, Ints
from cloud.kit.database import Connection, row, rows, run
from cloud.kit.errors import InvalidRequestError, UnknownReferenceError

FIELDS = (
    *("series_id", "name_bg", "name_en", "utility", "level", "unit", "origin", "supplier_id"),
    *("premises_id", "service_point_id", "district", "place_id", "source", "licence"),
    "expected_every_h",
)
FIXED = (
    *("series_id", "utility", "level", "unit", "origin"),
    *("premises_id", "service_point_id", "district"),
)
_COLUMNS = ", ".join(FIELDS)
# An array as PostgreSQL sends it: dimensions, whether it has nulls, its elements' type, its one
# dimension's length and lower bound; then each element with its length before.
# Source: PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_send.
_ARRAY_HEADER_BYTES = 20
_INT8 = np.dtype([("bytes", ">i4"), ("content", ">i8")])
_FLOAT8 = np.dtype([("bytes", ">i4"), ("content", ">f8")])
# A binary copy: signature, flags and no extension; each row its number of columns, then each with
# its length before; at last -1. Source: PostgreSQL's manual, COPY, "Binary Format".
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TRAILER = b"\xff\xff"
_COPY_ROW = np.dtype(
    [
        *(("columns", ">i2"), ("import_bytes", ">i4"), ("import_id", ">i4")),
        *(("start_bytes", ">i4"), ("start_us", ">i8"), ("usage_bytes", ">i4"), ("usage", ">f8")),
    ]
)
_EPOCH_S = 946_684_800  # PostgreSQL counts from 2000-01-01


async def all_series(
    connection: Connection, series_ids: Collection[str] | None = None
) -> list[Series]:
    """Return these series, or all for None, by id."""
    found = await rows(
        connection,
        f"select {_COLUMNS}, coverage from demand_series"  # noqa: S608 - names of columns
        " where %(all)s or series_id = any(%(ids)s) order by series_id",
        all=series_ids is None,
        ids=list(series_ids or ()),
    )
    return [Series(**fields) for fields in found]


async def of_premises(connection: Connection, premises_id: str) -> list[Series]:
    """Return the series of a building and of its service points, by id."""
    found = await rows(
        connection,
        f"select {_COLUMNS}, coverage from demand_series"  # noqa: S608 - names of columns
        " where premises_id = %(premises_id)s order by series_id",
        premises_id=premises_id,
    )
    return [Series(**fields) for fields in found]


async def put_series(connection: Connection, series: Series, by: str, at: datetime) -> None:
    """Add a series, or change what may change of it; what it refers to must exist."""
    values = ", ".join(f"%({name})s" for name in FIELDS)
    changes = ", ".join(f"{name} = excluded.{name}" for name in FIELDS if name not in FIXED)
    try:
        await run(
            connection,
            f"insert into demand_series ({_COLUMNS}, made_by, made_at)"  # noqa: S608 - columns
            f" values ({values}, %(by)s, %(at)s) on conflict (series_id) do update set {changes}",
            **{name: getattr(series, name) for name in FIELDS},
            by=by,
            at=at,
        )
    except ForeignKeyViolation as error:
        for kind, name in (
            ("supplier", series.supplier_id),
            ("premises", series.premises_id),
            ("service_point", series.service_point_id),
            ("place", series.place_id),
        ):
            if kind in str(error.diag.constraint_name):
                raise UnknownReferenceError(kind.replace("_", " "), str(name)) from error
        raise
    except UniqueViolation as error:
        raise InvalidRequestError(
            f"What {series.service_point_id or series.series_id} uses of {series.utility} is summed"
            " by another series already; ask for that one."
        ) from error


async def delete_series(connection: Connection, series_id: str) -> None:
    """Delete a series and all that was brought for it."""
    await run(connection, "delete from demand_series where series_id = %(id)s", id=series_id)


async def put_coverage(connection: Connection, series_id: str, coverage: dict[str, Any]) -> None:
    """Keep what is known of a series' use."""
    await run(
        connection,
        "update demand_series set coverage = %(coverage)s where series_id = %(id)s",
        id=series_id,
        coverage=Jsonb(coverage),
    )


async def told(
    connection: Connection,
    series_ids: Collection[str],
    resolution: Resolution,
    since: datetime,
    until: datetime,
    known_at: datetime | None,
) -> list[Told]:
    """Return what was told of the intervals that start in [since, until), the latest word last.

    Only by imports up to ``known_at``, if that is told.
    """
    found = await rows(
        connection,
        "select series_id, import_id,"
        " array_send(array_agg(extract(epoch from interval_start)::bigint)) as starts,"
        " array_send(array_agg(usage)) as amounts"
        " from demand_imports join demand_usage using (import_id)"
        " where series_id = any(%(ids)s) and resolution = %(resolution)s"
        " and (%(known_at)s::timestamptz is null or imported_at <= %(known_at)s)"
        " and interval_start >= %(since)s and interval_start < %(until)s"
        " group by 1, 2 order by import_id",
        ids=list(series_ids),
        resolution=resolution,
        since=since,
        until=until,
        known_at=known_at,
    )
    return [
        Told(
            series_id=one["series_id"],
            import_id=one["import_id"],
            resolution=resolution,
            start_s=_array(one["starts"], _INT8).astype(np.int64),
            amounts=_array(one["amounts"], _FLOAT8).astype(np.float64),
        )
        for one in found
    ]


def _array(sent: bytes, element: np.dtype[Any]) -> Any:
    return np.frombuffer(sent[_ARRAY_HEADER_BYTES:], element)["content"]


async def add_import(connection: Connection, **fields: Any) -> int:
    """Add an import and return its id; its use is copied in by ``copy_usage``."""
    added = await row(
        connection,
        "insert into demand_imports (series_id, resolution, imported_by, imported_at, file_sha256,"
        " file_unit, rows, stored, findings) values (%(series_id)s, %(resolution)s,"
        " %(imported_by)s, %(imported_at)s, %(file_sha256)s, %(file_unit)s, %(rows)s, %(stored)s,"
        " %(findings)s) returning import_id",
        **{**fields, "findings": Jsonb(fields["findings"])},
    )
    assert added is not None  # noqa: S101 - an insert returns its row
    return int(added["import_id"])


async def copy_usage(
    connection: Connection, import_id: int, start_s: Ints, amounts: Floats
) -> None:
    """Copy in what an import tells."""
    table = np.zeros(len(start_s), _COPY_ROW)
    table["columns"], table["import_bytes"], table["import_id"] = 3, 4, import_id
    table["start_bytes"], table["start_us"] = 8, (start_s - _EPOCH_S) * 1_000_000
    table["usage_bytes"], table["usage"] = 8, amounts
    async with (
        connection.cursor() as cursor,
        cursor.copy(
            b"copy demand_usage (import_id, interval_start, usage) from stdin (format binary)"
        ) as copy,
    ):
        await copy.write(_COPY_HEADER)
        await copy.write(table.tobytes())
        await copy.write(_COPY_TRAILER)


async def newest_findings(
    connection: Connection, series_ids: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return what is odd about what was brought last for each of these series that has any."""
    found = await rows(
        connection,
        "select distinct on (series_id) series_id, findings from demand_imports"
        " where series_id = any(%(ids)s) order by series_id, import_id desc",
        ids=list(series_ids),
    )
    return {one["series_id"]: one["findings"] for one in found}


async def last_import(connection: Connection, series_id: str) -> int:
    """Return the id of what was brought last for a series, 0 for nothing."""
    found = await row(
        connection,
        "select coalesce(max(import_id), 0) as last from demand_imports"
        " where series_id = %(series_id)s",
        series_id=series_id,
    )
    return int(found["last"]) if found else 0


async def span(connection: Connection, series_id: str) -> tuple[datetime, datetime] | None:
    """Return the start of the first and of the last hour that was brought for a series."""
    found = await row(
        connection,
        "select min(interval_start) as first, max(interval_start) as last from demand_imports"
        " join demand_usage using (import_id)"
        " where series_id = %(id)s and resolution = 'hour'",
        id=series_id,
    )
    return (found["first"], found["last"]) if found and found["first"] else None
