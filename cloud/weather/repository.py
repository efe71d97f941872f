# SPDX-License-Identifier: EUPL-1.2
"""The tables weather_places, weather_hours, weather_days, weather_flags and weather_decisions.

Many rows travel by COPY, as columns: ten years of hours are read in a third of a second.
"""

import io
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import polars as pl
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from cloud.kit.database import Connection, row, rows, run
from cloud.weather.models import Coverage, Decision, Flag, Place, Resolution

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


async def coverage(connection: Connection) -> dict[int, list[Coverage]]:
    """Return how much was observed, by place."""
    found: dict[int, list[Coverage]] = {}
    for resolution in Resolution:
        told = await rows(
            connection,
            f"select place_key, min({_STAMP[resolution]})::timestamptz as first,"
            f" max({_STAMP[resolution]})::timestamptz as last, max(known_at) as known_at,"
            f" count(distinct {_STAMP[resolution]}) as rows from {_TABLE[resolution]}"
            " where not is_forecast group by place_key",
        )
        for one in told:
            key = one.pop("place_key")
            found.setdefault(key, []).append(Coverage(resolution=resolution, **one))
    return found


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


async def thin_runs(connection: Connection, thinned: datetime, dropped: datetime) -> int:
    """Drop forecasts of runs before ``dropped``, and before ``thinned`` all but one run a day."""
    gone = 0
    for table in _TABLE.values():
        gone += await run(
            connection,
            f"delete from {table} told where is_forecast and (known_at < %(dropped)s"
            " or (known_at < %(thinned)s and known_at > (select min(known_at)"
            f" from {table} first where first.place_key = told.place_key and is_forecast"
            " and known_at >= date_trunc('day', told.known_at, 'UTC')"
            " and known_at <= told.known_at)))",
            thinned=thinned,
            dropped=dropped,
        )
    return gone


async def put_flags(
    connection: Connection,
    place_key: int,
    resolution: Resolution,
    flags: Sequence[Flag],
    checked_at: datetime,
) -> None:
    """Put what a check found in the place of what the last one did."""
    await run(
        connection,
        "delete from weather_flags where place_key = %(place_key)s and resolution = %(of)s",
        place_key=place_key,
        of=resolution,
    )
    for flag in flags:
        await run(
            connection,
            "insert into weather_flags (place_key, resolution, rule, column_name, since, until,"
            " explanation, evidence, checked_at) values (%(place_key)s, %(of)s, %(rule)s,"
            " %(column)s, %(since)s, %(until)s, %(explanation)s, %(evidence)s, %(checked_at)s)",
            place_key=place_key,
            of=resolution,
            rule=flag.rule,
            column=flag.column,
            since=flag.since,
            until=flag.until,
            explanation=flag.explanation,
            evidence=Jsonb(dict(flag.evidence)),
            checked_at=checked_at,
        )


async def flags(
    connection: Connection, place_key: int, resolution: Resolution, since: datetime, until: datetime
) -> list[Flag]:
    """Return what the last check found in [since, until)."""
    found = await rows(
        connection,
        "select rule, column_name as column, since, until, explanation, evidence"
        " from weather_flags where place_key = %(place_key)s and resolution = %(of)s"
        " and since < %(until)s and until > %(since)s order by since, flag_id",
        place_key=place_key,
        of=resolution,
        since=since,
        until=until,
    )
    return [Flag(**one) for one in found]


async def decide(
    connection: Connection, place_key: int, decision: Decision, decided_by: str
) -> int:
    """Record a decision and return its id."""
    added = await row(
        connection,
        "insert into weather_decisions (place_key, resolution, column_name, kind, steps, since,"
        " until, reason, decided_by, decided_at) values (%(place_key)s, %(resolution)s, %(column)s,"
        " %(kind)s, %(steps)s, %(since)s, %(until)s, %(reason)s, %(decided_by)s, %(decided_at)s)"
        " returning decision_id",
        place_key=place_key,
        decided_by=decided_by,
        **{
            name: told
            for name, told in asdict(decision).items()
            if name not in ("decision_id", "withdrawn_at")
        },
    )
    assert added is not None  # noqa: S101 - an insert returns its row
    return int(added["decision_id"])


async def withdraw(
    connection: Connection, decision_id: int, withdrawn_by: str, at: datetime
) -> bool:
    """Note that a decision doesn't count any more; tell whether it did."""
    changed = await run(
        connection,
        "update weather_decisions set withdrawn_by = %(by)s, withdrawn_at = %(at)s"
        " where decision_id = %(decision_id)s and withdrawn_at is null",
        decision_id=decision_id,
        by=withdrawn_by,
        at=at,
    )
    return changed > 0


async def decisions(
    connection: Connection, place_keys: Collection[int], known_at: datetime | None
) -> dict[int, list[Decision]]:
    """Return the decisions that counted at ``known_at`` (now for None), in order, by place."""
    found = await rows(
        connection,
        "select decision_id, place_key, resolution, column_name as column, kind, steps, since,"
        " until, reason, decided_at, withdrawn_at from seen.weather_decisions"
        " where place_key = any(%(keys)s::int[])"
        " and decided_at <= coalesce(%(known_at)s, 'infinity'::timestamptz)"
        " and coalesce(withdrawn_at, 'infinity')"
        " > coalesce(%(known_at)s, '-infinity'::timestamptz)"
        " and (%(known_at)s::timestamptz is not null or withdrawn_at is null)"
        " order by decision_id",
        keys=list(place_keys),
        known_at=known_at,
    )
    by_place: dict[int, list[Decision]] = {}
    for one in found:
        by_place.setdefault(one.pop("place_key"), []).append(_decision(one))
    return by_place


def _decision(fields: DictRow) -> Decision:
    return Decision(**{**fields, "resolution": Resolution(fields["resolution"])})


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
    if not text:
        table = pl.DataFrame(schema=schema)
    else:
        table = pl.read_csv(io.BytesIO(bytes(text)), has_header=False, schema=schema)
    return table.with_columns(pl.col("at", "known_at").cast(_MICROSECONDS))
