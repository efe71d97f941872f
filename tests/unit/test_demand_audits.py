# SPDX-License-Identifier: EUPL-1.2
"""Audits: figures that can be checked by hand, drifts that are found, and quiet that isn't one."""

from datetime import date, timedelta

import numpy as np
import pytest

from cloud.demand.issued.audits import Audited, audited, day_errors, drift
from cloud.demand.runs.repository import Run
from cloud.demand.series import DAY_H, WEEK_H, Floats, Usage
from tests.demand_builders import MIDNIGHT, some_hours

DAY = date(2026, 9, 1)


def a_run(hour: int, quantiles: Floats, reason: str | None = None) -> Run:
    at = MIDNIGHT + timedelta(hours=hour)
    return Run(
        series_id="a",
        issued_at=at,
        known_at=at,
        made_at=at,
        model_version=None if reason else "v",
        fallback_reason=reason,
        usage_until=at,
        weather_known_at=None,
        weather_forecast_share=0,
        weather_climatology_share=0,
        quantiles=quantiles,
        first_day=None,
        sums=None,
        peaks=None,
    )


def flat(low: float, middle: float, high: float, hours: int = 336) -> Floats:
    return np.tile([low, middle, high], (hours, 1))


def usage_of(amounts: Floats) -> Usage:
    return Usage(series_ids=("a",), hours=some_hours(len(amounts)), amounts=amounts[None, :])


def _of(found: list[Audited], days: int, lead: str) -> Audited:
    return next(one for one in found if (one.window_days, one.lead) == (days, lead))


def test_a_forecast_that_is_ten_off_is_told_so_beside_the_naive_one_that_is_exact():
    usage = usage_of(np.full(6 * WEEK_H, 100.0))
    runs = [a_run(2 * WEEK_H + 24 * day, flat(80, 90, 110)) for day in range(14)]
    found = audited(runs, usage, MIDNIGHT + timedelta(weeks=4))
    tomorrow = _of(found, 28, "day_1")
    assert tomorrow.hours == 14 * DAY_H  # the last one's day ends with the window
    assert (tomorrow.mae, tomorrow.naive_mae) == (10, 0)
    assert tomorrow.coverage90_pct == 100
    assert tomorrow.bias_pct == pytest.approx(-10)
    assert tomorrow.fallback_pct == 0
    assert _of(found, 7, "day_1").hours == 7 * DAY_H
    # those that reach two weeks ahead are not over yet
    assert _of(found, 28, "days_8_14").hours == WEEK_H
    assert _of(audited(runs[1:], usage, MIDNIGHT + timedelta(weeks=4)), 28, "days_8_14").mae is None


def test_forecasts_of_two_days_are_audited_as_far_as_they_reach():
    usage = usage_of(np.full(6 * WEEK_H, 100.0))
    runs = [a_run(2 * WEEK_H + 24 * day, flat(80, 90, 110, hours=48)) for day in range(14)]
    found = audited(runs, usage, MIDNIGHT + timedelta(weeks=5))
    assert {one.lead for one in found} == {"day_1", "days_2_7"}
    assert _of(found, 28, "days_2_7").hours == 14 * DAY_H


def test_hours_whose_use_is_unknown_count_for_nothing():
    amounts = np.full(6 * WEEK_H, 100.0)
    amounts[2 * WEEK_H : 2 * WEEK_H + 12] = np.nan
    found = audited(
        [a_run(2 * WEEK_H, flat(0, 100, 200), "stale_usage")],
        usage_of(amounts),
        MIDNIGHT + timedelta(weeks=4),
    )
    tomorrow = _of(found, 28, "day_1")
    assert (tomorrow.hours, tomorrow.mae, tomorrow.fallback_pct) == (12, 0, 100)


def test_a_range_that_does_not_hold_shows():
    random = np.random.default_rng(5)
    usage = usage_of(100 + random.normal(0, 10, 6 * WEEK_H))
    narrow = [a_run(2 * WEEK_H + 24 * day, flat(95, 100, 105)) for day in range(14)]
    honest = [a_run(2 * WEEK_H + 24 * day, flat(83.5, 100, 116.5)) for day in range(14)]
    until = MIDNIGHT + timedelta(weeks=6)
    assert _of(audited(narrow, usage, until), 28, "days_2_7").coverage90_pct == pytest.approx(
        38, abs=4
    )
    assert _of(audited(honest, usage, until), 28, "days_2_7").coverage90_pct == pytest.approx(
        90, abs=3
    )


def test_errors_of_days_are_of_the_newest_forecast_before_each():
    amounts = np.full(5 * WEEK_H, 100.0)
    runs = [a_run(4 * WEEK_H - 6, flat(0, 50, 200)), a_run(4 * WEEK_H, flat(0, 90, 200))]
    errors = day_errors(runs, usage_of(amounts))
    first = DAY + timedelta(days=28)
    assert errors[first] == pytest.approx(2.4)  # 24 hours of ten too little, over a level of 100
    assert min(errors) == first


def test_days_of_the_naive_model_are_no_errors_of_ours():
    runs = [a_run(4 * WEEK_H, flat(0, 90, 200), "no_weather")]
    assert day_errors(runs, usage_of(np.full(5 * WEEK_H, 100.0))) == {}


@pytest.mark.parametrize(("shift", "direction"), [(1.0, "up"), (-1.0, "down")])
def test_a_lasting_shift_of_one_deviation_is_found_within_weeks(shift: float, direction: str):
    random = np.random.default_rng(11)
    days = [DAY + timedelta(days=day) for day in range(90)]
    errors = {
        day: 2 + random.normal(0, 3) + (3 * shift if n >= 30 else 0) for n, day in enumerate(days)
    }
    found = drift(errors, bias=2, spread=3)
    assert found is not None
    assert found.direction == direction
    assert days[30] <= found.found_on <= days[60]
    assert days[20] <= found.began_on <= days[45]


def test_what_the_model_always_missed_by_and_single_odd_days_are_no_drift():
    random = np.random.default_rng(12)
    alarms = 0
    for _ in range(40):
        errors = {DAY + timedelta(days=day): 2 + random.normal(0, 3) for day in range(60)}
        errors[DAY + timedelta(days=20)] = 40.0
        alarms += drift(errors, bias=2, spread=3) is not None
    assert alarms <= 12
    assert drift({DAY: 1e9}, bias=0, spread=1) is None
    assert drift({DAY: 5.0, DAY + timedelta(days=1): 5.0}, bias=0, spread=0) is None
