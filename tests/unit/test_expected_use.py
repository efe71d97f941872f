# SPDX-License-Identifier: EUPL-1.2
"""What a forecast says of hours, of local days, and of all that is still to come."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from cloud.demand.issued.expected_use import next_midnight, of_interval, rest
from cloud.demand.runs.repository import Run

HOUR = timedelta(hours=1)
EVENING = datetime(2026, 11, 20, 18, tzinfo=UTC)  # 20:00 in Sofia
MIDNIGHT = datetime(2026, 11, 20, 22, tzinfo=UTC)
NOON = datetime(2026, 11, 21, 10, tzinfo=UTC)
A_DAY = timedelta(days=1)


def a_run(issued_at: datetime = EVENING, hours: int = 336, **changes: Any) -> Run:
    """Return a forecast of 90, 100, 110 each hour, whose days have no ranges."""
    fields: dict[str, Any] = {
        "series_id": "home",
        "issued_at": issued_at,
        "known_at": issued_at,
        "made_at": issued_at,
        "model_version": "m",
        "fallback_reason": None,
        "usage_until": issued_at,
        "weather_known_at": None,
        "weather_forecast_share": 0.0,
        "weather_climatology_share": 0.0,
        "quantiles": np.tile([90.0, 100.0, 110.0], (hours, 1)),
        "first_day": None,
        "sums": None,
        "peaks": None,
    }
    return Run(**{**fields, **changes})


def with_days(issued_at: datetime = EVENING) -> Run:
    """Return the same with a range for each of 13 days: 2350, 2400, 2460."""
    sums = np.tile([2350.0, 2400.0, 2460.0], (13, 1))
    return a_run(issued_at, first_day=date(2026, 11, 21), sums=sums, peaks=sums)


def test_an_hour_is_told_as_the_forecast_has_it():
    told = of_interval(a_run(), NOON, NOON + HOUR)
    assert told is not None
    assert told.tolist() == [90, 100, 110]


@pytest.mark.parametrize("at", [EVENING - HOUR, EVENING + 336 * HOUR])
def test_an_hour_that_it_does_not_reach_is_not_told(at: datetime):
    assert of_interval(a_run(), at, at + HOUR) is None


def test_a_day_has_the_range_that_was_made_for_it():
    told = of_interval(with_days(), MIDNIGHT, MIDNIGHT + A_DAY)
    assert told is not None
    assert told.tolist() == [2350, 2400, 2460]


def test_a_day_without_one_has_those_of_its_hours_added():
    told = of_interval(a_run(), MIDNIGHT, MIDNIGHT + A_DAY)
    assert told is not None
    assert told.tolist() == [24 * 90, 24 * 100, 24 * 110]


def test_a_day_that_is_not_wholly_reached_is_not_told():
    issued = a_run(MIDNIGHT + HOUR)
    assert of_interval(issued, MIDNIGHT, MIDNIGHT + A_DAY) is None
    assert of_interval(issued, MIDNIGHT + A_DAY, MIDNIGHT + 2 * A_DAY) is not None


def test_nothing_is_expected_below_nothing():
    told = of_interval(a_run(quantiles=np.tile([-5.0, 0.0, 5.0], (336, 1))), NOON, NOON + HOUR)
    assert told is not None
    assert told.tolist() == [0, 0, 5]


def test_the_rest_of_a_day_begins_within_the_running_hour():
    found = rest(with_days(), NOON + HOUR / 4, MIDNIGHT + A_DAY)  # 12:15, so 11 hours and 3/4
    assert found is not None
    assert found.quantiles.tolist() == pytest.approx([11.75 * 90, 11.75 * 100, 11.75 * 110])
    assert (found.since, found.until) == (NOON + HOUR / 4, MIDNIGHT + A_DAY)


def test_the_rest_of_a_week_takes_whole_days_with_their_own_ranges():
    found = rest(with_days(), NOON, MIDNIGHT + 3 * A_DAY)  # twelve hours and two days
    assert found is not None
    hours, days = np.array([90, 100, 110]), np.array([2350, 2400, 2460])
    assert found.quantiles.tolist() == pytest.approx((12 * hours + 2 * days).tolist())


def test_the_rest_ends_with_the_last_whole_day_that_is_reached():
    found = rest(a_run(), NOON, MIDNIGHT + 40 * A_DAY)
    assert found is not None
    assert found.until == MIDNIGHT + 13 * A_DAY  # fourteen days from eight in the evening
    assert found.quantiles[1] == pytest.approx(12 * 100 + 12 * 2400)


@pytest.mark.parametrize("now", [MIDNIGHT + A_DAY, EVENING + 15 * A_DAY])
def test_nothing_is_left_of_a_day_that_is_over_nor_of_a_forecast_that_has_run_out(now: datetime):
    assert rest(a_run(), now, MIDNIGHT + A_DAY) is None


@pytest.mark.parametrize(
    ("first", "hours"),
    [(datetime(2026, 10, 24, 21, tzinfo=UTC), 25), (datetime(2027, 3, 27, 22, tzinfo=UTC), 23)],
)
def test_a_day_on_which_the_clocks_change_has_its_own_hours(first: datetime, hours: int):
    end = next_midnight(first)
    assert end - first == hours * HOUR
    told = of_interval(a_run(first), first, end)
    assert told is not None
    assert told[1] == hours * 100
    found = rest(a_run(first), first + HOUR, end)
    assert found is not None
    assert found.quantiles[1] == pytest.approx((hours - 1) * 100)
