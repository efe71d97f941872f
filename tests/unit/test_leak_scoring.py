# SPDX-License-Identifier: EUPL-1.2
"""The scores of the leak rules: what counts as found, and what chance may have done."""

import numpy as np
import pytest

from tests.benchmark.leaks import intervals
from tests.benchmark.leaks.injection import Leak, metered_ml, stepped_ml
from tests.benchmark.leaks.scoring import DAY_S, Delays, Episode, Rate, delay_s

HOUR_S = 3600
LEAK_FROM_S = 100 * DAY_S


def test_a_finding_after_the_leak_began_counts_from_its_beginning():
    assert delay_s([Episode(LEAK_FROM_S + HOUR_S)], [], LEAK_FROM_S) == HOUR_S


def test_a_finding_that_the_meter_without_a_leak_has_too_does_not_count():
    raised = Episode(LEAK_FROM_S + HOUR_S)
    assert delay_s([raised], [raised], LEAK_FROM_S) is None


def test_one_that_stays_open_without_a_leak_hides_every_detection():
    standing = [Episode(LEAK_FROM_S - 50 * DAY_S)]
    assert delay_s([Episode(LEAK_FROM_S + DAY_S)], standing, LEAK_FROM_S) is None


def test_one_that_was_over_a_day_before_the_detection_hides_nothing():
    over = [Episode(LEAK_FROM_S - 50 * DAY_S, LEAK_FROM_S - 1)]
    assert delay_s([Episode(LEAK_FROM_S + DAY_S)], over, LEAK_FROM_S) == DAY_S


def test_a_later_finding_counts_where_the_first_was_no_merit():
    usual = Episode(LEAK_FROM_S + HOUR_S, LEAK_FROM_S + 2 * HOUR_S)
    found = [usual, Episode(LEAK_FROM_S + 3 * DAY_S)]
    assert delay_s(found, [usual], LEAK_FROM_S) == 3 * DAY_S


def test_after_seven_days_a_leak_was_missed():
    assert delay_s([Episode(LEAK_FROM_S + 8 * DAY_S)], [], LEAK_FROM_S) is None


def test_nothing_is_read_beyond_what_decides():
    def raised():
        yield Episode(LEAK_FROM_S + HOUR_S)
        pytest.fail("A run must end as soon as the leak was found.")

    assert delay_s(raised(), [], LEAK_FROM_S) == HOUR_S


def test_what_was_missed_counts_as_later_than_anything():
    delays = Delays([HOUR_S, 3 * HOUR_S, None])
    assert delays.quantile_h(0.5) == 3
    assert delays.quantile_h(0.9) is None
    assert delays.found == pytest.approx(2 / 3)


def test_no_alarm_in_forty_years_is_not_a_rate_of_nothing():
    # The rule of three: 3.7 / 40 for both tails.
    low, high = Rate(0, 40).range_per_year
    assert low == 0
    assert high == pytest.approx(3.689 / 40, abs=1e-4)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(1, 0.0253, 5.5716), (10, 4.7954, 18.3904), (100, 81.364, 121.627)]
)
def test_the_interval_of_a_count_is_that_of_the_tables(count: int, low: float, high: float):
    assert intervals.poisson(count) == pytest.approx((low, high), rel=1e-3)


def test_the_interval_of_a_share_is_that_of_the_tables():
    assert intervals.binomial(9, 10) == pytest.approx((0.5550, 0.9975), abs=1e-4)
    assert intervals.binomial(0, 20) == pytest.approx((0, 0.1684), abs=1e-4)
    assert intervals.binomial(20, 20) == pytest.approx((0.8316, 1), abs=1e-4)


@pytest.mark.parametrize(
    ("shape", "lost_l"),
    [
        ("constant", 24 * 10),
        ("toilet", 24 * 10),
        ("ramp", 24 * 10 / 6),  # a day of three: a third of the way up, so a sixth on the mean
        ("burst", 24 * 120),
        ("pausing", 23 * 10),
    ],
)
def test_a_leak_of_ten_litres_an_hour_loses_in_a_day_what_its_shape_says(shape: str, lost_l: float):
    leak = Leak(shape=shape, size_l_per_h=10, started_at_s=0)
    assert leak.lost_ml(np.array([0, DAY_S])) == pytest.approx([0, lost_l * 1000], abs=1)


def test_a_toilet_refills_in_ninety_seconds_and_then_rests():
    leak = Leak(shape="toilet", size_l_per_h=10, started_at_s=0)
    at_s = np.array([45, 90, 36 * 60, 36 * 60 + 45])
    assert leak.lost_ml(at_s).tolist() == [3000, 6000, 6000, 9000]


def test_nothing_is_lost_before_a_leak_begins():
    leak = Leak(shape="burst", size_l_per_h=160, started_at_s=DAY_S)
    assert leak.lost_ml(np.array([0, DAY_S])).tolist() == [0, 0]


def test_a_flow_below_its_start_passes_the_meter_uncounted():
    at_s = np.array([0, 3600, 7200])
    assert metered_ml(np.array([0, 1900, 4000]), at_s, 2.0).tolist() == [0, 0, 2100]


def test_a_leak_just_at_the_starting_flow_is_metered():
    at_s = LEAK_FROM_S + 60 * np.arange(61)
    lost_ml = Leak(shape="constant", size_l_per_h=2.0, started_at_s=LEAK_FROM_S).lost_ml(at_s)
    assert metered_ml(lost_ml, at_s, 2.0)[-1] == lost_ml[-1] == 2000


def test_a_register_moves_in_whole_steps_from_wherever_it_stands():
    volume_ml = np.array([0, 400, 700, 1700])
    assert stepped_ml(volume_ml, 1000, 0).tolist() == [0, 0, 0, 1000]
    assert stepped_ml(volume_ml, 1000, 600).tolist() == [0, 1000, 1000, 2000]
