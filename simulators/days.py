# SPDX-License-Identifier: EUPL-1.2
"""Hours as people in Sofia live them: local time, working day, public and school holiday."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from simulators.weather import Weather

LOCAL = ZoneInfo("Europe/Sofia")
HOUR_S = 3600
HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Hour:
    """What decides use in one hour; ``day`` is working, saturday, sunday or school_holiday."""

    day: str  # a public holiday is a sunday; a school holiday only what would be a working day
    local_hour: int
    temperature_c: float
    sunlight: float


def hours_of(utc_day: int, weather: Weather) -> tuple[Hour, ...]:
    """Return the 24 hours of a UTC day, counted in days since 1970."""
    return tuple(
        _hour((utc_day * HOURS_A_DAY + hour) * HOUR_S, weather) for hour in range(HOURS_A_DAY)
    )


def _hour(start_s: int, weather: Weather) -> Hour:
    local = datetime.fromtimestamp(start_s, LOCAL)
    middle_s = start_s + HOUR_S // 2
    return Hour(
        kind_of_day(local.date()),
        local.hour,
        weather.temperature_c(middle_s),
        weather.sunlight(middle_s),
    )


@cache
def kind_of_day(day: date) -> str:
    """Return which kind of day it is; public holidays by the Labour Code's article 154."""
    if day in _bulgarian_holidays() or day.weekday() == 6:
        return "sunday"
    if day.weekday() == 5:
        return "saturday"
    return "school_holiday" if _school_holiday(day) else "working"


@cache
def _bulgarian_holidays() -> holidays.HolidayBase:
    return holidays.country_holidays("BG")


def _school_holiday(day: date) -> bool:
    """Whether primary schools are closed.

    Source: the shape of the Ministry of Education's yearly order on school time. It moves each by
    a day or two from year to year; these are the usual ones.
    """
    easter = orthodox_easter(day.year)
    month_and_day = (day.month, day.day)
    return (
        (7, 1) <= month_and_day < (9, 15)
        or (10, 30) <= month_and_day <= (11, 2)
        or month_and_day >= (12, 23)
        or month_and_day <= (1, 4)
        or (1, 31) <= month_and_day <= (2, 4)
        or easter - timedelta(days=8) <= day <= easter + timedelta(days=1)
    )


@cache
def orthodox_easter(year: int) -> date:
    """Return Easter Sunday as Bulgaria keeps it: four Easter days end on the Monday after."""
    easter_days: list[date] = [
        day
        for day, name in holidays.country_holidays("BG", years=year, language="en_US").items()
        if name == "Easter"
    ]
    return min(easter_days)
