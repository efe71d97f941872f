# SPDX-License-Identifier: EUPL-1.2
import json
import random
import tracemalloc
import zlib
from pathlib import Path

import pytest

from edge_gateway.leaks import rules
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import Meter
from tests.gateway_builders import NODE, NOON_S

COLD = "8-0:1.0.0"
SCHOOL = Meter(meter_id="m-school", q3_l_per_h=4000)
HOME = Meter(meter_id="m-home", q3_l_per_h=2500, households=1)
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
WATCHED = ("burst", "continuous_flow")  # here, so that a new rule changes none of these tests


class Dial:
    """A meter that is drawn from and read, as fine as its steps."""

    def __init__(self, meter=HOME, *, every_s=MINUTE_S, step_ml=1, kinds=WATCHED):
        self.monitor = Monitor()
        self.monitor._rules = {kind: rules.discover()[kind] for kind in kinds}
        self.monitor.know({(NODE, COLD): meter})
        self.every_s, self.step_ml = every_s, step_ml
        self.at_s, self.passed_ml = NOON_S, 0.0
        self.told, self.findings = [], []  # every word; the first and the last of each finding
        self.read()

    def read(self):
        register_ml = int(self.passed_ml) // self.step_ml * self.step_ml
        told = self.monitor.look(
            node_id=NODE, obis=COLD, register=register_ml, read_at_s=self.at_s, now_s=self.at_s
        )
        known = {(finding.finding_id, finding.state) for finding in self.told}
        self.told += told
        self.findings += [f for f in told if (f.finding_id, f.state) not in known]

    def flow(self, l_per_h, for_s, *, chance=None):
        """Let water flow for a while, unevenly if there is ``chance``; read as it does."""
        for _ in range(for_s // self.every_s):
            factor = chance.uniform(0.8, 1.2) if chance else 1
            self.passed_ml += l_per_h * factor * self.every_s / 3.6
            self.at_s += self.every_s
            self.read()

    def gap(self, l_per_h, for_s):
        """Let water flow unread."""
        self.passed_ml += l_per_h * for_s / 3.6
        self.at_s += for_s
        self.read()

    def found(self, kind, state="raised"):
        return [f for f in self.findings if (f.kind, f.state) == (kind, state)]


def an_ordinary_morning(dial):
    chance = random.Random(7)  # noqa: S311 - the same morning every time
    for _ in range(20):
        dial.flow(chance.uniform(60, 600), 2 * MINUTE_S, chance=chance)
        dial.flow(0, 3 * MINUTE_S)


def seconds_to_find_a_burst(dial):
    started_s = dial.at_s
    dial.flow(1920, 6 * MINUTE_S)
    [finding] = dial.found("burst")
    return finding.raised_at_s - started_s


def test_rules_are_found_not_listed():
    files = {file.stem for file in Path(rules.__path__[0]).glob("*.py")} - {"__init__"}
    assert set(rules.discover()) == files


@pytest.mark.parametrize("step_ml", [1, 1000])
def test_a_burst_at_a_school_is_raised_within_40_seconds(step_ml):
    dial = Dial(SCHOOL, every_s=1, step_ml=step_ml)
    an_ordinary_morning(dial)
    assert seconds_to_find_a_burst(dial) <= 40


@pytest.mark.parametrize("meter", [HOME, SCHOOL, Meter()], ids=["home", "school", "unknown"])
@pytest.mark.parametrize("step_ml", [1, 1000, 10_000])
def test_a_burst_is_raised_within_3_minutes_at_readings_a_minute_apart(meter, step_ml):
    dial = Dial(meter, step_ml=step_ml)
    an_ordinary_morning(dial)
    assert seconds_to_find_a_burst(dial) <= 180


def test_a_burst_says_when_it_began_and_how_much_it_is():
    dial = Dial(SCHOOL, every_s=1)
    an_ordinary_morning(dial)
    started_s = dial.at_s
    dial.flow(1920, MINUTE_S)
    [finding] = dial.found("burst")
    assert finding.started_at_s == started_s
    assert finding.flow_l_per_h == pytest.approx(1920, rel=0.01)
    assert finding.meter_id == "m-school"
    assert "1400 l/h" in finding.ordinary_use


@pytest.mark.parametrize("every_s", [1, 30, MINUTE_S])
@pytest.mark.parametrize("step_ml", [1, 1000, 10_000])
def test_filling_a_bath_is_no_burst(every_s, step_ml):
    dial = Dial(HOME, every_s=every_s, step_ml=step_ml)
    an_ordinary_morning(dial)
    dial.flow(900, 10 * MINUTE_S)
    assert dial.findings == []


def test_bath_and_shower_and_a_flush_at_once_are_no_burst():
    dial = Dial(HOME, every_s=1)
    an_ordinary_morning(dial)
    dial.flow(1440, 2 * MINUTE_S)
    dial.flow(1440 + 480, MINUTE_S)
    dial.flow(1440, 2 * MINUTE_S)
    assert dial.findings == []


@pytest.mark.parametrize("step_ml", [1, 1000, 10_000])
def test_a_morning_peak_in_a_building_is_no_burst(step_ml):
    dial = Dial(SCHOOL, every_s=1, step_ml=step_ml)
    dial.flow(800, 2 * HOUR_S, chance=random.Random(3))  # noqa: S311
    assert dial.findings == []


def test_a_burst_is_cleared_once_the_flow_has_been_ordinary_for_five_minutes():
    dial = Dial(SCHOOL, every_s=1)
    an_ordinary_morning(dial)
    dial.flow(1920, HOUR_S)
    mended_s = dial.at_s
    dial.flow(100, 4 * MINUTE_S)
    assert dial.found("burst", "cleared") == []
    dial.flow(100, 3 * MINUTE_S)
    [raised], [cleared] = dial.found("burst"), dial.found("burst", "cleared")
    assert cleared.finding_id == raised.finding_id
    assert mended_s + 300 <= cleared.cleared_at_s <= mended_s + 400
    assert cleared.volume_l == pytest.approx(1920, rel=0.02)


def test_an_open_finding_tells_how_much_is_lost_more_and_more_rarely():
    dial = Dial(SCHOOL, every_s=1)
    dial.flow(0, MINUTE_S)
    dial.flow(1920, 2 * HOUR_S)
    volumes = [finding.volume_l for finding in dial.told]
    assert volumes == sorted(set(volumes))
    assert volumes[-1] == pytest.approx(2 * 1920, rel=0.25)
    assert len(volumes) < 25
    assert len({finding.finding_id for finding in dial.told}) == 1


def test_a_finding_that_is_over_says_no_more():
    dial = Dial(SCHOOL, every_s=1)
    dial.flow(1920, 3 * MINUTE_S)
    dial.flow(0, HOUR_S)
    states = [finding.state for finding in dial.told]
    assert states.index("cleared") == len(states) - 1


def test_a_burst_that_pauses_for_a_minute_stays_one_burst():
    dial = Dial(SCHOOL, every_s=1)
    for _ in range(5):
        dial.flow(1920, 5 * MINUTE_S)
        dial.flow(0, MINUTE_S)
    assert len(dial.findings) == 1


def test_a_day_without_a_still_hour_is_continuous_flow():
    dial = Dial(step_ml=1000)
    dial.flow(4, DAY_S - HOUR_S)
    assert dial.findings == []
    dial.flow(4, 2 * HOUR_S)
    [finding] = dial.found("continuous_flow")
    assert finding.flow_l_per_h in (3, 4)  # an hour holds 3 or 4 whole litres of the register
    assert finding.started_at_s == NOON_S
    assert 3 * 24 <= finding.volume_l <= 4 * 24 + 4


def test_a_day_with_one_still_hour_is_not():
    dial = Dial(step_ml=1000)
    for _ in range(4):
        dial.flow(4, 22 * HOUR_S)
        dial.flow(0, HOUR_S + 15 * MINUTE_S)
    assert dial.findings == []


def test_continuous_flow_is_cleared_by_three_still_hours():
    dial = Dial(step_ml=1000)
    dial.flow(12, 30 * HOUR_S)
    dial.flow(0, 2 * HOUR_S)
    assert dial.found("continuous_flow", "cleared") == []
    dial.flow(0, 2 * HOUR_S)
    [cleared] = dial.found("continuous_flow", "cleared")
    assert cleared.finding_id == dial.found("continuous_flow")[0].finding_id
    assert cleared.volume_l == pytest.approx(12 * 30, rel=0.1)


def test_a_gap_does_not_help_a_day_to_be_full():
    dial = Dial(step_ml=1000)
    dial.flow(12, 20 * HOUR_S)
    dial.gap(12, 3 * HOUR_S)
    dial.flow(12, 3 * HOUR_S)
    assert dial.findings == []
    dial.flow(12, 2 * HOUR_S)
    assert len(dial.findings) == 1


@pytest.mark.parametrize("l_per_h", [0, 12, 4000])
def test_a_gap_of_three_hours_neither_clears_nor_raises(l_per_h):
    dial = Dial(step_ml=1000)
    dial.flow(12, 30 * HOUR_S)
    before = list(dial.findings)
    dial.gap(l_per_h, 3 * HOUR_S)
    assert dial.findings == before


def test_a_riser_of_many_homes_is_not_judged_by_its_stillness():
    dial = Dial(Meter(q3_l_per_h=4000, households=24))
    dial.flow(100, 3 * DAY_S)
    assert dial.findings == []


def test_one_wild_register_is_neither_flow_nor_harm():
    dial = Dial(SCHOOL, every_s=1)
    an_ordinary_morning(dial)
    dial.passed_ml += 10**9
    dial.flow(0, 5)
    dial.passed_ml -= 10**9
    dial.flow(0, 5)
    assert dial.findings == []
    an_ordinary_morning(dial)
    assert seconds_to_find_a_burst(dial) <= 40


def test_a_lower_register_begins_anew():
    dial = Dial()
    dial.flow(600, HOUR_S)
    dial.passed_ml = 0
    dial.flow(600, HOUR_S)
    assert dial.findings == []


def test_readings_that_come_late_change_nothing():
    dial = Dial(SCHOOL, every_s=1)
    an_ordinary_morning(dial)
    memory = (dial.monitor.take_changed(), list(dial.findings))
    now_s, now_ml = dial.at_s, dial.passed_ml
    for ago_s in (1000, 1, 0):
        dial.at_s, dial.passed_ml = now_s - ago_s, 0
        dial.read()
    assert dial.monitor.take_changed() == {}
    assert dial.findings == memory[1]
    dial.at_s, dial.passed_ml = now_s, now_ml
    assert seconds_to_find_a_burst(dial) <= 40


def test_a_reading_from_the_far_future_does_not_silence_the_meter():
    monitor = Monitor()

    def look(read_at_s, litres):
        return monitor.look(
            node_id=NODE, obis=COLD, register=litres * 1000, read_at_s=read_at_s, now_s=NOON_S
        )

    look(NOON_S, 0)
    look(NOON_S + 10 * DAY_S, 0)
    found = [look(NOON_S + minute * MINUTE_S, minute * 40) for minute in range(1, 8)]
    assert any(found)


def test_a_future_newest_reading_of_a_wrong_clock_is_given_up_once_the_time_is_known():
    monitor = Monitor()

    def look(read_at_s, litres, now_s):
        return monitor.look(
            node_id=NODE, obis=COLD, register=litres * 1000, read_at_s=read_at_s, now_s=now_s
        )

    look(NOON_S + 365 * DAY_S, 0, NOON_S + 365 * DAY_S)
    found = [look(NOON_S + minute * MINUTE_S, minute * 40, NOON_S) for minute in range(9)]
    assert any(found)


def test_a_finding_is_cleared_when_its_meter_turns_out_to_serve_many_homes():
    dial = Dial(Meter(q3_l_per_h=4000))
    dial.flow(100, 25 * HOUR_S)
    [raised] = dial.found("continuous_flow")
    dial.monitor.know({(NODE, COLD): Meter(q3_l_per_h=4000, households=24)})
    dial.flow(100, HOUR_S)
    [cleared] = dial.found("continuous_flow", "cleared")
    assert cleared.finding_id == raised.finding_id
    assert "24 homes" in cleared.explanation


def test_a_restart_in_the_middle_of_a_burst_is_not_noticed():
    dial, other = Dial(SCHOOL, every_s=1), Dial(SCHOOL, every_s=1)
    for each in (dial, other):
        an_ordinary_morning(each)
    memories = {}
    for _ in range(60):
        for each in (dial, other):
            each.flow(1920, 1)
        memories |= other.monitor.take_changed()
        other.monitor = Monitor()
        other.monitor.know({(NODE, COLD): SCHOOL})
        other.monitor.restore(memories)
    for each in (dial, other):
        each.flow(0, 10 * MINUTE_S)
    assert len(dial.findings) == 2
    assert other.findings == dial.findings


@pytest.mark.parametrize("has_changed", [True, False])
def test_what_a_rule_found_ends_after_a_restart_only_if_that_rule_remembers_otherwise(has_changed):
    dial = Dial(SCHOOL, every_s=1)
    an_ordinary_morning(dial)
    dial.flow(1920, 60)
    [(name, dumped)] = dial.monitor.take_changed().items()
    memory = json.loads(zlib.decompress(dumped))
    if has_changed:
        del memory["rules"]["burst"]["calm_s"]
    dial.monitor.restore({name: zlib.compress(json.dumps(memory).encode())})
    dial.flow(1920, 2)
    assert len(dial.found("burst", "cleared")) == has_changed


def test_memory_does_not_grow_with_readings():
    dial = Dial(every_s=1)
    an_ordinary_morning(dial)
    tracemalloc.start()
    dial.flow(100, 1000)
    before, _ = tracemalloc.get_traced_memory()
    dial.flow(100, 20_000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 10_000
