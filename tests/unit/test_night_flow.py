# SPDX-License-Identifier: EUPL-1.2
"""AC-87 and its neighbours: mains of many households, which are never still."""

import random

import pytest

from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import Meter
from tests.gateway_builders import NODE, NOON_S
from tests.leak_builders import length_remembered

COLD = "8-0:1.0.0"
HOUR_S, DAY_S = 3600, 86_400
RISER = Meter(meter_id="m-riser", q3_l_per_h=6300, households=24)
# What 24 homes use in each hour of the day, in l: about what sums of real ones do.
USUAL_L = (38, 24, 18, 20, 50, 170, 255, 300, 360, 370, 330, 285)
USUAL_L += (255, 240, 225, 245, 260, 295, 355, 390, 320, 210, 130, 75)
VARIES = 0.45  # of the logarithm, from day to day


class Riser:
    """A main read every so often; the same seed uses the same water, whatever leaks."""

    def __init__(self, meter=RISER, *, every_s=HOUR_S, seed=1, timezone="Europe/Sofia"):
        self.monitor = Monitor(timezone)
        self.monitor.know({(NODE, COLD): meter})
        self.chance = random.Random(seed)  # noqa: S311 - the same days every time
        self.every_s, self.at_s, self.passed_l = every_s, NOON_S, 0.0
        self.told = []
        self.read()

    def read(self):
        self.told += self.monitor.look(
            node_id=NODE,
            obis=COLD,
            register=int(self.passed_l) * 1000,
            read_at_s=self.at_s,
            now_s=self.at_s,
        )

    def live(self, days, *, leak_l_per_h=0.0, times=1.0):
        for _ in range(round(days * 24)):
            usual_l = USUAL_L[(self.at_s // HOUR_S + 2) % 24]
            varied_l = times * usual_l * self.chance.lognormvariate(0, VARIES)
            for _ in range(HOUR_S // self.every_s):
                self.passed_l += (varied_l + leak_l_per_h) * self.every_s / HOUR_S
                self.at_s += self.every_s
                self.read()

    def found(self, state="raised"):
        """Return the findings, once each."""
        return list({one.finding_id: one for one in self.told if one.state == state}.values())


@pytest.mark.parametrize("every_s", [HOUR_S, 900])
def test_a_leak_in_a_riser_is_found_within_a_week_and_its_flow_told(every_s):
    riser = Riser(every_s=every_s)
    riser.live(40)
    began_s = riser.at_s
    riser.live(7, leak_l_per_h=40)
    [finding] = riser.found()
    assert finding.kind == "night_flow"
    assert finding.raised_at_s > began_s
    assert finding.flow_low_l_per_h <= 40 <= finding.flow_high_l_per_h
    assert abs(finding.started_at_s - began_s) < 2 * DAY_S
    assert len(finding.hours) == 6


@pytest.mark.parametrize("seed", range(3))
def test_a_riser_that_never_stands_still_has_no_standing_alarm(seed):
    riser = Riser(seed=seed)
    riser.live(90)
    assert riser.told == []


def test_one_night_with_a_tap_left_open_is_no_leak():
    riser = Riser()
    riser.live(40.5)
    riser.live(0.5, leak_l_per_h=100)
    riser.live(7)
    assert riser.told == []


def test_a_season_that_lets_everybody_use_more_is_no_leak():
    riser = Riser()
    riser.live(40)
    for week in range(12):
        riser.live(7, times=1 + 0.05 * week)
    assert riser.told == []


def test_a_repaired_leak_is_cleared_within_days_with_what_it_lost():
    riser = Riser()
    riser.live(40)
    riser.live(10, leak_l_per_h=60)
    repaired_s = riser.at_s
    riser.live(6)
    [cleared] = riser.found("cleared")
    assert cleared.cleared_at_s - repaired_s < 5 * DAY_S
    assert cleared.volume_l == pytest.approx(10 * 24 * 60, rel=0.4)


def test_flow_that_stays_for_good_counts_as_usual_after_four_weeks_and_is_said_to():
    riser = Riser()
    riser.live(40)
    riser.live(60, leak_l_per_h=60)
    [cleared] = riser.found("cleared")
    assert "may still be a leak" in cleared.explanation
    assert riser.monitor.open_findings() == []


def test_nothing_is_found_in_hours_that_were_not_read():
    riser = Riser()
    riser.live(40)
    for _ in range(40):  # read by day only: a night is a gap
        riser.live(0.5)
        riser.at_s += DAY_S // 2
        riser.passed_l += 12 * 100
    assert riser.told == []


def test_days_that_were_not_read_do_not_end_a_leak():
    riser = Riser()
    riser.live(40)
    riser.live(7, leak_l_per_h=40)
    riser.at_s += 3 * DAY_S
    riser.live(1, leak_l_per_h=40)
    assert riser.found("cleared") == []
    assert [one.kind for one in riser.monitor.open_findings()] == ["night_flow"]


def test_a_clock_that_is_hours_off_is_learned_like_any_other():
    riser = Riser(timezone="Asia/Tokyo")
    riser.live(40)
    assert riser.told == []
    riser.live(7, leak_l_per_h=40)
    assert [one.kind for one in riser.found()] == ["night_flow"]


def test_a_main_nobody_described_is_judged_once_it_was_never_still():
    riser = Riser(Meter())
    riser.live(40)
    riser.live(7, leak_l_per_h=40)
    assert "night_flow" in {kind for one in riser.told for kind in one.kinds}


def test_three_homes_are_left_to_the_rules_for_homes():
    riser = Riser(Meter(households=3))
    riser.live(40)
    riser.live(7, leak_l_per_h=40)
    assert "night_flow" not in {kind for one in riser.told for kind in one.kinds}
    [memory] = riser.monitor.take_changed().values()
    assert length_remembered(memory, "night_flow") < 400


def test_what_was_learned_survives_a_restart_and_is_small():
    riser, twin = Riser(), Riser()
    for one in (riser, twin):
        one.live(40)
        one.live(1, leak_l_per_h=40)
    memories = twin.monitor.take_changed()
    [memory] = memories.values()
    assert length_remembered(memory, "night_flow") < 900
    twin.monitor = Monitor()
    twin.monitor.know({(NODE, COLD): RISER})
    twin.monitor.restore(memories)
    for one in (riser, twin):
        one.live(6, leak_l_per_h=40)
    assert riser.told
    assert twin.told == riser.told
