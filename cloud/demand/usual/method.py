# SPDX-License-Identifier: EUPL-1.2
"""A usual day: what a building has used by this hour on days like today.

Like today are days of the same kind (working day, Saturday, Sunday or public holiday) of the last
year whose mean temperature was within a few degrees; the newest of them, for habits change. Where
too few are known, or today's weather isn't, it is the same kind of day in the last eight weeks.
Hours are compared by the clock, each with its like: a day on which the clocks change is compared,
but none is compared with it. A day of which an hour is missing or estimated counts for nothing.

Limits: a school's holidays are working days here, so that its first week off is unusual.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias

import numpy as np

from cloud.kit.hypertable import ZONE
from cloud.readings.models import IntervalUsage
from cloud.readings.usage import HOUR, boundaries
from wire import quality

Kind: TypeAlias = Literal["working_day", "saturday", "sunday_or_holiday"]
Likeness: TypeAlias = Literal["weather", "kind"]
Reason: TypeAlias = Literal["nothing_today", "hours_missing_today", "too_few_days"]

A_DAY = timedelta(days=1)
DAY_H = 24
YEAR_D = 365
RECENT_D = 56  # of one kind: eight Saturdays, or forty working days
# Our choices: a range of fewer than five days would be little more than two of them; 3 °C are what
# a building of average insulation hardly feels from one day to the next.
MIN_DAYS = 5
MAX_DAYS = 20
MAX_ASKED = 2 * MAX_DAYS  # of which some will not be known in full
WITHIN_C = 3.0
MIN_WEATHER_H = 20  # of a day: the mean of its night alone would be another day's
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
UNCERTAIN = quality.MISSING | quality.ESTIMATED | quality.SUSPECT


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """What is known of today, in the reading type's unit.

    Attributes:
        usage: of the hours that are known in full; None where none is.
        until: the end of the last of these.
        clock_hours: the local hours from midnight to then, one twice when the clocks go back.
        missing_h: how many of these are not known in full.
    """

    usage: int | None
    until: datetime | None
    clock_hours: Sequence[int]
    missing_h: int
    bits: int


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Days that may be compared with, the newest first; ``by_weather`` is empty without weather."""

    kind: Kind
    by_weather: Sequence[date]
    by_kind: Sequence[date]

    @property
    def all(self) -> list[date]:
        """Every one of them, once."""
        return list(dict.fromkeys([*self.by_weather, *self.by_kind]))


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What so many like days had used by the same hour; 8 of 10 were between low and high."""

    low: float
    middle: float
    high: float
    days: int
    likeness: Likeness


def so_far(hours: Sequence[IntervalUsage]) -> SoFar:
    """Return what is known of today from its hours since midnight, the running one included."""
    known = [at for at, one in enumerate(hours) if _is_known(one, quality.MISSING)]
    if not known:
        return SoFar(usage=None, until=None, clock_hours=(), missing_h=0, bits=quality.MISSING)
    passed = hours[: known[-1] + 1]
    bits = 0
    for at in known:
        bits |= hours[at].quality
    missing_h = len(passed) - len(known)
    return SoFar(
        usage=sum(hours[at].usage or 0 for at in known),
        until=passed[-1].end,
        clock_hours=[one.start.astimezone(ZONE).hour for one in passed],
        missing_h=missing_h,
        bits=bits | (quality.MISSING if missing_h else 0),
    )


def kind_of(day: date, off: Collection[date]) -> Kind:
    """Return the kind of a day; ``off`` are public holidays."""
    if day in off or day.weekday() == 6:
        return "sunday_or_holiday"
    return "saturday" if day.weekday() == 5 else "working_day"


def candidates(
    today: date, off: Collection[date], temperature_c: Mapping[date, float]
) -> Candidates:
    """Return the days of the last year that are like today by the calendar, and by the weather."""
    kind = kind_of(today, off)
    past = (today - back * A_DAY for back in range(1, YEAR_D + 1))
    alike = [day for day in past if kind_of(day, off) == kind and hours_in(day) == DAY_H]
    of_today = temperature_c.get(today)
    by_weather = [
        day
        for day in alike
        if of_today is not None
        and day in temperature_c
        and abs(temperature_c[day] - of_today) <= WITHIN_C
    ]
    by_kind = [day for day in alike if day >= today - RECENT_D * A_DAY]
    return Candidates(kind=kind, by_weather=by_weather[:MAX_ASKED], by_kind=by_kind[:MAX_ASKED])


def hours_in(day: date) -> int:
    """Return how many hours a local day has: 23 to 25."""
    return len(boundaries(HOUR, day, day + A_DAY, ZONE)) - 1


def usual(
    found: Candidates, days: Mapping[date, Sequence[IntervalUsage]], clock_hours: Sequence[int]
) -> Usual | None:
    """Return what like days had used in these hours of the clock, None if too few are known.

    ``days`` have the hours of each candidate from its midnight on, as many as today's so far.
    """
    by: list[tuple[Likeness, Sequence[date]]] = [
        ("weather", found.by_weather),
        ("kind", found.by_kind),
    ]
    for likeness, wanted in by:
        told = [_used(days[day], clock_hours) for day in wanted if day in days]
        known = [amount for amount in told if amount is not None][:MAX_DAYS]
        if len(known) >= MIN_DAYS:
            low, middle, high = np.quantile(known, (LOW, MIDDLE, HIGH)).tolist()
            return Usual(low=low, middle=middle, high=high, days=len(known), likeness=likeness)
    return None


def _used(hours: Sequence[IntervalUsage], clock_hours: Sequence[int]) -> int | None:
    if not all(_is_known(hours[at], UNCERTAIN) for at in set(clock_hours)):
        return None
    return sum(hours[at].usage or 0 for at in clock_hours)


def _is_known(hour: IntervalUsage, bits: int) -> bool:
    return hour.usage is not None and not hour.quality & bits
