# SPDX-License-Identifier: EUPL-1.2
"""The leak rules together, before simulated homes that none of them was tuned on."""

from datetime import date

import numpy as np
import pytest

from simulators.homes import household
from tests.leak_builders import HomeMeter
from wire import quality

MONDAY = date(2025, 1, 6)
DAY_MIN = 1440
SEEDS = (10_001, 10_002)  # the rules were tuned on 0 to 9,999


@pytest.fixture(scope="module", params=SEEDS)
def days(request):
    """Return 91 days of a home, in ml per minute, by day."""
    return household(request.param, 91, MONDAY).reshape(91, DAY_MIN)


def a_lived_in_meter(days, until=14):
    dial = HomeMeter()
    dial.live(days[:until].ravel().tolist())
    return dial


def test_ac80_ninety_days_without_a_leak_raise_none(days):
    dial = a_lived_in_meter(days, until=90)
    assert {one.kind for one in dial.told} <= {"stuck"}  # so a holiday of over a week looks


@pytest.mark.parametrize("hour", [1, 18])
def test_ac81_a_leak_of_3_8_l_per_h_is_found_within_6_hours(days, hour):
    dial = a_lived_in_meter(days)
    dial.live(days[14, : hour * 60].tolist())
    begun_s = dial.at_s
    dial.live(days[14:16].ravel()[hour * 60 :][: 12 * 60].tolist(), 3.8)
    assert dial.hours_to_find(begun_s) <= 6
    assert any(3 <= one.flow_l_per_h <= 5 for one in dial.told)


def test_ac82_a_leak_that_pauses_an_hour_a_day_is_found_and_stays_one_finding(days):
    dial = a_lived_in_meter(days)
    begun_s = dial.at_s
    for day in days[14:18]:
        dial.live(day[:180].tolist(), 190)
        dial.live(day[180:240].tolist(), 0)
        dial.live(day[240:].tolist(), 190)
    assert dial.hours_to_find(begun_s) <= 48
    assert len(dial.raised()) == 1


def test_ac83_a_burst_is_raised_within_3_minutes(days):
    dial = a_lived_in_meter(days, until=2)
    begun_s = dial.at_s
    dial.live([0.0] * 10, 1920)
    assert [one.raised_at_s - begun_s <= 180 for one in dial.raised("burst")] == [True]


def test_ac85_a_gap_of_three_hours_inside_a_leak_does_not_clear_it(days):
    dial = a_lived_in_meter(days)
    dial.live(days[14].tolist(), 5)
    assert len(dial.raised()) == 1
    dial.live(days[15, :180].tolist(), 5, unread=True)
    dial.live(days[15, 180:].tolist(), 5)
    assert {one.state for one in dial.told} == {"raised"}
    assert len(dial.raised()) == 1


def test_ac85_estimated_readings_without_flow_do_not_clear_a_leak(days):
    dial = a_lived_in_meter(days)
    dial.live(days[14].tolist(), 5)
    dial.live([0.0] * 600, marks=quality.ESTIMATED)
    assert {one.state for one in dial.told} == {"raised"}


def test_ac85_gaps_and_estimates_without_a_leak_trigger_nothing(days):
    dial = a_lived_in_meter(days)
    for day in days[14:21]:
        dial.live(day[:600].tolist())
        dial.live(day[600:780].tolist(), unread=True)
        dial.live(day[780:900].tolist(), marks=quality.ESTIMATED)
        dial.live(day[900:].tolist())
    assert dial.told == []


def test_a_leak_that_was_mended_clears_within_a_night(days):
    dial = a_lived_in_meter(days)
    dial.live(days[14].tolist(), 5)
    dial.live(days[15:17].ravel().tolist())
    assert dial.told[-1].state == "cleared"
    assert len(dial.raised()) == 1


def test_a_toilet_that_refills_by_itself_is_called_so(days):
    dial = a_lived_in_meter(days)
    refills_ml = np.zeros(1440)
    refills_ml[::36] = 6000
    dial.live((days[14] + refills_ml).tolist())
    assert {one.kind for one in dial.raised()} == {"intermittent_flow"}


def test_an_even_trickle_is_no_toilet_though_its_litres_come_as_evenly(days):
    dial = a_lived_in_meter(days)
    dial.live(days[14].tolist(), 3.8)
    assert dial.raised()
    assert "intermittent_flow" not in {kind for one in dial.told for kind in one.kinds}
