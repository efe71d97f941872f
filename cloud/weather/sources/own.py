# SPDX-License-Identifier: EUPL-1.2
"""CSV or Parquet with our own columns: ``interval_start`` (hours) or ``day``, and any others.

``interval_start`` carries an offset (``+02:00``, ``Z``) or is UTC; a zone by its name is refused,
as is a number that no weather is. ``known_at``, if there, says when a row was known: with it a file
may hold a value and its corrections. ``is_forecast``, if there, is true of forecasts, whose
``known_at`` is the run's. Other columns are counted as not known.
"""

import polars as pl

from cloud.weather.models import Resolution
from cloud.weather.sources.told import Given, Told, UnreadableWeatherError, number

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
# A day, perhaps a clock, perhaps an offset; and nothing else, for what isn't understood isn't UTC.
_STAMP = (
    r"^(?<day>\d{4}-\d\d-\d\d)"
    r"(?:[ Tt](?<clock>\d\d:\d\d)(?::(?<second>\d\d)(?:\.\d*)?)?"
    r" ?(?:[Zz]|UTC|(?<sign>[+-])(?<hours>\d\d)(?::?(?<minutes>\d\d))?)?)?$"
)
_MOST_AHEAD_MIN = 14 * 60  # Kiritimati; nobody is further from UTC
# More than the pressure in pascal has before its point would be of another thing; 9999 and 99999
# stand for "unknown" in old files.
_ABSURD = 9999.0
_TRUE = ("true", "1", "t", "yes")


def read(given: Given) -> list[Told]:
    """Return what the file tells; forecasts apart from observations."""
    table = given.table()
    resolution = Resolution.HOUR if "interval_start" in table.columns else Resolution.DAY
    stamp = "interval_start" if resolution is Resolution.HOUR else "day"
    if stamp not in table.columns:
        had = ", ".join(table.columns[:20])
        raise UnreadableWeatherError(
            f"{given.name} has no column interval_start (hours) or day (days); it has {had}."
        )
    if not len(table):
        raise UnreadableWeatherError(f"{given.name} holds no row below its header.")
    at = _times(table[stamp], f"{given.name}: {stamp}")
    _whole(at, table[stamp], resolution, f"{given.name}: {stamp}")
    rows = {
        name: _weather(number(table, name, given.name), name, given.name)
        for name in resolution.columns
        if name in table.columns
    }
    if not rows:
        known = ", ".join(resolution.columns)
        raise UnreadableWeatherError(f"{given.name} tells nothing that is known here: {known}.")
    told = pl.DataFrame({"at": at, **rows})
    meant = {*rows, stamp, "known_at", "is_forecast"}
    notes = {
        f"column {name} is not known here": len(table)
        for name in table.columns
        if name not in meant
    }
    if "known_at" in table.columns:
        known_at = _times(table["known_at"], f"{given.name}: known_at")
        told = told.with_columns(known_at.alias("known_at"))
    if "is_forecast" not in table.columns:
        return [Told(resolution=resolution, rows=told, notes=notes)]
    texts = table["is_forecast"].cast(pl.String).str.to_lowercase()
    is_forecast = texts.is_in(_TRUE).fill_null(value=False)
    parts = ((False, told.filter(~is_forecast)), (True, told.filter(is_forecast)))
    return [
        Told(resolution=resolution, rows=part, is_forecast=is_one, notes=notes)
        for is_one, part in parts
        if len(part)
    ]


def _whole(at: pl.Series, stamps: pl.Series, resolution: Resolution, where: str) -> None:
    """Raise UnreadableWeatherError at what doesn't begin with its hour or day."""
    step_us = _HOUR_US if resolution is Resolution.HOUR else _DAY_US
    off = at.dt.epoch("us") % step_us != 0
    if off.any():
        row = int(off.arg_true()[0])
        what = "a whole hour" if resolution is Resolution.HOUR else "a day; write it as 2026-01-31"
        raise UnreadableWeatherError(f"{where} in row {row + 1} is {stamps[row]!r}, not {what}.")


def _weather(numbers: pl.Series, name: str, where: str) -> pl.Series:
    """Return numbers that may be weather in some unit; what may be wrong is for the checks."""
    absurd = numbers.abs() >= _ABSURD
    if absurd.any():
        row = int(absurd.arg_true()[0])
        raise UnreadableWeatherError(
            f"{where}: {name} in row {row + 1} is {numbers[row]:g}, which no weather is; leave it"
            " empty where it is unknown."
        )
    return numbers


def _times(stamps: pl.Series, where: str) -> pl.Series:
    """Return stamps as UTC."""
    if stamps.dtype == pl.Date:
        stamps = stamps.cast(pl.Datetime("us"))
    if isinstance(stamps.dtype, pl.Datetime):
        stamps = stamps.cast(pl.Datetime("us", stamps.dtype.time_zone))
        if stamps.dtype.time_zone is None:  # type: ignore[attr-defined]
            stamps = stamps.dt.replace_time_zone("UTC")
        times = stamps.dt.convert_time_zone("UTC")
    else:
        times = _parsed(stamps.cast(pl.String))
    if times.null_count():
        row = int(times.is_null().arg_true()[0])
        raise UnreadableWeatherError(
            f"{where} in row {row + 1} is {stamps[row]!r}; write 2026-01-31 for days, and for hours"
            " 2026-01-31T05:00Z or 2026-01-31T07:00+02:00."
        )
    return times


def _parsed(texts: pl.Series) -> pl.Series:
    """Return texts as UTC: with an offset, without one, or a day alone; null for anything else."""
    parts = (
        pl.DataFrame({"text": texts.str.strip_chars()})
        .select(pl.col("text").str.extract_groups(_STAMP))
        .unnest("text")
    )
    ahead_min = pl.col("hours").cast(pl.Int64) * 60 + pl.col("minutes").fill_null("00").cast(
        pl.Int64
    )
    offset_min = (
        pl.when(pl.col("sign").is_null())
        .then(0)
        .when(ahead_min <= _MOST_AHEAD_MIN)
        .then(ahead_min * pl.when(pl.col("sign") == "-").then(-1).otherwise(1))
    )
    local = pl.concat_str(
        "day",
        pl.lit(" "),
        pl.col("clock").fill_null("00:00"),
        pl.lit(":"),
        pl.col("second").fill_null("00"),
    )
    naive = local.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    return parts.select(
        (naive - pl.duration(minutes=offset_min)).dt.replace_time_zone("UTC").alias("at")
    )["at"]
