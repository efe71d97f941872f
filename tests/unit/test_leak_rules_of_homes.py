# SPDX-License-Identifier: EUPL-1.2
"""The rules for single homes, each alone: it fires; it keeps quiet on the nearest innocent case."""

import json

import pytest

from edge_gateway.leaks.rules.floor_flow import KEPT_QUARTERS, MOST, ONE, FloorFlow
from edge_gateway.leaks.rules.growing_flow import GrowingFlow
from edge_gateway.leaks.rules.intermittent_flow import IntermittentFlow
from edge_gateway.leaks.slot import Slot
from edge_gateway.leaks.stretch import Meter, Stretch
from edge_gateway.leaks.table import Table
from edge_gateway.leaks.verdict import Cleared, Raised
from tests.leak_builders import MONDAY_S

HOME, BLOCK, UNKNOWN = Meter(households=1), Meter(households=24), Meter()
QUARTER_S, HOUR_S = 900, 3600
LITRE = 1000


class Quarters:
    """Shows quarters of an hour to the rule, one after the other."""

    def __init__(self, meter=HOME):
        self.rule, self.meter = FloorFlow(), meter
        self.at_s, self.verdicts = MONDAY_S, []

    def show(self, number, *, still_s, amount, step=LITRE, every_s=60):
        for _ in range(number):
            hour = self.at_s // HOUR_S % 24
            ended_at_s = self.at_s + QUARTER_S
            slot = Slot(
                *(self.at_s, ended_at_s, amount, step, hour, False, still_s, self.rule.is_open),
                every_s,
            )
            verdict = self.rule.look(slot, self.meter)
            self.verdicts += [verdict] if verdict else []
            self.at_s = ended_at_s


def test_a_night_without_the_stillness_it_used_to_have_is_raised_with_its_flow():
    quarters = Quarters()
    quarters.show(96, still_s=3 * HOUR_S, amount=0)
    begun_s = quarters.at_s
    quarters.show(32, still_s=720, amount=1250)
    [raised] = quarters.verdicts
    assert raised.started_at_s == begun_s
    assert raised.flow_low <= 5 * LITRE <= raised.flow_high
    assert 0 < len(raised.hours) <= 6


def test_a_busy_hour_is_not_enough():
    quarters = Quarters()
    for _ in range(12):
        quarters.show(4, still_s=720, amount=20 * LITRE)
        quarters.show(4, still_s=2 * HOUR_S, amount=0)
    assert quarters.verdicts == []


def test_a_home_that_is_always_restless_at_this_hour_teaches_the_rule_so():
    used_to_it = Quarters()
    for _ in range(21):  # days: until noon it is busy for two hours, then again after an hour
        for _ in range(8):
            used_to_it.show(8, still_s=720, amount=20 * LITRE)
            used_to_it.show(4, still_s=3 * HOUR_S, amount=0)
    stranger = Quarters()
    for quarters in (stranger, used_to_it):
        quarters.show(16, still_s=720, amount=20 * LITRE)
    assert sum(used_to_it.rule.weights) < sum(stranger.rule.weights)


def learned_of(distances_s):
    """Return how much is known after quarters whose readings were at most so far apart."""
    quarters = Quarters()
    for place, every_s in enumerate(distances_s):
        amount, still_s = (0, 2 * HOUR_S) if place % 4 > 1 else (20 * LITRE, 200)
        quarters.show(1, still_s=still_s, amount=amount, every_s=every_s)
    return sum(quarters.rule.learned)


def test_lost_telegrams_unlearn_nothing():
    assert learned_of([60] * 200 + [600] + [60] * 20 + [300] * 2 + [60] * 20) > learned_of(
        [60] * 220
    )


def test_another_interval_is_learned_anew():
    assert learned_of([60] * 200 + [600] * 20) < learned_of([60] * 40)


def test_a_block_is_never_judged_by_its_stillness():
    quarters = Quarters(BLOCK)
    quarters.show(500, still_s=0, amount=50 * LITRE)
    assert quarters.verdicts == []


def test_stillness_that_is_back_clears_it_with_what_was_lost():
    quarters = Quarters()
    quarters.show(48, still_s=720, amount=1250)
    quarters.show(24, still_s=6 * HOUR_S, amount=0)
    raised, cleared = quarters.verdicts
    assert isinstance(cleared, Cleared)
    assert raised.volume < cleared.volume <= 48 * 1250


def test_a_still_hour_does_not_clear_it():
    quarters = Quarters()
    quarters.show(48, still_s=720, amount=1250)
    quarters.show(4, still_s=HOUR_S, amount=0)
    quarters.show(48, still_s=720, amount=1250)
    assert [type(verdict) for verdict in quarters.verdicts] == [Raised]


def drip(rule, minutes, every_min, *, meter=HOME, from_s=MONDAY_S, step=LITRE):
    """Show minutes in which one step passes every so many; return what it says, and when."""
    said = []
    for minute in range(minutes):
        at_s = from_s + 60 * minute
        amount = step if minute % every_min == 0 else 0
        verdict = rule.look(Stretch(at_s, at_s + 60, amount, step), meter)
        said += [(at_s + 60, verdict)] if verdict else []
    return said


def test_a_drip_is_told_with_its_exact_flow():
    [(raised_at_s, raised)] = drip(IntermittentFlow(), 240, 12)
    assert raised_at_s <= MONDAY_S + 3 * HOUR_S
    assert raised.flow == pytest.approx(5 * LITRE, rel=0.02)
    assert "every 12 minutes" in raised.explanation


def test_a_drip_in_a_block_is_left_to_its_flats():
    assert drip(IntermittentFlow(), 600, 12, meter=BLOCK) == []


def test_a_drip_that_stopped_is_cleared_and_its_volume_told():
    rule = IntermittentFlow()
    drip(rule, 240, 12)
    [(_, cleared)] = drip(rule, 240, 10_000, from_s=MONDAY_S + 240 * 60)
    assert isinstance(cleared, Cleared)
    assert cleared.volume == pytest.approx(20 * LITRE, abs=2 * LITRE)


def test_a_gap_breaks_a_chain_and_does_not_clear_a_finding():
    rule = IntermittentFlow()
    drip(rule, 240, 12)
    until_s = MONDAY_S + 240 * 60 + 3 * HOUR_S
    assert rule.look(Stretch(until_s - 3 * HOUR_S, until_s, 15 * LITRE, LITRE), HOME) is None
    assert drip(rule, 240, 12, from_s=until_s) == []


def days_with_least(rule, flows_l_per_h, meter=HOME):
    """Show days of hours whose least passes so much; return what the rule says."""
    said = []
    for day, least in enumerate(flows_l_per_h):
        for hour in range(24):
            at_s = MONDAY_S + (24 * day + hour) * HOUR_S
            amount = (least if hour == 3 else least + 20) * LITRE
            slot = Slot(at_s, at_s + HOUR_S, amount, LITRE, hour, False, 0, False, QUARTER_S)
            said.append(rule.look(slot, meter))
    return [verdict for verdict in said if verdict]


def test_a_least_hour_that_grows_three_days_running_is_raised():
    [raised] = days_with_least(GrowingFlow(), [0, 2, 4, 7, 7])
    assert raised.flow == 7 * LITRE
    assert "0, 2, 4, 7 l" in raised.explanation


@pytest.mark.parametrize("flows", [[0, 2, 4, 3, 5, 7], [20, 22, 24, 26], [5] * 9, [0] * 9])
def test_one_that_wavers_creeps_or_stays_is_not(flows):
    assert days_with_least(GrowingFlow(), flows) == []


def test_a_main_of_unknown_size_that_grows_is_people_coming_home():
    assert days_with_least(GrowingFlow(), [20, 40, 80, 160], UNKNOWN) == []
    assert days_with_least(GrowingFlow(), [0, 20, 40, 80], UNKNOWN) != []


def test_growth_that_fell_back_by_half_is_cleared():
    assert isinstance(days_with_least(GrowingFlow(), [0, 2, 4, 7, 3])[-1], Cleared)


def test_what_a_rule_remembers_stays_small():
    """Every counter and time at its most, a day of amounts as ordinary litres."""
    floor, refills = FloorFlow(), IntermittentFlow()
    for rule in (floor, refills):
        for name, value in vars(rule).items():
            if isinstance(value, Table):
                setattr(rule, name, Table(0, value.bits, [(1 << value.bits) - 1] * len(value)))
            elif value == 0:
                setattr(rule, name, 1_795_000_000)
    floor.weights = [MOST * ONE] * len(floor.weights)
    floor.recent = [12_000] * KEPT_QUARTERS
    for rule, most_bytes in ((floor, 900), (refills, 620)):
        dumped = json.dumps(vars(rule), separators=(",", ":"), default=Table.dump)
        assert len(dumped) <= most_bytes
