# SPDX-License-Identifier: EUPL-1.2
"""The modelled pulse input counts closures, not bounces."""

import random

import pytest

from simulators.virtual_node import PulseInput


@pytest.fixture
def pulse_input(tmp_path):
    """A fresh input."""
    return PulseInput(tmp_path, 0)


def test_a_clean_closure_counts_once(pulse_input):
    pulse_input.feed([(1_000, 1), (101_000, 0)])
    assert pulse_input.count == 1


def test_five_ms_of_bounce_at_both_ends_count_once(pulse_input):
    """AC-25: bursts of 5 ms."""
    noise = random.Random(25)
    at_us, closures = 0, 50
    for _ in range(closures):
        for settled in (1, 0):
            burst = sorted(noise.sample(range(5_000), 20))
            pulse_input.feed([(at_us + t, n % 2) for n, t in enumerate(burst)])
            pulse_input.feed([(at_us + 5_000, settled)])
            at_us += 100_000
    pulse_input.feed([(at_us, 0)])
    assert pulse_input.count == closures


def test_glitches_of_13_us_are_not_counted(pulse_input):
    """AC-25: glitches of 13 us, a thousand times a second."""
    for n in range(1_000):
        pulse_input.feed([(n * 1_000, 1), (n * 1_000 + 13, 0)])
    assert pulse_input.count == 0


def test_s0_pulses_of_30_ms_at_full_rate_count_each(pulse_input):
    """AC-25: 30 ms closed, 30 ms open."""
    for n in range(200):
        pulse_input.feed([(n * 60_000, 1), (n * 60_000 + 30_000, 0)])
    assert pulse_input.count == 200


def test_a_contact_that_stays_closed_counts_once(pulse_input):
    pulse_input.feed([(0, 1), (10_000_000, 1), (20_000_000, 1)])
    assert pulse_input.count == 1


def test_the_counter_loops_at_two_to_the_24th(tmp_path, pulse_input):
    (tmp_path / "counter0.count").write_bytes(b"\xff\xff\xff")
    pulse_input.feed([(0, 1), (30_000, 0)])
    assert pulse_input.count == 0


def test_the_count_outlives_the_object_but_not_its_own_power(tmp_path, pulse_input):
    pulse_input.feed([(0, 1), (30_000, 0)])
    assert PulseInput(tmp_path, 0).count == 1
    pulse_input.lose_counter_power()
    assert PulseInput(tmp_path, 0).count == 0


def test_time_does_not_go_back(pulse_input):
    pulse_input.feed([(1_000, 1)])
    with pytest.raises(ValueError, match="An edge at 999 us comes after one at 1000 us"):
        pulse_input.feed([(999, 0)])
