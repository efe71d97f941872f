# SPDX-License-Identifier: EUPL-1.2
"""NOAA's Global Surface Summary of the Day: one CSV a station and year.

°F, knots, inches and mbar; missing is told as nines. Days are of UTC.
Source: NOAA NCEI, "Global Surface Summary of the Day, readme" (www.ncei.noaa.gov/data/
global-summary-of-the-day/doc/readme.txt).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from cloud.weather.models import Resolution
from cloud.weather.sources.told import Given, Told, dated, needed, number

_KNOT = 1852 / 3600
_INCH_MM = 25.4
# Of precipitation: a whole day was reported as 4 x 6 h (D), 2 x 12 h (F) or 24 h (G). With A, B, C
# and E a part is missing, with H and I zero is told though nobody measured.
WHOLE_DAY = ("D", "F", "G")
NOTE = "precipitation of part of a day, or not measured"


@dataclass(frozen=True, kw_only=True)
class _Field:
    ours: str
    missing: float  # this and more
    factor: float = 1.0
    offset: float = 0.0


def _fahrenheit(ours: str) -> _Field:
    return _Field(ours=ours, missing=9999.9, factor=5 / 9, offset=-160 / 9)


_FIELDS: Mapping[str, _Field] = {
    "TEMP": _fahrenheit("temperature_c"),
    "MIN": _fahrenheit("temperature_min_c"),
    "MAX": _fahrenheit("temperature_max_c"),
    "STP": _Field(ours="pressure_hpa", missing=9999.9),
    "WDSP": _Field(ours="wind_m_per_s", missing=999.9, factor=_KNOT),
    "MXSPD": _Field(ours="wind_max_m_per_s", missing=999.9, factor=_KNOT),
    "PRCP": _Field(ours="precipitation_mm", missing=99.99, factor=_INCH_MM),
    "SNDP": _Field(ours="snow_depth_cm", missing=999.9, factor=_INCH_MM / 10),
}
# Three digits were kept of pressures for years: 013.5 is 1013.5, 946.2 is itself; 999.9 is missing.
_SHORT_STP = 200.0


def read(given: Given) -> list[Told]:
    """Return the days of a file; precipitation only where a whole day was measured."""
    table = given.table()
    needed(table, ["DATE", "TEMP"], given.name)
    rows = {"at": dated(table["DATE"], "%Y-%m-%d", given.name)}
    for theirs, field in _FIELDS.items():
        if theirs not in table.columns:
            continue
        numbers = number(table, theirs, given.name)
        numbers = numbers.set(numbers >= field.missing - 1e-6, None)
        if theirs == "STP":
            numbers = _pressures(numbers)
        rows[field.ours] = numbers * field.factor + field.offset
    notes = {}
    if "PRCP" in table.columns and "PRCP_ATTRIBUTES" in table.columns:
        flags = table["PRCP_ATTRIBUTES"].str.strip_chars()
        partly = (
            ~flags.is_in(WHOLE_DAY).fill_null(value=False) & rows["precipitation_mm"].is_not_null()
        )
        rows["precipitation_mm"] = rows["precipitation_mm"].set(partly, None)
        notes = {NOTE: int(partly.sum())}
    return [Told(resolution=Resolution.DAY, rows=pl.DataFrame(rows), notes=notes)]


def _pressures(numbers: pl.Series) -> pl.Series:
    numbers = numbers.set(numbers == 999.9, None)
    return numbers.set(numbers < _SHORT_STP, None) if len(numbers) else numbers
