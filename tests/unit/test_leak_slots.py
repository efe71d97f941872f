# SPDX-License-Identifier: EUPL-1.2
"""Readings become slots; what rules remember becomes JSON and comes back."""

import json

import pytest

from edge_gateway.leaks.slot import QUARTER_S, Calendar, Gatherer
from edge_gateway.leaks.stretch import HOUR_S, Stretch
from edge_gateway.leaks.table import Table

START_S = 1_763_740_800  # 2025-11-21, 16:00 UTC


def slots(length_s, stretches, *, amount=1000):
    gatherer, at_s, full = Gatherer(length_s), START_S, []
    for stretch_s in stretches:
        whole = gatherer.add(Stretch(at_s, at_s + stretch_s, amount, 1000), 0)
        at_s += stretch_s
        if whole is not None:
            full.append((whole.length_s, whole.amount))
    return full


@pytest.mark.parametrize(
    ("every_s", "expected"),
    [(60, (900, 15_000)), (300, (900, 3000)), (480, (960, 2000)), (900, (900, 1000))],
)
def test_a_slot_is_as_near_to_a_quarter_of_an_hour_as_the_readings_let_it(every_s, expected):
    assert set(slots(QUARTER_S, [every_s] * 60)) == {expected}


def test_hourly_readings_of_uneven_length_are_an_hour_each():
    assert [length_s for length_s, _ in slots(HOUR_S, [3060, 3600, 4740, 2400])] == [
        *(3060, 3600, 4740, 2400),
    ]


def test_no_litre_is_lost_between_slots():
    stretches = [60, 60, 700, 60, 900, 120, 1300, 60, 900]
    gatherer, at_s, whole = Gatherer(QUARTER_S), START_S, []
    for stretch_s in stretches:
        whole.append(gatherer.add(Stretch(at_s, at_s + stretch_s, 1000, 1000), 0))
        at_s += stretch_s
    gathered = sum(one.amount for one in whole if one is not None)
    assert gathered + gatherer.amount == 1000 * len(stretches)


def test_a_stretch_over_one_and_a_half_lengths_is_a_gap():
    assert Gatherer(HOUR_S).takes(5400)
    assert not Gatherer(HOUR_S).takes(5401)


def test_a_slot_tells_the_longest_stillness_that_touches_it():
    gatherer = Gatherer(QUARTER_S)
    for still_s in (4000, 4060, 0, 60):
        gatherer.add(Stretch(START_S, START_S + 60, 0, 1), still_s)
    gatherer.empty(START_S + 240, 1)
    assert gatherer.last_still_s == 4060


def test_the_calendar_tells_local_hours_on_both_sides_of_the_clocks_change():
    sofia = Calendar("Europe/Sofia")
    before_s, after_s = 1_761_436_800, 1_761_440_400  # 2025-10-26, 00:00 and 01:00 UTC
    assert sofia.hour(before_s) == (3, True)
    assert sofia.hour(after_s) == (3, True)
    assert sofia.hour(after_s + HOUR_S) == (4, True)
    assert sofia.hour(after_s + 24 * HOUR_S) == (3, False)


def test_the_calendar_knows_zones_that_are_half_an_hour_off():
    assert Calendar("Asia/Kolkata").hour(START_S + 1800) == (22, False)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_table_comes_back_from_json(bits):
    table = Table(24, bits)
    table[3], table[23] = 7, 10**6
    again = Table.load(json.loads(json.dumps(table, default=Table.dump)))
    assert list(again) == list(table)
    assert again[23] == 2**bits - 1


def test_a_table_takes_one_in_at_its_end_and_forgets_the_oldest():
    table = Table(0, 8, [1, 2, 3])
    table.push(300)
    assert list(table) == [2, 3, 255]


def test_a_table_tells_the_first_of_its_largest_counters():
    assert Table(0, 8, [1, 7, 7, 2]).largest() == (7, 1)


def test_neighbours_in_a_table_are_stored_at_once_and_others_stay():
    table = Table(0, 16, [1, 2, 3, 4])
    table.put(1, [500, 600])
    assert list(table) == [1, 500, 600, 4]
