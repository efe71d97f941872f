# SPDX-License-Identifier: EUPL-1.2
"""A home read hourly: a steady flow beneath ordinary use is found; ordinary use is not."""

import random
from statistics import median

import pytest

from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.rules import discover
from edge_gateway.leaks.stretch import Meter
from edge_gateway.leaks.watched import Watched
from tests.gateway_builders import NODE
from tests.leak_builders import length_remembered

COLD = "8-0:1.0.0"
HOUR_S = 3600
MIDNIGHT_S = 1_795_212_000 - 1_795_212_000 % 86_400 - 2 * HOUR_S  # of Sofia in winter
NIGHT = range(7)


class Home:
    """A family that sleeps from midnight to seven, read about every hour."""

    def __init__(self, *rules, seed=1, households=1, step_l=1):
        self.monitor = Monitor()
        self.monitor._rules = {kind: discover()[kind] for kind in rules or ("steady_flow",)}
        self.monitor.know({(NODE, COLD): Meter(households=households)})
        self.chance = random.Random(seed)  # noqa: S311 - the same home every time
        self.at_s, self.passed_l, self.step_l = MIDNIGHT_S, 0.0, step_l
        self.findings = {}
        self.read()

    def read(self):
        for told in self.monitor.look(
            node_id=NODE,
            obis=COLD,
            register=int(self.passed_l / self.step_l) * self.step_l * 1000,
            read_at_s=self.at_s,
            now_s=self.at_s,
        ):
            self.findings.setdefault(told.finding_id, []).append(told)

    def live(self, days, *, leak_l_per_h=0.0, every_s=lambda _: HOUR_S):
        """Let so many days pass."""
        until_s = self.at_s + round(days * 24) * HOUR_S
        while self.at_s < until_s:
            length_s = every_s(self.chance)
            hour = (self.at_s - MIDNIGHT_S) // HOUR_S % 24
            draws = 0.05 if hour in NIGHT else 0.7
            if self.chance.random() < draws:
                self.passed_l += self.chance.choice((3, 6, 6, 9, 14, 25, 40, 70))
            self.passed_l += leak_l_per_h * length_s / HOUR_S
            self.at_s += length_s
            self.read()

    def raised(self):
        return [told[0] for told in self.findings.values()]

    def cleared(self):
        return [told[-1] for told in self.findings.values() if told[-1].state == "cleared"]


def hours_to_find(home, l_per_h, **how):
    started_s = home.at_s
    home.live(4, leak_l_per_h=l_per_h, **how)
    [finding] = home.raised()
    return (finding.raised_at_s - started_s) / HOUR_S, finding


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("l_per_h", "within_h"), [(5, 24), (25, 12), (100, 6)])
def test_a_steady_flow_is_found_the_sooner_the_larger_it_is(seed, l_per_h, within_h):
    home = Home(seed=seed)
    home.live(30)
    assert home.raised() == []
    delay_h, finding = hours_to_find(home, l_per_h)
    assert delay_h <= within_h
    assert finding.flow_low_l_per_h <= l_per_h <= finding.flow_high_l_per_h
    assert finding.flow_l_per_h == pytest.approx(l_per_h, rel=0.15)


def test_ninety_ordinary_days_raise_nothing():
    for seed in (4, 5):
        home = Home(seed=seed)
        home.live(90)
        assert home.raised() == []


def test_readings_40_to_90_minutes_apart_do_as_well():
    uneven = {"every_s": lambda chance: chance.randint(2400, 5400)}
    delays_h = []
    for seed in range(5, 10):
        home = Home(seed=seed)
        home.live(30, **uneven)
        delays_h.append(hours_to_find(home, 25, **uneven)[0])
    assert median(delays_h) <= 10


def test_an_evening_of_watering_is_no_leak():
    home = Home(seed=7)
    home.live(30.75)
    home.live(0.125, leak_l_per_h=200)
    home.live(2)
    assert home.raised() == []


def test_it_tells_since_when_and_the_hours_that_convinced_it():
    home = Home(seed=8)
    home.live(30)
    started_s = home.at_s
    _, finding = hours_to_find(home, 25)
    assert abs(finding.started_at_s - started_s) <= 2 * HOUR_S
    assert 1 <= len(finding.hours) <= 6
    assert all(25 <= litres <= 30 for _, litres in finding.hours)


def test_it_clears_after_three_hours_without_and_not_at_a_pause_of_one():
    home = Home(seed=9)
    home.live(30)
    home.live(1, leak_l_per_h=25)
    home.live(1 / 24)
    home.live(0.5, leak_l_per_h=25)
    assert (len(home.raised()), home.cleared()) == (1, [])
    home.live(1)
    [cleared] = home.cleared()
    assert cleared.volume_l == pytest.approx(25 * 36, rel=0.15)


def test_a_gap_inside_neither_clears_nor_raises():
    home = Home(seed=10)
    home.live(30)
    home.live(1, leak_l_per_h=25)
    home.at_s += 6 * HOUR_S
    home.read()
    assert (len(home.raised()), home.cleared()) == (1, [])
    quiet = Home(seed=10)
    quiet.live(30)
    quiet.at_s, quiet.passed_l = quiet.at_s + 6 * HOUR_S, quiet.passed_l + 600
    quiet.read()
    quiet.live(3)
    assert quiet.raised() == []


def test_what_keeps_ending_by_itself_is_told_less_often():
    home = Home(seed=11)
    home.live(30)
    for _ in range(6):
        home.live(0.5, leak_l_per_h=40)
        home.live(6.5)
    assert 1 <= len(home.raised()) <= 3


def test_a_leak_twice_as_long_is_told_all_the_same():
    home = Home(seed=11)
    home.live(30)
    for _ in range(3):
        home.live(0.5, leak_l_per_h=40)
        home.live(6.5)
    before = len(home.raised())
    home.live(3, leak_l_per_h=40)
    assert len(home.raised()) == before + 1


def test_many_homes_behind_one_meter_are_left_to_others():
    home = Home(seed=12, households=8)
    home.live(30)
    home.live(4, leak_l_per_h=100)
    assert home.raised() == []


@pytest.mark.parametrize("step_l", [1, 10])
def test_a_coarse_register_shows_a_flow_of_more_than_its_step(step_l):
    home = Home(seed=13, step_l=step_l)
    home.live(30)
    delay_h, _ = hours_to_find(home, 40)
    assert delay_h <= 24


def test_its_memory_is_small_and_survives_a_restart_in_the_middle():
    home, other = Home(seed=14), Home(seed=14)
    for each in (home, other):
        each.live(30)
        each.live(5 / 24, leak_l_per_h=25)
    memories = other.monitor.take_changed()
    other.monitor.restore(memories)
    for each in (home, other):
        each.live(2, leak_l_per_h=25)
    assert home.findings == other.findings
    assert len(home.findings) == 1
    watched: Watched = home.monitor._watched[NODE, COLD]
    assert length_remembered(watched.dump(), "steady_flow") < 1300


def test_a_drip_that_rests_an_hour_now_and_then_is_continuous_flow_once():
    home = Home("continuous_flow", seed=15)
    home.live(3, leak_l_per_h=2)
    for _ in range(3):
        home.at_s += HOUR_S
        home.read()
        home.live(2, leak_l_per_h=2)
    assert len(home.raised()) == 1


def test_hourly_readings_of_an_ordinary_home_are_not_continuous_flow():
    home = Home("continuous_flow", seed=16)
    home.live(60)
    assert home.raised() == []


def test_continuous_flow_needs_24_hours_of_hourly_readings_and_no_more():
    home = Home("continuous_flow", seed=17)
    home.live(20)
    delay_h, _ = hours_to_find(home, 5)
    assert 20 < delay_h <= 24
