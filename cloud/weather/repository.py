# SPDX-License-Identifier: EUPL-1.2
"""The tables weather_places, weather_hours and weather_days.

Many rows travel by COPY, as columns: ten years of hours are read in a third of a second.
"""

import asyncio
import io
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from cloud.kit.database import Connection, row, rows, run
from cloud.weather.models import Extent, Place, Resolution

# ruff: noqa: S608 - the only texts put in are names of our tables and columns

_TABLE = {Resolution.HOUR: "weather_hours", Resolution.DAY: "weather_days"}
_STAMP = {Resolution.HOUR: "interval_start", Resolution.DAY: "day"}
# A step's start in µs since 1970; a day is its midnight in UTC.
_AT = {
    Resolution.HOUR: "(extract(epoch from interval_start) * 1000000)::bigint",
    Resolution.DAY: "(day - date '1970-01-01')::bigint * 86400000000",
}
_SPAN = {
    Resolution.HOUR: "interval_start >= %(since)s and interval_start < %(until)s",
    Resolution.DAY: "day >= (%(since)s::timestamptz at time zone 'utc')::date"
    " and day < (%(until)s::timestamptz at time zone 'utc')::date",
}
_KNOWN_AT = "(extract(epoch from known_at) * 1000000)::bigint"
_MICROSECONDS = pl.Datetime("us", "UTC")


async def places(connection: Connection) -> list[Place]:
    """Return all places, by id."""
    found = await rows(connection, "select * from weather_places order by place_id")
    return [Place(**one) for one in found]


async def place(connection: Connection, place_id: str) -> Place | None:
    """Return a place, or None."""
    found = await row(
        connection, "select * from weather_places where place_id = %(place_id)s", place_id=place_id
    )
    return Place(**found) if found else None


async def put_place(connection: Connection, place: Place) -> None:
    """Add a place, or change what is said of it."""
    fields = {name: told for name, told in asdict(place).items() if name != "place_key"}
    names = ", ".join(fields)
    changes = ", ".join(f"{name} = excluded.{name}" for name in fields if name != "place_id")
    await run(
        connection,
        f"insert into weather_places ({names}) values"
        f" ({', '.join(f'%({name})s' for name in fields)})"
        f" on conflict (place_id) do update set {changes}",
        **fields,
    )


async def observed(
    connection: Connection,
    place_key: int,
    resolution: Resolution,
    since: datetime,
    until: datetime,
    known_at: datetime | None,
) -> pl.DataFrame:
    """Return what was told of steps that begin in [since, until), known by ``known_at``.

    ``at``, ``known_at`` and the columns, in order of both: of each column the last that isn't null
    is what was known.
    """
    return await _copied(
        connection,
        resolution,
        f"select {_AT[resolution]} as at, {_KNOWN_AT} as known_at, {_columns(resolution)}"
        f" from {_TABLE[resolution]} told where place_key = %(place_key)s and not is_forecast"
        f" and {_SPAN[resolution]}"
        " and told.known_at <= coalesce(%(known_at)s, 'infinity'::timestamptz)"
        f" order by {_STAMP[resolution]}, told.known_at",
        place_key=place_key,
        since=since,
        until=until,
        known_at=known_at,
    )


async def forecast(
    connection: Connection,
    place_key: int,
    resolution: Resolution,
    since: datetime,
    until: datetime,
    known_at: datetime | None,
) -> pl.DataFrame:
    """Return for each step in [since, until) what the last run by ``known_at`` told of it."""
    stamp = _STAMP[resolution]
    return await _copied(
        connection,
        resolution,
        f"select distinct on ({stamp}) {_AT[resolution]} as at, {_KNOWN_AT} as known_at,"
        f" {_columns(resolution)} from {_TABLE[resolution]} told"
        f" where place_key = %(place_key)s and is_forecast and {_SPAN[resolution]}"
        " and told.known_at <= coalesce(%(known_at)s, 'infinity'::timestamptz)"
        f" order by {stamp}, told.known_at desc",
        place_key=place_key,
        since=since,
        until=until,
        known_at=known_at,
    )


async def spans(
    connection: Connection, place_key: int, resolution: Resolution
) -> dict[str, tuple[int, int]]:
    """Return when each column's first and last observed steps begin, in µs since 1970."""
    at = _AT[resolution]
    told = ", ".join(
        f"min({at}) filter (where {name} is not null) as first_{name},"
        f" max({at}) filter (where {name} is not null) as last_{name}"
        for name in resolution.columns
    )
    found = await row(
        connection,
        f"select {told} from {_TABLE[resolution]}"
        " where place_key = %(place_key)s and not is_forecast",
        place_key=place_key,
    )
    assert found is not None  # noqa: S101 - an aggregate without groups is one row
    return {
        name: (found[f"first_{name}"], found[f"last_{name}"])
        for name in resolution.columns
        if found[f"first_{name}"] is not None
    }


async def extents(connection: Connection) -> dict[int, list[Extent]]:
    """Return from when to when was observed, by place; the index alone is asked."""
    found: dict[int, list[Extent]] = {}
    for resolution in Resolution:
        table, stamp = _TABLE[resolution], _STAMP[resolution]
        of_place = f"from {table} told where told.place_key = place.place_key and not is_forecast"
        told = await rows(
            connection,
            f"select place_key, first, last, known_at from weather_places place"
            f" cross join lateral (select {stamp} as first {of_place} order by {stamp} limit 1) one"
            f" cross join lateral (select {stamp} as last, known_at {of_place}"
            f" order by {stamp} desc, known_at desc limit 1) other",
        )
        for one in told:
            found.setdefault(one["place_key"], []).append(
                Extent(
                    resolution=resolution,
                    first=_instant(one["first"]),
                    last=_instant(one["last"]),
                    known_at=one["known_at"],
                )
            )
    return found


async def counts(connection: Connection, place_key: int, resolution: Resolution) -> dict[str, int]:
    """Return of how many steps each column was observed."""
    stamp = _STAMP[resolution]
    found = await row(
        connection,
        "select "
        + ", ".join(
            f"count(distinct {stamp}) filter (where {name} is not null) as {name}"
            for name in resolution.columns
        )
        + f" from {_TABLE[resolution]} where place_key = %(place_key)s and not is_forecast",
        place_key=place_key,
    )
    return {name: count for name, count in (found or {}).items() if count}


def _instant(stamp: date) -> datetime:
    """Return when a step begins; a day at its midnight in UTC."""
    if isinstance(stamp, datetime):
        return stamp
    return datetime(stamp.year, stamp.month, stamp.day, tzinfo=UTC)


async def write(
    connection: Connection,
    place_key: int,
    resolution: Resolution,
    told: pl.DataFrame,
    *,
    is_forecast: bool,
) -> int:
    """Add rows of ``at``, ``known_at`` and columns; return how many said something new.

    A row of the same instant stays as it is; columns that it doesn't tell are added to it.
    """
    table, stamp = _TABLE[resolution], _STAMP[resolution]
    names = [name for name in resolution.columns if name in told.columns]
    await run(connection, f"create temporary table told (like {table}) on commit drop")
    shape = "%Y-%m-%d" if resolution is Resolution.DAY else "%Y-%m-%d %H:%M:%SZ"
    text = told.select(
        pl.lit(place_key).alias("place_key"),
        pl.col("at").dt.strftime(shape),
        pl.lit(is_forecast).alias("is_forecast"),
        pl.col("known_at").dt.strftime("%Y-%m-%d %H:%M:%S%.6fZ"),
        *names,
    ).write_csv(include_header=False)
    columns = ", ".join(["place_key", stamp, "is_forecast", "known_at", *names])
    async with (
        connection.cursor() as cursor,
        cursor.copy(f"copy told ({columns}) from stdin (format csv)".encode()) as copy,
    ):
        await copy.write(text.encode())
    added = ", ".join(f"{name} = coalesce(standing.{name}, excluded.{name})" for name in names)
    is_new = " or ".join(
        f"(standing.{name} is null and excluded.{name} is not null)" for name in names
    )
    changed = await run(
        connection,
        f"insert into {table} as standing ({columns}) select {columns} from told"
        f" on conflict (place_key, is_forecast, {stamp}, known_at)"
        f" do update set {added} where {is_new}",
    )
    await run(connection, "drop table told")
    return changed


async def thin_runs(
    connection: Connection, since: datetime, thinned: datetime, dropped: datetime
) -> int:
    """Drop forecasts of runs before ``dropped``; of [since, thinned) keep each day's first run.

    ``since`` is a midnight of UTC.
    """
    gone = 0
    for table in _TABLE.values():
        gone += await run(
            connection,
            f"delete from {table} where is_forecast and known_at < %(dropped)s",
            dropped=dropped,
        )
        gone += await run(
            connection,
            f"with runs as (select distinct place_key, known_at from {table}"
            " where is_forecast and known_at >= %(since)s and known_at < %(thinned)s),"
            " kept as (select place_key, min(known_at) as known_at from runs"
            " group by place_key, date_trunc('day', known_at, 'UTC'))"
            f" delete from {table} told using runs where told.is_forecast"
            " and told.known_at = runs.known_at and told.place_key = runs.place_key"
            " and (runs.place_key, runs.known_at) not in (select place_key, known_at from kept)",
            since=since,
            thinned=thinned,
        )
    return gone


def _columns(resolution: Resolution) -> str:
    return ", ".join(resolution.columns)


async def _copied(
    connection: Connection, resolution: Resolution, query: str, **parameters: Any
) -> pl.DataFrame:
    """Return the rows of ``query`` as a table."""
    text = bytearray()
    async with (
        connection.cursor() as cursor,
        cursor.copy(f"copy ({query}) to stdout (format csv)".encode(), parameters) as copy,
    ):
        async for part in copy:
            text += part
    schema: dict[str, Any] = {"at": pl.Int64, "known_at": pl.Int64}
    schema |= dict.fromkeys(resolution.columns, pl.Float64)
    return await asyncio.to_thread(_parsed, bytes(text), schema)


def _parsed(text: bytes, schema: dict[str, Any]) -> pl.DataFrame:
    if not text:
        table = pl.DataFrame(schema=schema)
    else:
        table = pl.read_csv(io.BytesIO(text), has_header=False, schema=schema)
    return table.with_columns(pl.col("at", "known_at").cast(_MICROSECONDS))
