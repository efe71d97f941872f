# SPDX-License-Identifier: EUPL-1.2
"""What is believed of a forecast: what the series' own past has shown to happen, no nonsense."""

import numpy as np
import pytest

from cloud.demand.runs.plausible import is_plausible, week_bounds
from cloud.demand.series import DAY_H, WEEK_H, Floats
from tests.demand_builders import some_hours

HOURS = some_hours(40 * WEEK_H)
CHANCE = np.random.default_rng(5).lognormal(0, 0.1, HOURS.count)


def told(middle: Floats) -> Floats:
    quantiles: Floats = middle[:, None] * np.array([0.8, 1.0, 1.2])
    return quantiles


def still_on_weekends(hours: int) -> Floats:
    """Return a works: weekdays by day, nearly nothing on weekends, and none of it in holidays."""
    by_day = (HOURS.hour_of_day >= 6) & (HOURS.hour_of_day < 22) & (HOURS.weekday < 5)
    used: Floats = np.where(by_day, 4000.0, 2.0) * CHANCE
    return used[:hours]


def heat(weeks: int) -> Floats:
    """Return heat from October on: it grows to January, is level, and ends in April."""
    week = np.arange(HOURS.count) / WEEK_H
    cold = np.clip(np.minimum(week / 8, (27 - week) / 5), 0.0, 1.0)
    spells = 1 + 0.5 * np.sin(week * 2 * np.pi / 2.5)
    used: Floats = 1000 * (0.02 + cold * spells) * CHANCE
    return used[: weeks * WEEK_H]


@pytest.mark.parametrize("end_day", range(7))
def test_weekends_that_stand_still_are_neither_missed_nor_taken_for_weeks(end_day: int) -> None:
    """On whichever weekday a forecast begins, and after a Christmas of two weeks without work."""
    count = 20 * WEEK_H + end_day * DAY_H
    used = still_on_weekends(HOURS.count)
    right = used[count : count + 2 * WEEK_H]
    assert is_plausible(told(right), used[:count])
    assert is_plausible(told(0.5 * right), used[:count])
    for wrong in (0.01, 0.1, 10.0):
        assert not is_plausible(told(wrong * right), used[:count]), wrong
    holidays = np.where(HOURS.weekday < 5, 0.02, 1.0)[:count] * used[:count]
    closed = np.where(np.arange(count) // WEEK_H >= 18, holidays, used[:count])
    assert is_plausible(told(right), closed)  # work begins again


def test_a_weekend_as_the_last_that_is_known_is_no_week() -> None:
    """Most of the last week is unknown: what is left of it stands still."""
    used = still_on_weekends(20 * WEEK_H).copy()
    right = still_on_weekends(22 * WEEK_H)[20 * WEEK_H :]
    used[-WEEK_H:][HOURS.weekday[20 * WEEK_H - WEEK_H : 20 * WEEK_H] < 5] = np.nan
    assert is_plausible(told(right), used)


@pytest.mark.parametrize("weeks", range(22, 28))
def test_the_end_of_a_heating_season_that_was_never_seen_is_believed(weeks: int) -> None:
    ahead = heat(weeks + 2)[weeks * WEEK_H :]
    assert is_plausible(told(ahead), heat(weeks))


def test_heat_is_believed_to_begin_again_in_autumn() -> None:
    used = np.concatenate([heat(40), heat(1)])
    assert is_plausible(told(heat(3)[WEEK_H:]), used)


@pytest.mark.parametrize("begun_d", [0, 1, 3, 10])
def test_heat_in_november_after_a_summer_of_zeros_is_believed(begun_d: int) -> None:
    """Of a winter, a summer without any, and however few days since it began again."""
    winter, again = heat(26), heat(6)[2 * WEEK_H :]
    begun = again[: begun_d * DAY_H]
    used = np.concatenate([winter, np.zeros(14 * WEEK_H), begun])
    ahead = again[begun_d * DAY_H :][: 2 * WEEK_H]
    assert is_plausible(told(ahead), used)
    assert is_plausible(told(np.zeros(2 * WEEK_H)), used)  # it may stay warm
    assert not is_plausible(told(np.full(2 * WEEK_H, 2.5 * used.max())), used)


@pytest.mark.parametrize("weeks", [21, 22, 26])
def test_a_school_that_opens_after_a_summer_is_believed_and_a_thousandfold_is_not(
    weeks: int,
) -> None:
    """Nearly nothing for seven weeks; the rise out of them tells of no other."""
    week = np.arange(HOURS.count) // WEEK_H
    school = still_on_weekends(HOURS.count) * np.where((week >= 15) & (week < 22), 0.0003, 1.0)
    used, ahead = school[: weeks * WEEK_H], still_on_weekends(HOURS.count)[weeks * WEEK_H :]
    assert is_plausible(told(ahead[: 2 * WEEK_H]), used)
    # each hour within thrice the highest, and all of them together beyond all reason
    assert not is_plausible(told(np.full(2 * WEEK_H, 2.5 * school.max())), used)


@pytest.mark.parametrize("factor", [0.0, 0.001, 20.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("used", [heat(15), still_on_weekends(15 * WEEK_H)], ids=["heat", "works"])
def test_nonsense_is_not_believed(used: Floats, factor: float) -> None:
    assert is_plausible(told(used[-2 * WEEK_H :]), used)
    assert not is_plausible(told(factor * used[-2 * WEEK_H :]), used)


def test_ranges_that_cross_and_single_hours_beyond_reason_are_not_believed() -> None:
    used = heat(15)
    right = told(used[-2 * WEEK_H :])
    assert not is_plausible(right[:, ::-1], used)
    peak = right.copy()
    peak[100] = 4 * used.max()
    assert not is_plausible(peak, used)
    little = right.copy()
    little[100] = (-1e-9, -1e-9, 1.0)  # what a solver leaves of nothing
    assert is_plausible(little, used)


def test_without_a_known_week_only_hours_are_doubted() -> None:
    used = np.full(3 * DAY_H, 5.0)
    assert week_bounds(used) is None
    assert is_plausible(told(np.full(WEEK_H, 5.0)), used)
    assert not is_plausible(told(np.full(WEEK_H, 50.0)), used)
