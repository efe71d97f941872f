# SPDX-License-Identifier: EUPL-1.2
"""Meteostat's bulk CSV, hourly and daily, gzipped or not: with or without a header.

Without one, columns stand in a fixed order; with one, times are in ``year, month, day[, hour]`` and
snow depth is ``snwd`` in cm, which before was ``snow`` in mm. Wind is in km/h. Their pressure is
reduced to sea level, ours is the place's: it is left out.
Source: dev.meteostat.net/bulk/hourly and /daily (2020 and 2025), dev.meteostat.net/parameters.
"""

from collections.abc import Mapping

import polars as pl

from cloud.weather.models import Resolution
from cloud.weather.sources.told import Given, Told, dated, needed, number

_KMH = 1 / 3.6
_ORDER_OF_HOURS = "date,hour,temp,dwpt,rhum,prcp,snow,wdir,wspd,wpgt,pres,tsun,coco"  # before 2025
_ORDER_OF_DAYS = "date,tavg,tmin,tmax,prcp,snow,wdir,wspd,wpgt,pres,tsun"
_OF_BOTH = {
    "rhum": ("humidity_pct", 1.0),
    "prcp": ("precipitation_mm", 1.0),
    "wspd": ("wind_m_per_s", _KMH),
    "snwd": ("snow_depth_cm", 1.0),
}
_OF_HOURS = {**_OF_BOTH, "temp": ("temperature_c", 1.0)}
_OF_DAYS = {
    **_OF_BOTH,
    "temp": ("temperature_c", 1.0),
    "tavg": ("temperature_c", 1.0),
    "tmin": ("temperature_min_c", 1.0),
    "tmax": ("temperature_max_c", 1.0),
}
_OLD_SNOW = {"snow": ("snow_depth_cm", 0.1)}  # mm


def read_hours(given: Given) -> list[Told]:
    """Return the hours of a file."""
    table, is_old = _table(given, _ORDER_OF_HOURS)
    hour = table["hour"].cast(pl.String).str.strip_chars().str.zfill(2)
    at = dated(table["date"] + " " + hour + ":00", "%Y-%m-%d %H:%M", given.name)
    known = _OF_HOURS | (_OLD_SNOW if is_old else {})
    return [Told(resolution=Resolution.HOUR, rows=_rows(table, at, known, given.name))]


def read_days(given: Given) -> list[Told]:
    """Return the days of a file."""
    table, is_old = _table(given, _ORDER_OF_DAYS)
    known = _OF_DAYS | (_OLD_SNOW if is_old else {})
    at = dated(table["date"], "%Y-%m-%d", given.name)
    return [Told(resolution=Resolution.DAY, rows=_rows(table, at, known, given.name))]


def _table(given: Given, order: str) -> tuple[pl.DataFrame, bool]:
    """Return the table with a column ``date``, and whether it has the old order."""
    first = given.unpacked()[:400].split(b"\n", 1)[0].decode(errors="replace")
    if first.strip()[:1].isdigit():
        names = order.split(",")[: first.count(",") + 1]
        return given.table(has_header=False, names=names), True
    table = given.table()
    if "date" in table.columns:
        return table, True
    needed(table, ["year", "month", "day"], given.name)
    month, day = (table[part].str.strip_chars().str.zfill(2) for part in ("month", "day"))
    date = table["year"].str.strip_chars() + "-" + month + "-" + day
    return table.with_columns(date.alias("date")), False


def _rows(
    table: pl.DataFrame, at: pl.Series, known: Mapping[str, tuple[str, float]], where: str
) -> pl.DataFrame:
    told = {
        ours: number(table, theirs, where) * factor
        for theirs, (ours, factor) in known.items()
        if theirs in table.columns
    }
    return pl.DataFrame({"at": at, **told})
