# SPDX-License-Identifier: EUPL-1.2
"""The rivals that learn: each finds a leak that has come, and none in weeks as ever.

Here and not among the unit tests, for their libraries are installed by ``make bench-leaks`` only.
"""

import numpy as np
import pytest

from tests.benchmark.leaks import rivals
from tests.benchmark.leaks.readings import Ints, Readings
from tests.benchmark.leaks.rivals.rival import DAY_S, HOUR_S

FROM_S = 1_704_067_200  # midnight
LEAK_FROM_S = FROM_S + 60 * DAY_S
UNTIL_S = LEAK_FROM_S + 10 * DAY_S
EVERY = {rival.name: rival for rival in rivals.discover()}
# In spreads, squares of them, or the forest's own measure.
LEARNED = {"river Page-Hinkley": 30.0, "ruptures": 200.0, "Isolation forest": 0.65}


def a_main(leak_l_per_h: float) -> Readings:
    """Return the hourly readings of a main: 10 l at night, 60 l by day, each give or take 2 l."""
    read_at_s: Ints = np.arange(FROM_S, UNTIL_S, HOUR_S)
    hour = read_at_s % DAY_S // HOUR_S
    used_l = np.where(hour < 6, 10, 60) + np.random.default_rng(1).uniform(-2, 2, len(hour))
    lost_l = np.maximum(read_at_s - LEAK_FROM_S, 0) * leak_l_per_h / HOUR_S
    register_ml = ((used_l.cumsum() + lost_l) * 1000).astype(np.int64)
    return Readings(
        read_at_s=read_at_s, register_ml=register_ml, step_ml=1, interval_s=HOUR_S, households=8
    )


def alarms_at_s(name: str, readings: Readings) -> list[int]:
    rival = EVERY[name]
    learned = rival.learn(readings.between(0, LEAK_FROM_S - 20 * DAY_S))
    return [one.raised_at_s for one in rival.alarms(readings, learned, LEARNED[name])]


@pytest.mark.parametrize("name", LEARNED)
def test_a_leak_that_has_come_is_found_within_the_week(name: str):
    first_s = alarms_at_s(name, a_main(20))[0]
    assert LEAK_FROM_S < first_s < LEAK_FROM_S + 7 * DAY_S


@pytest.mark.parametrize("name", LEARNED)
def test_weeks_as_ever_raise_nothing(name: str):
    assert alarms_at_s(name, a_main(0)) == []


def test_every_rival_says_where_its_rule_is_written():
    assert len(EVERY) > 20
    assert all(rival.source for rival in EVERY.values())
