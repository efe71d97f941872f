# SPDX-License-Identifier: EUPL-1.2
"""The rules that ours are compared with: each fires where its maker says, and not just short of it.

Days of a home by the minute in steps of 1 l: a leak, and 60 l drawn from seven to eight.
"""

import numpy as np
import pytest

from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals import home_sensors, hours, iperl, kamstrup, night
from tests.benchmark.leaks.rivals.rival import DAY_S, HOUR_S, Rival

FROM_S = 1_704_067_200  # midnight
LEAK_FROM_S = FROM_S + 30 * DAY_S
# These time single draws, and an hour's draw is one.
TIMED = ("Flume", "Phyn", "Kamstrup BURST")
EVERY = {
    rival.name: rival
    for module in (home_sensors, hours, iperl, kamstrup, night)
    for rival in module.RIVALS
}


def a_home(
    leak_l_per_h: float,
    *,
    for_s: int = 5 * DAY_S,
    pausing_s: tuple[int, int] = (0, 0),
    interval_s: int = 60,
    used_l: int = 60,
) -> Readings:
    """Return the readings of a home; the leak may pause from and until so long after it began."""
    read_at_s = np.arange(FROM_S, LEAK_FROM_S + 5 * DAY_S, interval_s)
    day, second = np.divmod(read_at_s - FROM_S, DAY_S)
    used_ml = 1000 * used_l * (day + np.clip((second - 7 * HOUR_S) / HOUR_S, 0, 1))
    since_s = np.clip(read_at_s - LEAK_FROM_S, 0, for_s)
    paused_s = np.clip(since_s - pausing_s[0], 0, pausing_s[1] - pausing_s[0])
    register_ml = used_ml + (since_s - paused_s) * leak_l_per_h / 3.6
    return Readings(
        read_at_s=read_at_s,
        register_ml=register_ml.astype(np.int64) // 1000 * 1000,
        step_ml=1000,
        interval_s=interval_s,
    )


def raised_h(name: str, readings: Readings) -> list[float]:
    """Return how long after the leak began each alarm came, in whole hours."""
    rival = EVERY[name]
    learned = rival.learn(readings.between(0, LEAK_FROM_S))
    alarms = rival.alarms(readings, learned, rival.threshold)
    return [round((one.raised_at_s - LEAK_FROM_S) / HOUR_S, 1) for one in alarms]


@pytest.mark.parametrize(
    ("name", "leak_l_per_h", "after_h"),
    [
        ("Kamstrup LEAK 1", 25, 24),
        ("Kamstrup BURST 10%", 300, 0.5),
        ("iPERL 24 h", 5, 24),
        ("iPERL+ 24 h", 25, 24),
        ("iPERL+ 72 h", 25, 72),
        ("iPERL+ high", 5800, 1),
        ("Badger", 4, 24),
        ("Unitywater", 22, 48),
        ("Flume 2 h", 25, 2),
        ("Flume high", 1200, 0.2),
        ("Phyn low, default", 90, 0.3),
        ("Phyn high", 1920, 0.1),
        ("Night minimum 20%", 2, 5),
    ],
)
def test_a_leak_as_large_as_the_rule_says_is_raised(name: str, leak_l_per_h: int, after_h: float):
    used_l = 0 if name.startswith(TIMED) else 60
    found = raised_h(name, a_home(leak_l_per_h, used_l=used_l))
    assert found[0] == pytest.approx(after_h, abs=0.6)


@pytest.mark.parametrize(
    ("name", "leak_l_per_h", "for_s"),
    [
        ("Kamstrup LEAK 1", 25, 23 * HOUR_S),
        ("Kamstrup BURST 10%", 225, DAY_S),
        ("Kamstrup BURST 10%", 300, 1700),
        ("iPERL 24 h", 5, 20 * HOUR_S),
        ("iPERL+ 24 h", 18, 2 * DAY_S),
        ("iPERL+ 72 h", 25, 70 * HOUR_S),
        ("iPERL+ high", 5800, 3400),
        ("Badger", 2.5, 2 * DAY_S),
        ("Unitywater", 19, 3 * DAY_S),
        ("Unitywater", 22, 47 * HOUR_S),
        ("Flume 2 h", 25, 6500),
        ("Flume high", 1050, DAY_S),
        ("Phyn low, default", 90, 1100),
        ("Phyn low, default", 20, DAY_S),
        ("Phyn high", 1680, 1200),
        ("Night minimum 20%", 0.5, 2 * DAY_S),
    ],
)
def test_just_short_of_it_nothing_is_raised(name: str, leak_l_per_h: float, for_s: int):
    used_l = 0 if name.startswith(TIMED) else 60
    assert raised_h(name, a_home(leak_l_per_h, for_s=for_s, used_l=used_l)) == []


@pytest.mark.parametrize("name", ["Kamstrup LEAK 1", "Badger", "iPERL 24 h"])
def test_a_rule_of_24_hours_is_defeated_by_one_quiet_hour(name: str):
    paused = a_home(25, for_s=30 * HOUR_S, pausing_s=(12 * HOUR_S, 14 * HOUR_S))
    assert raised_h(name, paused) == []


@pytest.mark.parametrize("name", ["Kamstrup LEAK 1", "Badger", "iPERL 24 h", "iPERL+ 24 h"])
def test_it_works_on_hourly_readings_as_well(name: str):
    assert raised_h(name, a_home(30, interval_s=3600))[0] == pytest.approx(24, abs=1)
    assert raised_h(name, a_home(0, interval_s=3600)) == []


def test_phyn_learns_that_a_home_draws_for_long():
    quiet = a_home(0)
    assert raised_h("Phyn low, default", quiet) != []
    assert raised_h("Phyn low, learned", quiet) == []


def test_an_alarm_is_over_when_the_flow_is():
    rival: Rival = EVERY["Kamstrup LEAK 1"]
    (found,) = rival.alarms(a_home(25, for_s=30 * HOUR_S), None, 0.0)
    # Raised after 24 hours; it ran for 30, and then an hour was still.
    assert found.cleared_at_s == pytest.approx(found.raised_at_s + 7 * HOUR_S, abs=300)


def test_a_chart_of_nights_tells_a_leak_from_nights_as_ever():
    assert len(night.ewma(a_home(5), None, 6.0)) == 1
    assert night.ewma(a_home(0), None, 6.0) == []
