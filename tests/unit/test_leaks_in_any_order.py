# SPDX-License-Identifier: EUPL-1.2
"""Readings late, repeated and out of order: no false finding, and the same true ones."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import Meter
from tests.gateway_builders import NODE, NOON_S
from wire import quality

KEY = (NODE, "8-0:1.0.0")
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
HOME = Meter(meter_id="m-home", households=1)


def a_home(hours, *, leak_l_per_h=0, every_s=5 * MINUTE_S):
    """Return (Unix s, ml in whole litres): draws by day, stillness by night, perhaps a leak."""
    chance, passed_ml, readings = random.Random(11), 0.0, []  # noqa: S311 - the same home each time
    for number in range(hours * HOUR_S // every_s):
        at_s = number * every_s
        readings.append((NOON_S + at_s, int(passed_ml) // 1000 * 1000))
        is_awake = at_s % DAY_S < 10 * HOUR_S
        passed_ml += chance.uniform(5000, 40_000) if is_awake and chance.random() < 0.1 else 0
        passed_ml += leak_l_per_h * every_s / 3.6
    return readings


QUIET = a_home(48)
LEAKING = a_home(48, leak_l_per_h=40)


def found(readings, *, now_s=None, marks=()):
    """Return the findings of readings in the order given, as they were first and last told."""
    monitor, told = Monitor(), []
    monitor.know({KEY: HOME})
    for place, (read_at_s, register) in enumerate(readings):
        told += monitor.look(
            node_id=NODE,
            obis=KEY[1],
            register=register,
            read_at_s=read_at_s,
            now_s=now_s or read_at_s,
            quality=quality.ESTIMATED if place in marks else 0,
        )
    return told


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_no_order_of_a_quiet_homes_readings_is_a_leak(chance, reach):
    """Late by up to ``reach`` readings, some repeated, some lost."""
    late = sorted(range(len(QUIET)), key=lambda place: place + chance.uniform(0, reach))
    arrived = [QUIET[place] for place in late if chance.random() > 0.1]
    arrived = [one for one in arrived for _ in range(chance.choice((1, 1, 2)))]
    assert found(arrived, now_s=NOON_S + 48 * HOUR_S) == []


def test_no_shuffle_of_a_whole_history_is_a_leak():
    for seed in range(10):
        shuffled = random.Random(seed).sample(QUIET, len(QUIET))  # noqa: S311
        assert found(shuffled, now_s=NOON_S + 48 * HOUR_S) == []


def test_a_backlog_that_comes_late_gives_the_same_findings_dated_by_their_own_time():
    live = found(LEAKING)
    assert live
    assert found(LEAKING, now_s=NOON_S + 30 * DAY_S) == live


def test_repeats_change_nothing():
    twice = [one for one in LEAKING for _ in range(2)]
    assert found(twice) == found(LEAKING)


def split(readings, from_h, to_h):
    inside = [one for one in readings if from_h * HOUR_S < one[0] - NOON_S < to_h * HOUR_S]
    return [one for one in readings if one not in inside], inside


def states(told):
    return list(dict.fromkeys((one.finding_id, one.state) for one in told))


def test_three_hours_missing_or_estimated_inside_a_leak_neither_clear_nor_trigger_it():
    [(raised, _)] = states(found(LEAKING))
    raised_h = (found(LEAKING)[0].raised_at_s - NOON_S) // HOUR_S
    outside, _ = split(LEAKING, raised_h + 3, raised_h + 6)
    assert states(found(outside)) == [(raised, "raised")]
    flat = [
        (at_s, register // 10**7 * 10**7) for at_s, register in LEAKING
    ]  # what profiles fill in
    marks = {
        place
        for place, (at_s, _) in enumerate(LEAKING)
        if raised_h + 3 < (at_s - NOON_S) / HOUR_S < raised_h + 6
    }
    filled = [flat[place] if place in marks else one for place, one in enumerate(LEAKING)]
    assert states(found(filled, marks=marks)) == [(raised, "raised")]


def test_three_hours_missing_or_wildly_estimated_raise_nothing_at_a_quiet_home():
    outside, inside = split(QUIET, 20, 23)
    assert found(outside) == []
    marks = {QUIET.index(one) for one in inside}
    wild = [
        (at_s, register + 10**6) if place in marks else (at_s, register)
        for place, (at_s, register) in enumerate(QUIET)
    ]
    assert found(wild, marks=marks) == []
