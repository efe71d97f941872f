# SPDX-License-Identifier: EUPL-1.2
"""A usual day: which days are like today, what they had used by now, and when nobody can tell."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pytest

from cloud.demand.usual.calendar import daily_c, days_off
from cloud.demand.usual.method import (
    A_DAY,
    Candidates,
    candidates,
    kind_of,
    so_far,
    usual,
)
from cloud.kit.hypertable import ZONE
from cloud.readings.models import IntervalUsage
from cloud.readings.usage import HOUR, boundaries
from cloud.weather.models import Grid, Resolution, Weather
from wire import quality

FRIDAY = date(2026, 11, 20)
NO_WEATHER: Mapping[date, float] = {}
FIRST_OF_MARCH = date(2026, 3, 3)  # Liberation Day, a Tuesday
LONG_SUNDAY = date(2026, 10, 25)
SHORT_SUNDAY = date(2026, 3, 29)


def hours_of(
    day: date, usage: int = 10, *, count: int = 24, spoilt: Mapping[int, int] | None = None
) -> list[IntervalUsage]:
    """Return a day's first hours, each with this use; those in ``spoilt`` with these bits."""
    cuts = boundaries(HOUR, day, day + A_DAY, ZONE)[: count + 1]
    bits = spoilt or {}
    return [
        IntervalUsage(
            start=start,
            end=end,
            usage=None if bits.get(at, 0) & quality.MISSING else usage,
            quality=bits.get(at, 0),
        )
        for at, (start, end) in enumerate(itertools.pairwise(cuts))
    ]


def some_days(
    *usages: int, likeness: str = "weather"
) -> tuple[Candidates, dict[date, list[IntervalUsage]]]:
    """Return so many days before Friday that are like it, each with the same use in all hours."""
    days = [FRIDAY - (at + 1) * A_DAY for at in range(len(usages))]
    by_weather: Sequence[date] = days if likeness == "weather" else []
    found = Candidates(kind="working_day", by_weather=by_weather, by_kind=days)
    return found, {day: hours_of(day, one) for day, one in zip(days, usages, strict=True)}


def test_today_reaches_to_the_end_of_its_last_known_hour():
    today = so_far(hours_of(FRIDAY, count=14, spoilt={13: quality.MISSING}))
    assert (today.usage, today.missing_h) == (130, 0)
    assert today.until is not None
    assert today.until.astimezone(ZONE).hour == 13
    assert list(today.clock_hours) == list(range(13))


def test_an_hour_that_is_missing_before_the_last_known_one_is_said():
    today = so_far(hours_of(FRIDAY, count=14, spoilt={3: quality.MISSING}))
    assert (today.usage, today.missing_h) == (130, 1)
    assert today.bits & quality.MISSING


def test_a_day_of_which_nothing_is_known_has_no_use_and_not_zero():
    today = so_far(hours_of(FRIDAY, count=2, spoilt={0: quality.MISSING, 1: quality.MISSING}))
    assert (today.usage, today.until) == (None, None)


def test_no_hour_is_over_at_midnight():
    assert so_far([]).until is None


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (FRIDAY, "working_day"),
        (FRIDAY + A_DAY, "saturday"),
        (FRIDAY + 2 * A_DAY, "sunday_or_holiday"),
        (FIRST_OF_MARCH, "sunday_or_holiday"),
        (FIRST_OF_MARCH + A_DAY, "working_day"),
    ],
)
def test_a_public_holiday_is_like_a_sunday(day: date, kind: str):
    assert kind_of(day, days_off(FRIDAY)) == kind


def test_without_weather_the_same_kind_of_day_of_eight_weeks_counts():
    found = candidates(FRIDAY + A_DAY, frozenset(), NO_WEATHER)
    assert list(found.by_weather) == []
    assert list(found.by_kind) == [
        FRIDAY + A_DAY - week * timedelta(weeks=1) for week in range(1, 9)
    ]


def test_days_as_warm_as_today_count_and_warmer_ones_do_not():
    warmth = {FRIDAY - back * A_DAY: 5.0 if back % 2 else 9.0 for back in range(366)}
    warmth[FRIDAY] = 7.9
    found = candidates(FRIDAY, frozenset(), warmth)
    assert found.by_weather
    assert {warmth[day] for day in found.by_weather} == {5.0, 9.0}
    warmth[FRIDAY] = 8.1
    colder = candidates(FRIDAY, frozenset(), warmth)
    assert {warmth[day] for day in colder.by_weather} == {9.0}


def test_a_day_of_unknown_weather_is_like_none_by_weather():
    warmth = {FRIDAY - back * A_DAY: 5.0 for back in range(1, 366)}
    assert list(candidates(FRIDAY, frozenset(), warmth).by_weather) == []


def test_no_day_is_compared_with_one_on_which_the_clocks_changed():
    sunday = date(2026, 11, 22)
    asked = candidates(sunday, frozenset(), NO_WEATHER).all
    assert LONG_SUNDAY not in asked
    assert LONG_SUNDAY - timedelta(weeks=1) in asked


def test_the_median_of_like_days_is_usual_with_eight_of_ten_between_the_ends():
    told = usual(*some_days(*range(10, 21)), clock_hours=[0])
    assert told is not None
    assert (told.low, told.middle, told.high, told.days) == pytest.approx((11, 15, 19, 11))
    assert told.likeness == "weather"


def test_only_hours_up_to_now_are_compared():
    told = usual(*some_days(10, 10, 10, 10, 10), clock_hours=range(14))
    assert told is not None
    assert told.middle == 140


def test_four_days_are_too_few():
    assert usual(*some_days(10, 10, 10, 10), clock_hours=range(14)) is None


def test_too_few_days_of_like_weather_leave_the_kind_of_day():
    found, days = some_days(10, 10, 10, 10, 10, 10)
    few = Candidates(kind=found.kind, by_weather=found.by_weather[:4], by_kind=found.by_kind)
    told = usual(few, days, clock_hours=[0])
    assert told is not None
    assert (told.likeness, told.days) == ("kind", 6)


@pytest.mark.parametrize("bits", [quality.MISSING, quality.ESTIMATED, quality.SUSPECT])
def test_a_day_with_an_uncertain_hour_counts_for_nothing(bits: int):
    found, days = some_days(10, 10, 10, 10, 10)
    day = found.by_kind[0]
    days[day] = hours_of(day, spoilt={3: bits})
    assert usual(found, days, clock_hours=range(14)) is None
    assert usual(found, days, clock_hours=range(3)) is not None  # the hour is after now


def test_a_long_day_is_compared_with_its_repeated_hour_twice():
    today = so_far(hours_of(LONG_SUNDAY, count=5))
    assert list(today.clock_hours) == [0, 1, 2, 3, 3]
    told = usual(*some_days(10, 10, 10, 10, 10), clock_hours=today.clock_hours)
    assert told is not None
    assert (today.usage, told.middle) == (50, 50)


def test_a_short_day_is_compared_without_the_hour_that_it_leaves_out():
    today = so_far(hours_of(SHORT_SUNDAY, count=4))
    assert list(today.clock_hours) == [0, 1, 2, 4]
    told = usual(*some_days(10, 10, 10, 10, 10), clock_hours=today.clock_hours)
    assert told is not None
    assert (today.usage, told.middle) == (40, 40)


def test_a_days_warmth_is_its_mean_by_the_local_calendar_and_a_nights_is_not():
    cuts = boundaries(HOUR, FRIDAY, FRIDAY + 2 * A_DAY, ZONE)
    grid = Grid.between(Resolution.HOUR, cuts[0], cuts[-1])
    warmth = np.concatenate([np.full(24, 5.0), np.full(24, 15.0)])
    warmth[24 + 10 :] = np.nan
    assert daily_c(Weather(grid=grid, columns={"temperature_c": warmth})) == {FRIDAY: 5.0}
