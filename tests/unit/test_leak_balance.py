# SPDX-License-Identifier: EUPL-1.2
"""A main and the meters behind it: what is lost between them."""

import random

import pytest

from edge_gateway.leaks.balance import Mark
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import GAS, Meter, Stretch
from tests.gateway_builders import NODE, NOON_S
from wire.quality import ESTIMATED

MAIN = (NODE, "8-0:1.0.0")
FLATS = tuple((NODE, f"8-{flat}:1.0.0") for flat in range(1, 5))
HOUR_S, DAY_H = 3600, 24
FROM_S = NOON_S - NOON_S % HOUR_S


class House:
    """A main and four flats, each read every hour at a minute of its own, in steps of a litre."""

    def __init__(self, *, main_reads=1.0):
        self.monitor, self.told, self.hour_s, self.leak_ml = Monitor(), [], FROM_S, 0
        flat = Meter(households=1, parent=MAIN)
        self.monitor.know({MAIN: Meter(households=4), **dict.fromkeys(FLATS, flat)})
        self.chance = random.Random(3)  # noqa: S311 - the same house every time
        self.passed = dict.fromkeys((*FLATS, MAIN), 0.0)
        self.phase_s = {key: self.chance.randrange(HOUR_S) for key in self.passed}
        self.main_reads, self.kept_back, self.marks = main_reads, set(), {}
        self.held, self.memory = [], {}

    def memories(self):
        self.memory |= self.monitor.take_changed()
        return self.memory

    def hours(self, hours, *, leak_l_per_h=None):
        if leak_l_per_h is not None:
            self.leak_ml = leak_l_per_h * 1000
        for _ in range(hours):
            awake = self.hour_s // HOUR_S % DAY_H >= 6
            for flat in FLATS:
                used = self.chance.randrange(40_000) if awake else 0
                self.passed[flat] += used
                self.passed[MAIN] += used * self.main_reads
            self.passed[MAIN] += self.leak_ml
            self.hour_s += HOUR_S
            for key in self.passed:
                self.read(key)

    def read(self, key):
        reading = {
            "node_id": key[0],
            "obis": key[1],
            "register": int(self.passed[key]) // 1000 * 1000,
            "read_at_s": self.hour_s + self.phase_s[key],
            "quality": self.marks.get(key, 0),
        }
        if key in self.kept_back:
            self.held.append(reading)
        else:
            self.show(reading)

    def show(self, reading):
        self.told += self.monitor.look(**reading, now_s=self.hour_s + HOUR_S)

    def deliver(self):
        """Bring what was held back, oldest first."""
        self.kept_back = set()
        for reading in self.held:
            self.show(reading)
        self.held = []

    def found(self, state="raised"):
        one = {f.finding_id: f for f in self.told if "imbalance" in f.kinds and f.state == state}
        return list(one.values())


def a_house_that_leaks_between(hours=48):
    house = House()
    house.hours(14 * DAY_H)
    house.hours(hours, leak_l_per_h=20)
    return house


def test_a_leak_between_main_and_flats_is_found_within_two_days():
    house = a_house_that_leaks_between()
    [finding] = house.found()
    assert (finding.node_id, finding.obis) == MAIN
    assert finding.kind == "imbalance"
    assert finding.flow_low_l_per_h <= 20 <= finding.flow_high_l_per_h
    assert finding.raised_at_s <= house.hour_s


def test_a_leak_inside_a_flat_is_no_imbalance():
    house = House()
    house.hours(14 * DAY_H)
    for _ in range(48):
        house.passed[FLATS[0]] += 20_000
        house.passed[MAIN] += 20_000
        house.hours(1)
    assert house.found() == []


@pytest.mark.parametrize("main_reads", [0.97, 1.03])
def test_a_main_that_always_reads_three_percent_wrong_is_no_imbalance(main_reads):
    house = House(main_reads=main_reads)
    house.hours(35 * DAY_H)
    assert house.found() == []


def test_an_empty_house_whose_registers_never_moved_has_no_balance():
    house = House()
    house.chance = type("Nobody", (), {"randrange": staticmethod(lambda _most: 0)})
    house.hours(9 * DAY_H)
    assert house.told == []


def test_a_tap_that_was_never_metered_is_no_imbalance():
    house = House()
    house.hours(35 * DAY_H, leak_l_per_h=15)
    assert house.found() == []


def test_a_mended_leak_clears():
    house = a_house_that_leaks_between()
    house.hours(24, leak_l_per_h=0)
    assert len(house.found("cleared")) == 1


def test_a_flat_that_is_not_heard_leaves_nothing_to_compare():
    house = House()
    house.hours(14 * DAY_H)
    house.kept_back = {FLATS[1]}
    house.hours(48, leak_l_per_h=20)
    assert house.found() == []


def test_a_flat_whose_readings_are_estimates_leaves_nothing_to_compare():
    house = House()
    house.hours(14 * DAY_H)
    house.marks = {FLATS[1]: ESTIMATED}
    house.hours(48, leak_l_per_h=20)
    assert house.found() == []


def test_readings_that_come_late_find_the_same_at_the_same_time():
    [in_time] = a_house_that_leaks_between().found()
    house = House()
    house.hours(14 * DAY_H)
    house.hours(20, leak_l_per_h=20)
    house.kept_back = {FLATS[1]}
    house.hours(20)
    house.deliver()
    house.hours(8)
    [late] = house.found()
    assert (late.raised_at_s, late.flow_l_per_h) == (in_time.raised_at_s, in_time.flow_l_per_h)


def test_a_restart_neither_repeats_nor_forgets():
    house = House()
    for _ in range(32):
        house.hours(12, leak_l_per_h=20 if house.hour_s >= FROM_S + 14 * DAY_H * HOUR_S else 0)
        house.monitor.restore(house.memories())
    assert len(house.found()) == 1


def test_a_flat_whose_meter_is_exchanged_raises_nothing():
    house = House()
    house.hours(14 * DAY_H)
    house.passed[FLATS[2]] = 0.0
    house.hours(7 * DAY_H)
    assert house.found() == []


def test_another_flat_behind_the_main_begins_a_new_page():
    house = House()
    house.hours(14 * DAY_H)
    flat = Meter(households=1, parent=MAIN)
    house.monitor.know({MAIN: Meter(households=4), **dict.fromkeys(FLATS[:3], flat)})
    house.hours(5 * DAY_H)
    assert house.found() == []


def test_a_gas_meter_is_no_part_of_a_water_main():
    house = House()
    water = Meter(households=1, parent=MAIN)
    gas = Meter(utility=GAS, parent=MAIN)
    everything = {MAIN: Meter(households=4), (NODE, "7-0:3.0.0"): gas}
    house.monitor.know({**everything, **dict.fromkeys(FLATS, water)})
    house.hours(14 * DAY_H)
    house.hours(48, leak_l_per_h=20)
    assert len(house.found()) == 1


def test_what_a_register_takes_from_one_hour_it_gives_to_the_next():
    mark, register, told = Mark(), 0, []
    for reading in range(20):
        started_s = FROM_S + 1234 + reading * 1700
        register += 1700 * reading
        told += mark.hours(Stretch(started_s, started_s + 1700, 1700 * reading, 1), register)
    assert [at_s % HOUR_S for at_s, _ in told] == [0] * len(told)
    assert sum(amount for _, amount in told) == mark.register - first_full_hour(1234)
    assert len(told) == 8


def first_full_hour(after_s):
    """Return what the readings above make at the first full hour: in the second of them."""
    return 1700 * 1 * (HOUR_S - after_s - 1700) // 1700


def test_a_gap_hides_the_hours_it_touches():
    mark = Mark()
    assert list(mark.hours(Stretch(FROM_S, FROM_S + HOUR_S, 500, 1), 500)) == []
    assert list(mark.hours(Stretch(FROM_S + HOUR_S, FROM_S + 4 * HOUR_S, 900, 1), 1400)) == []
    after = Stretch(FROM_S + 4 * HOUR_S, FROM_S + 5 * HOUR_S, 300, 1)
    assert list(mark.hours(after, 1700)) == []
