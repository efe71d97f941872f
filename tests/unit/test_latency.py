# SPDX-License-Identifier: EUPL-1.2
from simulators.latency import LatencyTracker


def reached_at(dial: dict[int, float]) -> LatencyTracker:
    return LatencyTracker(lambda _, register: dial.get(register))


def test_a_delay_runs_from_the_dial_to_the_api():
    tracker = reached_at({10: 100.0, 11: 101.0})
    tracker.observe("sp", 10, 100.5)
    tracker.observe("sp", 11, 101.75)
    assert tracker.quantile_s(0.5) == 0.75


def test_the_first_register_tells_nothing_because_its_dial_may_have_stood_still():
    tracker = reached_at({10: 100.0})
    tracker.observe("sp", 10, 500.0)
    assert tracker.quantile_s(0.99) is None


def test_a_register_that_stands_still_is_not_counted_again():
    tracker = reached_at({10: 100.0, 11: 101.0})
    for arrived_s in (100.1, 101.5, 102.5, 103.5):
        tracker.observe("sp", 10 if arrived_s < 101 else 11, arrived_s)
    assert tracker.count == 1


def test_a_register_that_no_dial_ever_showed_is_counted_apart():
    tracker = reached_at({10: 100.0})
    tracker.observe("sp", 10, 100.5)
    tracker.observe("sp", 12, 101.5)
    assert (tracker.never_shown, tracker.count) == (1, 0)
