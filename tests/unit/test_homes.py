# SPDX-License-Identifier: EUPL-1.2
"""Simulated homes: the figures pysimdeum 1.0.1 printed, and what a home does beside them.

Its figures are those of ``python -m tests.benchmark.leaks.homes_check``: 80 homes, 7 days each.
The mean of 80 homes is known to 16 l a day.
"""

from datetime import date

import numpy as np
import pytest

from simulators.homes import Habits, draws_of, household
from simulators.homes.habits import SIMDEUM

MONDAY = date(2025, 1, 6)
MAY = date(2025, 5, 1)


@pytest.fixture(scope="module")
def minutes():
    """Return 60 homes for 4 weeks, in ml, by home, day and hour."""
    homes = [household(seed, 28, MONDAY, SIMDEUM) for seed in range(60)]
    return np.array(homes).reshape(60, 28, 24, 60)


def test_a_home_draws_as_much_a_day_as_pysimdeums(minutes):
    assert minutes.sum(axis=(2, 3)).mean() / 1000 == pytest.approx(273, abs=35)


def test_its_hours_are_as_often_still(minutes):
    still = (minutes.sum(axis=3) == 0).mean(axis=(0, 1))
    assert still[3] == pytest.approx(0.93, abs=0.03)
    assert still[19] == pytest.approx(0.48, abs=0.06)


def test_the_same_seed_is_the_same_home_and_another_is_not():
    assert (household(7, 3, MONDAY) == household(7, 3, MONDAY)).all()
    assert (household(7, 3, MONDAY) != household(8, 3, MONDAY)).any()


def test_minutes_sum_to_what_was_drawn():
    draws = draws_of(5, 14, MONDAY)
    assert household(5, 14, MONDAY).sum() == pytest.approx(draws.volumes_ml().sum(), abs=1)


def test_nobody_draws_water_on_holiday():
    daily_ml = household(1, 365, MONDAY, Habits(holidays=3)).reshape(365, -1).sum(axis=1)
    assert (daily_ml == 0).sum() >= 3
    without = household(1, 365, MONDAY, Habits(holidays=0)).reshape(365, -1).sum(axis=1)
    assert (without == 0).sum() <= 2


def test_a_timer_waters_the_garden_while_nobody_is_at_home():
    away = Habits(holidays=400, visits=0)
    with_timer = Habits(holidays=400, visits=0, sprinkler=True)
    assert household(1, 30, MAY, away).sum() < household(1, 30, MAY, with_timer).sum() / 3


def test_a_winter_garden_is_not_watered():
    assert (household(1, 9, MONDAY) == household(1, 9, MONDAY, Habits(drip=True))).all()
