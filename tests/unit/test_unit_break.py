# SPDX-License-Identifier: EUPL-1.2
"""Changes of unit or scale, made into plain series; on real meters see the tests of real data."""

from datetime import timedelta

import numpy as np
import pytest

from cloud.validation.finding import Severity, utc
from cloud.validation.series import Integers
from tests.validation_builders import DAY_S, MONDAY_S, an_about, an_office, on_usage, usage

YEARS = 2


def a_heating(seed: int = 1) -> Integers:
    """Return two years of a boiler's gas in l: a pilot flame in summer, 60 times that in winter."""
    hour = np.arange(YEARS * 365 * 24)
    cold = np.clip(np.cos(hour / 24 / 365 * 2 * np.pi), 0, None)
    spread = np.random.default_rng(seed).lognormal(0, 0.3, len(hour))
    by_day = np.where((hour % 24 >= 6) & (hour % 24 < 22), 1.0, 0.1)
    return np.rint((100 + 6000 * cold * by_day) * spread).astype(np.int64)


def broken(amounts: Integers, day: int, factor: float) -> Integers:
    changed = amounts.astype(float)
    changed[day * 24 :] *= factor
    return np.rint(changed).astype(np.int64)


@pytest.mark.parametrize("factor", [1000, 35.3, 10, 3.6, 1 / 3.6, 1 / 10, 1 / 35.3])
def test_a_change_of_scale_is_found_to_the_day(factor: float):
    (found,) = on_usage("unit_break", usage(broken(an_office(730), 500, factor)))
    assert abs(found.started_at - utc(MONDAY_S + 500 * DAY_S)) <= timedelta(days=1)
    assert found.evidence["factor"] == pytest.approx(factor, rel=0.05)
    assert found.severity == Severity.ERROR


def test_it_is_told_what_such_a_factor_means():
    (found,) = on_usage("unit_break", usage(broken(an_office(730), 500, 1000)))
    assert "Wh and kWh" in found.explanation


def test_the_seasons_of_a_boiler_are_no_change_of_scale():
    assert on_usage("unit_break", usage(a_heating(), about=an_about("gas"))) == []


@pytest.mark.parametrize("day", [380, 460, 560, 640])
def test_a_change_of_scale_is_found_through_the_seasons_of_a_boiler(day: int):
    series = usage(broken(a_heating(), day, 1 / 35.3), about=an_about("gas"))
    (found,) = on_usage("unit_break", series)
    assert abs(found.started_at - utc(MONDAY_S + day * DAY_S)) <= timedelta(days=7)


def test_two_changes_are_two_findings():
    amounts = broken(broken(an_office(1200), 400, 10), 800, 1 / 10)
    found = on_usage("unit_break", usage(amounts))
    assert [one.evidence["factor"] for one in found] == pytest.approx([10, 0.1], rel=0.05)


def test_half_the_use_from_a_day_on_is_no_change_of_scale():
    assert on_usage("unit_break", usage(broken(an_office(730), 500, 0.5))) == []


def test_with_two_months_of_data_a_large_factor_is_found_and_told_more_carefully():
    (found,) = on_usage("unit_break", usage(broken(an_office(60), 30, 100)))
    assert found.severity == Severity.WARNING


def test_an_empty_home_is_no_change_of_scale():
    random = np.random.default_rng(3)
    amounts = random.poisson(0.6, 200 * 24) * random.integers(1, 60, 200 * 24)
    amounts[60 * 24 : 90 * 24] = random.poisson(0.2, 30 * 24)
    assert on_usage("unit_break", usage(amounts, about=an_about("cold_water"))) == []
