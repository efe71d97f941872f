# SPDX-License-Identifier: EUPL-1.2
"""Gas that no longer stops, and standby that has risen; read every hour."""

import random

import pytest

from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import ELECTRICITY, GAS, Meter
from tests.gateway_builders import NODE, NOON_S

OBIS = {GAS: "7-0:3.0.0", ELECTRICITY: "1-0:1.8.0"}
HOUR_S, DAY_S = 3600, 86400
MIDNIGHT_S = NOON_S - NOON_S % DAY_S
STEP = {GAS: 10_000, ELECTRICITY: 1000}  # a pulse of 10 l; 1 Wh
FAMILY = (7, 8, 12, 18, 19, 20, 21)  # hours in which gas burns in summer


class Premises:
    """A meter read every hour; ``on`` is what flows on besides, in ml/h or mW."""

    def __init__(self, utility, *, seed=1):
        self.utility, self.on, self.passed, self.at_s = utility, 0, 0, MIDNIGHT_S
        self.chance = random.Random(seed)  # noqa: S311 - the same home every time
        self.monitor, self.told = Monitor(timezone="UTC"), []
        key = (NODE, OBIS[utility])
        self.monitor.know({key: Meter(meter_id="m-1", utility=utility)})
        self.read()

    def read(self):
        self.told += self.monitor.look(
            node_id=NODE,
            obis=OBIS[self.utility],
            register=self.passed // STEP[self.utility] * STEP[self.utility],
            read_at_s=self.at_s,
            now_s=self.at_s,
        )

    def hour(self, amount, *, unread=False):
        self.passed += amount + self.on
        self.at_s += HOUR_S
        if not unread:
            self.read()

    def summer(self, days, *, on=None):
        """Cook and wash; at night, nothing."""
        self.on = self.on if on is None else on
        for hour in range(24 * days):
            used = hour % 24 in FAMILY and self.chance.random() < 0.8
            self.hour(self.chance.randrange(30_000, 600_000) if used else 0)

    def winter(self, days):
        """Heat from six to ten at night; in a cold spell the boiler never rests."""
        for hour in range(24 * days):
            heats = 6 <= hour % 24 < 22
            self.hour(self.chance.randrange(600_000, 1_800_000) if heats else 0)

    def cold_spell(self, days):
        for _ in range(24 * days):
            self.hour(self.chance.randrange(500_000, 2_500_000))

    def home(self, days, *, on=None):
        """Use electricity by day; a fridge and little else by night."""
        self.on = self.on if on is None else on
        for hour in range(24 * days):
            asleep = hour % 24 < 6
            self.hour(self.chance.randrange(55_000, 70_000 if asleep else 900_000))

    def found(self, state="raised"):
        one = {f.finding_id: f for f in self.told if f.state == state and f.kind in KINDS}
        return list(one.values())


KINDS = ("gas_flow", "standby")


def a_leaking_home(l_per_h=25):
    home = Premises(GAS)
    home.summer(28)
    started_s = home.at_s
    home.summer(3, on=l_per_h * 1000)
    return home, started_s


@pytest.mark.parametrize(("l_per_h", "within_h"), [(5, 72), (10, 48), (25, 24), (100, 24)])
def test_gas_that_no_longer_stops_is_found(l_per_h, within_h):
    home, started_s = a_leaking_home(l_per_h)
    [finding] = home.found()
    assert finding.kind == "gas_flow"
    assert finding.raised_at_s - started_s <= within_h * HOUR_S
    assert finding.flow_low_l_per_h <= l_per_h <= finding.flow_high_l_per_h


def test_a_gas_finding_says_that_it_is_no_safety_device():
    home, _ = a_leaking_home()
    [finding] = home.found()
    assert "no safety device" in finding.explanation
    assert "leave" in finding.explanation


def test_a_pilot_light_from_the_first_day_is_ordinary():
    home = Premises(GAS)
    home.summer(60, on=10_000)
    assert home.found() == []


def test_a_leak_beside_a_pilot_light_is_found():
    home = Premises(GAS)
    home.summer(40, on=10_000)
    home.summer(4, on=60_000)
    assert len(home.found()) == 1


def test_heating_that_begins_and_a_cold_spell_are_ordinary():
    home = Premises(GAS)
    home.summer(28)
    home.winter(10)
    home.cold_spell(4)
    home.winter(5)
    assert home.found() == []


def test_coming_back_from_holidays_is_ordinary():
    home = Premises(GAS)
    home.summer(20)
    for _ in range(14 * 24):
        home.hour(0)
    home.summer(14)
    assert home.found() == []


def test_a_mended_leak_clears_and_stays_cleared():
    home, _ = a_leaking_home()
    mended_s = home.at_s
    home.summer(5, on=0)
    [cleared] = home.found("cleared")
    assert cleared.cleared_at_s - mended_s <= DAY_S
    assert len(home.found()) == 1


@pytest.mark.parametrize("on", [25_000, 0], ids=["it goes on", "it is mended meanwhile"])
def test_a_gap_of_three_hours_clears_no_leak(on):
    home, _ = a_leaking_home()
    told = len(home.found("cleared"))
    home.on = on
    for hour in range(3):
        home.hour(0, unread=hour < 2)
    assert len(home.found("cleared")) == told == 0


def test_gas_that_passed_in_gaps_raises_nothing():
    home = Premises(GAS)
    home.summer(28)
    for hour in range(24 * 4):
        home.hour(25_000, unread=hour % 3 != 2)
    assert home.found() == []


def test_what_a_gas_meter_is_remembered_by_stays_small():
    home, _ = a_leaking_home()
    [memory] = home.monitor.take_changed().values()
    assert len(memory) < 4096


def test_standby_that_has_risen_is_found_within_a_week():
    home = Premises(ELECTRICITY)
    home.home(60)
    started_s = home.at_s
    home.home(8, on=40_000)
    [finding] = home.found()
    assert finding.kind == "standby"
    assert finding.raised_at_s - started_s <= 7 * DAY_S
    assert finding.flow_low_w <= 40 <= finding.flow_high_w
    assert finding.energy_wh > 0
    assert finding.flow_l_per_h is None


def test_busier_days_and_two_sleepless_nights_are_no_standby():
    home = Premises(ELECTRICITY)
    home.home(60)
    home.home(2, on=300_000)
    home.home(5, on=0)
    assert home.found() == []


def test_standby_as_before_clears():
    home = Premises(ELECTRICITY)
    home.home(60)
    home.home(9, on=80_000)
    home.home(4, on=0)
    assert len(home.found()) == len(home.found("cleared")) == 1


def test_a_new_freezer_is_ordinary_after_four_weeks_and_not_raised_again():
    home = Premises(ELECTRICITY)
    home.home(60)
    home.home(120, on=80_000)
    assert len(home.found()) == 1
    [cleared] = home.found("cleared")
    assert "taken for ordinary" in cleared.explanation


def test_a_power_cut_between_readings_forgets_nothing_of_gas():
    home, _ = a_leaking_home()
    memories = home.monitor.take_changed()
    home.monitor.restore(memories)
    home.summer(2)
    assert len(home.found()) == 1
    home.summer(3, on=0)
    assert len(home.found("cleared")) == 1
