# SPDX-License-Identifier: EUPL-1.2
"""A dial is exact, shows what its meter can, and knows when it did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.meters import dial as dial_module
from simulators.meters.dial import Dial
from simulators.meters.leak_valve import LeakValve


def a_dial(register: int = 0, step: int = 10) -> Dial:
    return Dial(register, lambda exact: exact // step * step)


def test_a_dial_shows_whole_steps_and_forgets_no_remainder():
    dial = a_dial(register=7)
    dial.turn(2, at_s=1.0)
    assert dial.shown == 0
    dial.turn(1, at_s=2.0)
    assert (dial.shown, dial.register) == (10, 10)


def test_a_dial_never_turns_back():
    with pytest.raises(ValueError, match="by -1"):
        a_dial().turn(-1, at_s=0.0)


def test_a_dial_knows_when_it_first_showed_a_register():
    dial = a_dial()
    for second in range(1, 6):
        dial.turn(10, at_s=float(second))
    assert dial.first_reached(30) == 3.0
    assert dial.first_reached(31) == 4.0


def test_what_a_dial_showed_at_the_start_or_does_not_show_yet_has_no_time():
    dial = a_dial(register=100)
    dial.turn(10, at_s=1.0)
    assert dial.first_reached(100) is None
    assert dial.first_reached(111) is None


def test_a_dial_s_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dial_module, "CHANGES_KEPT", 100)
    dial = a_dial(step=1)
    for second in range(1000):
        dial.turn(1, at_s=float(second))
    assert dial.first_reached(990) == 989.0
    assert dial.first_reached(10) is None


@given(st.lists(st.integers(0, 10**9), max_size=50))
def test_a_dial_adds_without_drift(amounts: list[int]):
    dial = a_dial(register=2**53)
    for amount in amounts:
        dial.turn(amount, at_s=0.0)
    assert dial.register == 2**53 + sum(amounts)


@given(st.lists(st.integers(1, 997), min_size=1, max_size=200))
def test_a_leak_loses_nothing_between_its_steps(steps_ms: list[int]):
    valve = LeakValve()
    valve.open(7)
    assert sum(valve.leaked_ml(ms) for ms in steps_ms) == 7000 * sum(steps_ms) // 3_600_000


def test_a_closed_valve_lets_nothing_through():
    valve = LeakValve()
    valve.open(1000)
    valve.close()
    assert valve.leaked_ml(3_600_000) == 0


def test_a_leak_of_nothing_is_refused():
    with pytest.raises(ValueError, match="0 l/h"):
        LeakValve().open(0)
