# SPDX-License-Identifier: EUPL-1.2
"""AC-84 and its neighbours: what is wrong with the meter, not with the pipes."""

from datetime import date

import numpy as np
import pytest

from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.rules import sees_falls
from edge_gateway.leaks.rules.backflow import Backflow
from edge_gateway.leaks.rules.stuck import Stuck
from edge_gateway.leaks.stretch import GAS, Meter, Stretch
from edge_gateway.leaks.verdict import Raised
from simulators.homes import household
from tests.gateway_builders import NODE, NOON_S

COLD = "8-0:1.0.0"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
HOME = Meter(meter_id="m-home", households=1)
UNTOLD = Meter(meter_id="m-school")
BLOCK = Meter(meter_id="m-block", q3_l_per_h=6300, households=24)


class Dial:
    """A meter read every so often, and the two rules that watch it."""

    def __init__(self, meter, *, every_s=HOUR_S):
        self.meter, self.every_s, self.at_s = meter, every_s, NOON_S
        self.rules = [Stuck(), Backflow()]
        self.raised, self.cleared = [], []  # (kind, at_s, verdict)

    def read(self, ml):
        stretch = Stretch(self.at_s, self.at_s + self.every_s, ml, 1000)
        self.show(stretch)

    def show(self, stretch):
        for rule in self.rules:
            verdict = rule.look(stretch, self.meter) if _is_for(rule, stretch) else None
            if verdict is not None:
                told = self.raised if isinstance(verdict, Raised) else self.cleared
                told.append((rule.kind, stretch.ended_at_s, verdict))
        self.at_s = stretch.ended_at_s

    def live(self, days, *, rests_h=8, ml=20_000):
        """Use some every hour but the first few of each day."""
        for _ in range(days):
            for hour in range(24):
                self.read(0 if hour < rests_h else ml)

    def rest(self, for_s):
        for _ in range(for_s // self.every_s):
            self.read(0)

    def found(self):
        return [kind for kind, _, _ in self.raised]


def _is_for(rule, stretch):
    return stretch.amount >= 0 or sees_falls(rule)


def test_a_home_whose_register_froze_is_stuck_and_has_no_leak():
    hours_ml = household(1, 75, date(2025, 3, 1)).reshape(-1, 60).sum(axis=1)
    froze_h = 40 * 24
    hours_ml[froze_h:] = 0
    monitor, told = Monitor(), []
    monitor.know({(NODE, COLD): HOME})
    for hour, register_ml in enumerate(np.cumsum(hours_ml).tolist()):
        at_s = NOON_S + hour * HOUR_S
        told += monitor.look(
            node_id=NODE, obis=COLD, register=register_ml, read_at_s=at_s, now_s=at_s
        )
    froze_s = NOON_S + froze_h * HOUR_S
    [finding] = [one for one in told if one.raised_at_s > froze_s]
    assert (finding.kind, finding.flow_l_per_h, finding.volume_l) == ("stuck", 0, 0)
    assert finding.raised_at_s - froze_s <= 9 * DAY_S


def test_a_home_whose_register_froze_is_stuck_within_a_month():
    dial = Dial(HOME)
    dial.live(40)
    began_s = dial.at_s
    dial.rest(40 * DAY_S)
    [(kind, raised_at_s, _)] = dial.raised
    assert kind == "stuck"
    assert raised_at_s - began_s <= 9 * DAY_S


def test_a_week_of_holidays_is_no_fault():
    dial = Dial(HOME)
    dial.live(40)
    dial.rest(7 * DAY_S)
    dial.live(10)
    assert dial.raised == []


def test_a_house_of_the_weekend_is_given_longer_than_its_longest_absence():
    dial = Dial(HOME)
    dial.live(10)
    dial.rest(7 * DAY_S)
    dial.live(2)
    dial.rest(13 * DAY_S)
    dial.live(1)
    assert dial.raised == []


def test_a_stuck_meter_that_moves_again_is_cleared():
    dial = Dial(HOME)
    dial.live(40)
    dial.rest(40 * DAY_S)
    dial.live(1, rests_h=0)
    assert [kind for kind, _, _ in dial.cleared] == ["stuck"]


def test_premises_that_were_never_seen_in_use_are_left_alone():
    dial = Dial(HOME)
    dial.rest(60 * DAY_S)
    assert dial.raised == []


def test_a_main_of_many_homes_that_stands_still_is_stuck_within_hours():
    dial = Dial(BLOCK)
    dial.live(30, rests_h=2, ml=400_000)
    dial.rest(14 * HOUR_S)
    assert dial.found() == ["stuck"]


def test_a_main_whose_water_is_cut_for_a_working_day_is_not_stuck():
    dial = Dial(BLOCK)
    dial.live(30, rests_h=2, ml=400_000)
    dial.rest(8 * HOUR_S)
    dial.live(1, rests_h=0, ml=400_000)
    assert dial.raised == []


def test_a_main_that_nobody_has_told_of_is_known_by_never_resting():
    dial = Dial(UNTOLD)
    dial.live(30, rests_h=2)
    dial.rest(26 * HOUR_S)
    assert dial.found() == ["stuck"]


def test_a_school_may_close_for_the_weekend():
    dial = Dial(UNTOLD)
    dial.live(30, rests_h=10)
    dial.rest(3 * DAY_S)
    dial.live(1)
    assert dial.raised == []


def test_a_stillness_over_a_gap_counts_for_the_registers_did_not_move():
    dial = Dial(HOME)
    dial.live(40)
    dial.show(Stretch(dial.at_s, dial.at_s + 35 * DAY_S, 0, 1000))
    assert dial.found() == ["stuck"]


def test_gas_may_rest_all_summer():
    assert GAS not in Stuck.utilities


@pytest.mark.parametrize("every_s", [MINUTE_S, 300, 900, HOUR_S])
def test_a_register_that_keeps_running_backward_is_backflow(every_s):
    dial = Dial(HOME, every_s=every_s)
    began_s = dial.at_s
    for _ in range(max(3, 1200 // every_s)):
        dial.read(-5000)
    [(kind, raised_at_s, verdict)] = dial.raised
    assert kind == "backflow"
    assert raised_at_s - began_s == max(900, 3 * every_s)
    assert verdict.flow == 5000 * HOUR_S // every_s


def test_backflow_ends_with_an_hour_without_it():
    dial = Dial(HOME, every_s=MINUTE_S)
    for _ in range(20):
        dial.read(-1000)
    dial.rest(30 * MINUTE_S)
    assert dial.cleared == []
    dial.rest(40 * MINUTE_S)
    assert [kind for kind, _, _ in dial.cleared] == ["backflow"]


def test_one_fall_is_a_fault_of_the_data_or_an_exchanged_meter():
    dial = Dial(HOME, every_s=MINUTE_S)
    dial.read(-10_000_000)
    for _ in range(60):
        dial.read(500)
    dial.read(-3000)
    dial.rest(HOUR_S)
    assert "backflow" not in dial.found()


def test_a_register_that_flutters_by_a_litre_is_no_backflow():
    dial = Dial(HOME, every_s=900)
    for _ in range(50):
        dial.read(-1000)
        dial.read(1000)
    assert "backflow" not in dial.found()


def test_falls_faster_than_the_meter_can_run_are_no_backflow():
    dial = Dial(HOME, every_s=MINUTE_S)
    for _ in range(30):
        dial.read(-100_000)
    assert "backflow" not in dial.found()
