# SPDX-License-Identifier: EUPL-1.2
"""The table forecast_runs: what was forecast of each series, as it was issued."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from cloud.demand.series import Floats
from cloud.kit.database import Connection, row, rows, run

# ruff: noqa: S608 - names of columns are put into queries, nothing else


@dataclass(frozen=True, kw_only=True)
class Run:
    """A forecast of one series, and what was known when it was made.

    Attributes:
        issued_at: where it begins; ``known_at``: nothing that became known later is in it.
        model_version: None where there was no model.
        fallback_reason: why it is the naive model's; None: it is the model's.
        usage_until: the end of the newest hour of use that was known, None for none.
        weather_known_at: when the newest weather in it became known, None for not told.
        weather_forecast_share, weather_climatology_share: of the hours ahead, the rest unknown.
        quantiles: (hours, levels) from ``issued_at`` on.
        first_day: the first whole local day ahead; None where days have no ranges.
        sums, peaks: (days, levels) from ``first_day`` on; a peak is that of a day's highest hour.
    """

    run_id: int = 0
    series_id: str
    issued_at: datetime
    known_at: datetime
    made_at: datetime
    model_version: str | None
    fallback_reason: str | None
    usage_until: datetime | None
    weather_known_at: datetime | None
    weather_forecast_share: float
    weather_climatology_share: float
    quantiles: Floats
    first_day: date | None
    sums: Floats | None
    peaks: Floats | None


_PLAIN = (
    *("run_id", "series_id", "issued_at", "known_at", "made_at", "model_version"),
    *("fallback_reason", "usage_until", "weather_known_at", "weather_forecast_share"),
    *("weather_climatology_share", "first_day"),
)
_NAMES = ("p05", "p50", "p95")
_ARRAYS = {"quantiles": "", "sums": "sum_", "peaks": "peak_"}
_COLUMNS = ", ".join(
    [*_PLAIN, *(f"{prefix}{name}" for prefix in _ARRAYS.values() for name in _NAMES)]
)


async def add(connection: Connection, told: Sequence[Run]) -> int:
    """Add forecasts, and return how many; a series has one of each ``issued_at``, the first."""
    columns = _COLUMNS.removeprefix("run_id, ")
    values = ", ".join(f"%({name})s" for name in columns.split(", "))
    query = (
        f"insert into forecast_runs ({columns}) values ({values})"
        " on conflict (series_id, issued_at) do nothing"
    )
    async with connection.cursor() as cursor:
        await cursor.executemany(query.encode(), [_fields(one) for one in told])
        return max(0, cursor.rowcount)


async def newest(connection: Connection, series_id: str, issued_before: datetime) -> Run | None:
    """Return the newest forecast of a series that was issued up to then, or None."""
    found = await row(
        connection,
        f"select {_COLUMNS} from forecast_runs where series_id = %(series_id)s"
        " and issued_at <= %(until)s order by issued_at desc limit 1",
        series_id=series_id,
        until=issued_before,
    )
    return _run(found) if found else None


async def newest_at(
    connection: Connection, series_id: str, cuts: Sequence[datetime]
) -> dict[datetime, Run]:
    """Return the newest forecast of a series that was issued up to each of these instants.

    By that instant; there is none of those before the first forecast.
    """
    found = await rows(
        connection,
        f"select cut, told.* from unnest(%(cuts)s::timestamptz[]) as asked (cut)"
        f" cross join lateral (select {_COLUMNS} from forecast_runs"
        " where series_id = %(series_id)s and issued_at <= cut"
        " order by issued_at desc limit 1) as told",
        series_id=series_id,
        cuts=list(cuts),
    )
    return {one["cut"]: _run(one) for one in found}


async def issued(
    connection: Connection, series_ids: Collection[str], since: datetime, until: datetime
) -> list[Run]:
    """Return the forecasts of these series issued in [since, until), in order of both."""
    found = await rows(
        connection,
        f"select {_COLUMNS} from forecast_runs where series_id = any(%(ids)s)"
        " and issued_at >= %(since)s and issued_at < %(until)s order by series_id, issued_at",
        ids=list(series_ids),
        since=since,
        until=until,
    )
    return [_run(one) for one in found]


async def issued_at(
    connection: Connection, series_id: str, before: datetime | None, limit: int
) -> list[datetime]:
    """Return when forecasts of a series were issued, the newest first."""
    found = await rows(
        connection,
        "select issued_at from forecast_runs where series_id = %(series_id)s"
        " and (%(before)s::timestamptz is null or issued_at < %(before)s)"
        " order by issued_at desc limit %(limit)s",
        series_id=series_id,
        before=before,
        limit=limit,
    )
    return [one["issued_at"] for one in found]


async def last_issued(connection: Connection, series_ids: Collection[str]) -> datetime | None:
    """Return when any of these series was forecast last, None for never."""
    found = await row(
        connection,
        "select max(issued_at) as at from forecast_runs where series_id = any(%(ids)s)",
        ids=list(series_ids),
    )
    return found["at"] if found else None


async def thin(connection: Connection, all_since: datetime, any_since: datetime) -> int:
    """Drop old forecasts and return how many went.

    Of those before ``all_since`` one a day stays, the first; of those before ``any_since`` none.
    """
    return await run(
        connection,
        "delete from forecast_runs using (select run_id, row_number() over (partition by series_id,"
        " (issued_at at time zone 'Europe/Sofia')::date order by issued_at) as place"
        " from forecast_runs where issued_at < %(all_since)s) as placed"
        " where placed.run_id = forecast_runs.run_id"
        " and (place > 1 or issued_at < %(any_since)s)",
        all_since=all_since,
        any_since=any_since,
    )


def _fields(one: Run) -> dict[str, object]:
    fields: dict[str, object] = {name: getattr(one, name) for name in _PLAIN if name != "run_id"}
    for attribute, prefix in _ARRAYS.items():
        told: Floats | None = getattr(one, attribute)
        for level, name in enumerate(_NAMES):
            fields[prefix + name] = None if told is None else _array(told[:, level])
    return fields


def _array(told: Floats) -> list[float]:
    """Return single floats as an array that the driver sends; NaN is a number to PostgreSQL."""
    rounded: list[float] = told.astype(np.float32).tolist()
    return rounded


def _run(found: dict[str, object]) -> Run:
    fields = {name: found[name] for name in _PLAIN}
    for attribute, prefix in _ARRAYS.items():
        columns = [found[prefix + name] for name in _NAMES]
        fields[attribute] = (
            None if columns[0] is None else np.array(columns, dtype=np.float64).T.copy()
        )
    return Run(**fields)  # type: ignore[arg-type]
