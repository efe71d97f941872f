# SPDX-License-Identifier: EUPL-1.2
"""How models fare: narrow and wide ranges and grown errors are found, honest ones left alone."""

from datetime import date, timedelta

import numpy as np
import pytest

from cloud.demand.issued.audits import Drift
from cloud.demand.issued.faring import (
    DayFared,
    Training,
    check_error_of,
    coverage_drift,
    error_drift,
    fared,
    weeks,
)
from cloud.demand.scores import score
from cloud.demand.series import DAY_H, WEEK_H
from tests.demand_builders import MIDNIGHT
from tests.unit.test_demand_audits import a_run, flat, usage_of

FIRST = date(2026, 9, 1)
MODEL = {"v": Training(known_h=int(MIDNIGHT.timestamp()) // 3600, check_error=0.05)}
QUARTER = 91  # as far as an audit looks back
YEARS = 3 * 365
SERIES = 40
TOGETHER = 0.9  # correlation of an hour's error with the one before


def days_of(coverage: list[float], times: list[float] | None = None) -> list[DayFared]:
    times = times or [1.0] * len(coverage)
    return [
        DayFared(
            day=FIRST + timedelta(days=number),
            coverage=share,
            error=0.05 * error,
            check_error=0.05,
            age_days=3,
        )
        for number, (share, error) in enumerate(zip(coverage, times, strict=True))
    ]


def drawn(half_width: float, days: int, series: int, seed: int = 1) -> list[list[DayFared]]:
    """Return days of series whose hours' errors go together, with ranges of so many deviations."""
    random = np.random.default_rng(seed)
    errors = np.empty((days * DAY_H, series))
    error = random.normal(size=series)
    for hour, step in enumerate(random.normal(0, np.sqrt(1 - TOGETHER**2), errors.shape)):
        error = TOGETHER * error + step
        errors[hour] = error
    by_day = np.abs(errors).reshape(days, DAY_H, series)
    held, usual = (by_day <= half_width).mean(axis=1), np.sqrt(2 / np.pi)
    missed = by_day.mean(axis=1) / usual
    return [days_of(list(held[:, one]), list(missed[:, one])) for one in range(series)]


def _found(drift: Drift | None) -> Drift:
    assert drift is not None
    return drift


def test_honest_ranges_and_errors_raise_no_alarm_in_years() -> None:
    """Forty series, three years each, hours that go together: by hours' own binomial they would."""
    drawn_ones = drawn(1.645, YEARS, SERIES)
    assert np.mean([one.coverage for one in drawn_ones[0]]) == pytest.approx(0.9, abs=0.02)
    assert sum(coverage_drift(one) is not None for one in drawn_ones) <= 2
    assert sum(error_drift(one) is not None for one in drawn_ones) <= 2


@pytest.mark.parametrize(("half_width", "within"), [(0.5, 21), (0.84, 35), (1.036, 75)])
def test_ranges_that_are_too_narrow_are_found_the_sooner_the_narrower(
    half_width: float, within: int
) -> None:
    """They hold 38, 60 and 70 % of hours."""
    found = [coverage_drift(one) for one in drawn(half_width, QUARTER, 20)]
    in_time = [one for one in found if one and (one.found_on - FIRST).days < within]
    assert len(in_time) >= 18
    assert {(one.what, one.direction) for one in in_time} == {("coverage", "down")}


def test_ranges_that_hold_everything_are_found_to_be_too_wide_within_a_quarter() -> None:
    found = _found(coverage_drift(days_of([1.0] * QUARTER)))
    assert (found.direction, found.began_on) == ("up", FIRST)
    assert (found.found_on - FIRST).days == 80
    assert coverage_drift(days_of([0.97] * QUARTER)) is None


def test_a_change_is_dated_by_when_it_began() -> None:
    [changed] = drawn(1.645, 60, 1)
    narrow = [one.coverage for one in changed] + [0.5] * 30
    found = _found(coverage_drift(days_of(narrow)))
    assert 50 <= (found.began_on - FIRST).days <= 60
    assert 70 <= (found.found_on - FIRST).days <= 80


@pytest.mark.parametrize(("times", "within"), [(3.0, 20), (2.0, 60)])
def test_errors_that_grow_after_training_are_found(times: float, within: int) -> None:
    for days in drawn(1.645, QUARTER, 10):
        grown = [one.error / 0.05 * times for one in days]
        found = _found(error_drift(days_of([0.9] * QUARTER, grown)))
        assert (found.what, found.direction) == ("error", "up")
        assert (found.found_on - FIRST).days < within


def test_a_single_bad_week_and_errors_a_fifth_larger_are_no_drift() -> None:
    """A weather forecast has errors that a check with the weather as it came has not."""
    for days in drawn(1.645, QUARTER, 10):
        larger = [1.2 * one.error / 0.05 for one in days]
        assert error_drift(days_of([0.9] * QUARTER, larger)) is None
    bad_week = [1.0] * 40 + [9.0] * 5 + [1.0] * 46
    assert error_drift(days_of([0.9] * QUARTER, bad_week)) is None
    assert coverage_drift(days_of([0.9] * 40 + [0.0] * 4 + [0.9] * 47)) is None


def test_days_are_those_of_the_newest_forecast_by_a_model() -> None:
    amounts = np.full(6 * WEEK_H, 100.0)
    amounts[5 * WEEK_H :] = 130.0
    runs = [
        a_run(4 * WEEK_H - 6, flat(90, 95, 110)),
        a_run(4 * WEEK_H + DAY_H, flat(80, 90, 120), "no_weather"),  # the way out
        a_run(4 * WEEK_H + 2 * DAY_H, flat(95, 100, 105)),
        a_run(4 * WEEK_H + 3 * DAY_H, flat(101, 110, 120)),
    ]
    days = fared(runs, usage_of(amounts), MODEL)
    first = FIRST + timedelta(days=28)
    told = {(one.day - first).days: one for one in days}
    assert 1 not in told
    assert [told[0].coverage, told[0].error] == pytest.approx([1, 0.05])
    assert (told[2].coverage, told[2].error) == (1, 0)
    assert [told[3].coverage, told[3].error] == pytest.approx([0, 0.1])
    assert told[3].age_days == 31
    # a rise counts over what is used now, not over what was
    assert told[7].error == pytest.approx(20 / 130)
    assert fared(runs, usage_of(amounts), {}) == []


def test_days_without_use_or_hardly_known_tell_nothing() -> None:
    amounts = np.zeros(6 * WEEK_H)
    runs = [a_run(5 * WEEK_H, flat(0, 0, 0))]
    assert fared(runs, usage_of(amounts), MODEL) == []
    amounts = np.full(6 * WEEK_H, 10.0)
    amounts[5 * WEEK_H : 5 * WEEK_H + 13] = np.nan
    days = fared(runs, usage_of(amounts), MODEL)
    assert days[0].day == FIRST + timedelta(days=36)


def test_weeks_stand_beside_what_the_check_told() -> None:
    used = 100 + np.random.default_rng(2).normal(0, 10, 500)
    figures = score(used, np.tile([80.0, 100.0, 120.0], (500, 1)), 1.0).as_json()
    assert check_error_of(figures) == pytest.approx(np.abs(used - 100).mean() / np.abs(used).mean())
    assert check_error_of({}) is None
    assert check_error_of(None) is None
    found = weeks(days_of([0.9] * 10, [2.0] * 10), FIRST + timedelta(days=10))
    assert [(one.days, one.week_from) for one in found] == [
        (3, FIRST - timedelta(days=4)),
        (7, FIRST + timedelta(days=3)),
    ]
    assert found[1].error_pct == pytest.approx(10)
    assert found[1].check_error_pct == pytest.approx(5)
    assert found[1].coverage90_pct == pytest.approx(90)
