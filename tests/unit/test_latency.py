# SPDX-License-Identifier: EUPL-1.2
from simulators.latency import LatencyTracker
from simulators.meters.dial import Dial


def a_dial(register: int = 9) -> Dial:
    return Dial(register, show=lambda shown: shown)


def test_a_delay_runs_from_the_dial_to_the_api():
    dial = a_dial()
    tracker = LatencyTracker({"sp": dial})
    dial.turn(1, 100.0)
    tracker.observe("sp", 10, 100.5)
    assert tracker.quantile_s(0.5) == 0.5
    dial.turn(1, 101.0)
    tracker.observe("sp", 11, 101.75)
    assert tracker.quantile_s(0.99) == 0.75


def test_a_register_from_before_the_watch_tells_nothing():
    tracker = LatencyTracker({"sp": a_dial()})
    tracker.observe("sp", 9, 500.0)
    assert (tracker.quantile_s(0.99), tracker.ahead_of_dial) == (None, 0)


def test_a_register_that_stands_still_is_not_counted_again():
    dial = a_dial()
    tracker = LatencyTracker({"sp": dial})
    dial.turn(1, 100.0)
    for arrived_s in (100.1, 101.5, 102.5):
        tracker.observe("sp", 10, arrived_s)
    assert tracker.count == 1


def test_a_register_that_its_dial_does_not_show_yet_is_counted_apart():
    tracker = LatencyTracker({"sp": a_dial()})
    tracker.observe("sp", 10, 101.5)
    assert (tracker.ahead_of_dial, tracker.count) == (1, 0)
