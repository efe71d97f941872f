# SPDX-License-Identifier: EUPL-1.2
"""CSV or Parquet with our own columns: ``interval_start`` (hours) or ``day``, and any others.

``interval_start`` carries an offset or is UTC. ``known_at``, if there, says when a row was known:
with it a file may hold a value and its corrections. ``is_forecast``, if there, is true of
forecasts, whose ``known_at`` is the run's.
"""

import polars as pl

from cloud.weather.models import Resolution
from cloud.weather.sources.told import Given, Told, UnreadableWeatherError, needed, number

_HOUR_US = 3_600_000_000
_TRUE = ("true", "1", "t", "yes")


def read(given: Given) -> list[Told]:
    """Return what the file tells; forecasts apart from observations."""
    table = given.table()
    resolution = Resolution.HOUR if "interval_start" in table.columns else Resolution.DAY
    stamp = "interval_start" if resolution is Resolution.HOUR else "day"
    needed(table, [stamp], given.name)
    at = _times(table[stamp], f"{given.name}: {stamp}")
    if resolution is Resolution.HOUR and (at.dt.epoch("us") % _HOUR_US != 0).any():
        raise UnreadableWeatherError(f"{given.name}: interval_start isn't a whole hour everywhere.")
    rows = {
        name: number(table, name, given.name)
        for name in resolution.columns
        if name in table.columns
    }
    if not rows:
        known = ", ".join(resolution.columns)
        raise UnreadableWeatherError(f"{given.name} tells nothing that is known here: {known}.")
    told = pl.DataFrame({"at": at, **rows})
    if "known_at" in table.columns:
        known_at = _times(table["known_at"], f"{given.name}: known_at")
        told = told.with_columns(known_at.alias("known_at"))
    if "is_forecast" not in table.columns:
        return [Told(resolution=resolution, rows=told)]
    texts = table["is_forecast"].cast(pl.String).str.to_lowercase()
    is_forecast = texts.is_in(_TRUE).fill_null(value=False)
    parts = ((False, told.filter(~is_forecast)), (True, told.filter(is_forecast)))
    return [
        Told(resolution=resolution, rows=part, is_forecast=is_one)
        for is_one, part in parts
        if len(part)
    ]


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
            f"{where} in row {row + 1} is {stamps[row]!r}; write 2026-01-31 or 2026-01-31T00:00Z."
        )
    return times


def _parsed(texts: pl.Series) -> pl.Series:
    """Return texts as UTC: with an offset, without one, or a day alone."""
    parts = pl.DataFrame({"text": texts.str.strip_chars().str.replace("T", " ")}).select(
        pl.col("text").str.extract(r"^(\d{4}-\d\d-\d\d)").alias("day"),
        pl.col("text").str.extract(r"^\S+ (\d\d:\d\d)").fill_null("00:00").alias("clock"),
        pl.col("text").str.extract(r"^\S+ \d\d:\d\d:(\d\d)").fill_null("00").alias("second"),
        pl.col("text").str.extract(r"\d\d:\d\d\S*?([+-])\d\d:?\d\d$").alias("sign"),
        pl.col("text").str.extract(r"[+-](\d\d):?\d\d$").cast(pl.Int64).alias("hours"),
        pl.col("text").str.extract(r"[+-]\d\d:?(\d\d)$").cast(pl.Int64).alias("minutes"),
    )
    offset_min = (
        pl.when(pl.col("sign").is_null())
        .then(0)
        .otherwise(
            (pl.col("hours") * 60 + pl.col("minutes"))
            * pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
        )
    )
    local = pl.concat_str("day", pl.lit(" "), "clock", pl.lit(":"), "second")
    naive = local.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    return parts.select(
        (naive - pl.duration(minutes=offset_min)).dt.replace_time_zone("UTC").alias("at")
    )["at"]
