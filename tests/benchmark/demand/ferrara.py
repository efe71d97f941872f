# SPDX-License-Identifier: EUPL-1.2
"""Ten districts of Ferrara's water network, as the Battle of Water Demand Forecasting told them.

The contest released a longer history for each of its four weeks, and the weather to the end of the
week; the week itself is told by the history of the next. Stamps are those of the clock on the wall.
Source: Alvisi et al. (2025), CC BY 4.0.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from holidays import country_holidays
from openpyxl import load_workbook

from cloud.demand.series import HOUR, WEEK_H, Floats, Hours, Usage, Weather
from tests.needs import shared_data

ZONE = ZoneInfo("Europe/Rome")
WEEKS = (1, 2, 3, 4)
_COLUMNS = ("precipitation_mm", "temperature_c", "humidity_pct", "wind_m_per_s")
_SCALES = (1.0, 1.0, 1.0, 1 / 3.6)  # of the wind: km/h


@dataclass(frozen=True, kw_only=True)
class Task:
    """One week of the contest: what was known, and what came (NaN where it isn't told)."""

    week: int
    known: Usage
    weather: Weather
    came: Floats


def tasks() -> list[Task]:
    """Return the weeks that the data folder holds in full."""
    found = []
    for week in WEEKS:
        if not all(_path(kind, week).exists() for kind in ("Inflow", "Weather")):
            continue
        known, weather = usage_of(week), weather_of(week)
        end = known.hours.count
        later = [usage_of(one) for one in WEEKS if one > week and _path("Inflow", one).exists()]
        came = later[-1].between(end, end + WEEK_H).amounts if later else None
        if came is not None and not np.isnan(came).all():
            found.append(Task(week=week, known=known, weather=weather, came=came))
    return found


def longest() -> tuple[Usage, Weather]:
    """Return the longest history, and the weather that goes with it."""
    week = max(one for one in WEEKS if _path("Inflow", one).exists())
    return usage_of(week), weather_of(week)


@cache
def usage_of(week: int) -> Usage:
    """Return the inflows released for ``week``, in L/s."""
    names, hours, told = _read(_path("Inflow", week))
    series_ids = tuple(name.split()[1] for name in names)
    return Usage(series_ids=series_ids, hours=hours, amounts=told)


@cache
def weather_of(week: int) -> Weather:
    """Return the weather released for ``week``, to the week's end, and Italy's holidays."""
    _, hours, told = _read(_path("Weather", week))
    columns = {
        name: column * scale for name, column, scale in zip(_COLUMNS, told, _SCALES, strict=True)
    }
    columns["holiday"] = _holidays(hours)
    return Weather(hours=hours, columns=columns)


def _holidays(hours: Hours) -> Floats:
    dates = hours.dates()
    italian = country_holidays("IT", years={one.year for one in dates})
    by_day = np.array([float(one in italian) for one in dates])
    return np.asarray(by_day[hours.day - hours.day[0]])


def _path(kind: str, week: int) -> Path:
    return shared_data("water_bwdf") / f"{kind}_Data_{week}.xlsx"


def _read(path: Path) -> tuple[list[str], Hours, Floats]:
    """Return the columns' names, the hours and what is told: (columns, hours)."""
    book = load_workbook(path, read_only=True)
    rows = [row for row in book.worksheets[0].iter_rows(values_only=True) if row[0] is not None]
    book.close()
    stamps = [_instant(str(row[0])) for row in rows[1:]]
    start = stamps[0]
    hours = Hours(start=start, count=(stamps[-1] - start) // HOUR + 1, zone=ZONE)
    told = np.full((len(rows[0]) - 1, hours.count), np.nan)
    last = -1
    for stamp, row in zip(stamps, rows[1:], strict=True):
        # An hour that the clock shows twice comes twice: the second time it is winter's.
        last = hours.index(stamp) if hours.index(stamp) > last else last + 1
        told[:, last] = [cell if isinstance(cell, int | float) else np.nan for cell in row[1:]]
    return [str(cell) for cell in rows[0][1:]], hours, told


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=ZONE).astimezone(UTC)
