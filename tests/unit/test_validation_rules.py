# SPDX-License-Identifier: EUPL-1.2
"""Each rule fires, and keeps quiet on the nearest innocent case."""

from pathlib import Path

import numpy as np
import pytest

import cloud.validation
from cloud.validation import rules
from cloud.validation.finding import Severity, utc
from tests.validation_builders import (
    DAY_S,
    HOUR_S,
    MONDAY_S,
    an_about,
    an_office,
    on_registers,
    on_usage,
    registers,
    usage,
)

STEADY = np.arange(48) * 10


def test_every_rule_says_its_method_its_source_and_its_limits():
    documentation = rules.documentation()
    assert len(rules.discover()) >= 12
    for name, rule in rules.discover().items():
        assert rule.name == name
        page = documentation.split(f"## {name}\n")[1].split("\n## ")[0]
        assert "Method:" in page or "cases" in page or "Registers:" in page
        assert "Source:" in page
        assert "Limits:" in page


def test_the_page_of_rules_is_made_from_the_rules():
    page = Path(cloud.validation.__file__).parent / "RULES.md"
    assert page.read_text() == rules.documentation(), "run: iskar-cloud rules > the page"


def test_a_register_that_jumps_up_and_comes_back_is_a_spike():
    amounts = STEADY.copy()
    amounts[20] += 100_000
    (found,) = on_registers("spike_up", registers(amounts))
    assert found.started_at == utc(MONDAY_S + 20 * HOUR_S)
    assert found.severity == Severity.ERROR
    assert found.evidence["registers"] == [100_200]


def test_a_register_that_drops_and_comes_back_is_a_spike():
    amounts = STEADY + 500_000
    amounts[20] = 12
    (found,) = on_registers("spike_down", registers(amounts))
    assert found.started_at == utc(MONDAY_S + 20 * HOUR_S)


@pytest.mark.parametrize("rule", ["spike_up", "spike_down", "negative_step", "frozen_register"])
def test_a_register_that_only_grows_is_left_alone(rule: str):
    series = registers(np.cumsum(an_office()))
    look = rules.discover()[rule].registers
    assert look is None or on_registers(rule, series) == []


def test_an_hour_of_many_times_the_usual_is_a_spike():
    amounts = an_office()
    amounts[200] = 90_000
    (found,) = on_usage("spike_up", usage(amounts))
    assert found.started_at == utc(MONDAY_S + 200 * HOUR_S)


def test_an_hour_of_hardly_anything_is_a_spike_down():
    amounts = an_office()
    amounts[200] = 100
    (found,) = on_usage("spike_down", usage(amounts))
    assert found.started_at == utc(MONDAY_S + 200 * HOUR_S)


def test_a_busy_day_is_no_spike():
    amounts = an_office()
    amounts[200:210] *= 2
    assert on_usage("spike_up", usage(amounts)) == []


def test_a_register_that_starts_anew_went_back_for_good():
    amounts = np.concatenate((STEADY + 700_123, STEADY + 55))
    (found,) = on_registers("negative_step", registers(amounts))
    assert found.severity == Severity.ERROR
    assert found.evidence["register_after"] == 55


def test_a_register_one_unit_lower_is_worth_a_look_only():
    amounts = STEADY.copy()
    amounts[20:] -= 11
    (found,) = on_registers("negative_step", registers(amounts))
    assert found.severity == Severity.WARNING
    assert on_registers("spike_up", registers(amounts)) == []


def test_negative_usage_is_an_error():
    (found,) = on_usage("negative_step", usage([10, -1400, 10]))
    assert found.evidence["usage"] == -1400


def test_a_register_past_its_last_digit_is_news_and_no_negative_step():
    amounts = (99_999_900 + STEADY) % 100_000_000
    series = registers(amounts, about=an_about("gas", modulus=100_000_000))
    (found,) = on_registers("rollover", series)
    assert found.severity == Severity.NOTE
    assert on_registers("negative_step", series) == []


def test_a_jump_for_good_beyond_the_meter_is_an_error():
    amounts = STEADY.copy()
    amounts[20:] += 50_000
    (found,) = on_registers(
        "above_physical_maximum", registers(amounts, about=an_about("gas", max_per_h=6_000))
    )
    assert found.severity == Severity.ERROR
    assert "6 000 l" in found.explanation


def test_use_at_the_physical_maximum_is_possible():
    amounts = np.arange(48) * 6_000
    about = an_about("gas", max_per_h=6_000)
    assert on_registers("above_physical_maximum", registers(amounts, about=about)) == []
    assert on_usage("above_physical_maximum", usage([6_000] * 48, about=about)) == []


def test_usage_beyond_the_meter_is_an_error():
    about = an_about("gas", max_per_h=6_000)
    (found,) = on_usage("above_physical_maximum", usage([5_000, 6_001, 10], about=about))
    assert found.started_at == utc(MONDAY_S + HOUR_S)


def test_two_answers_for_one_instant_contradict():
    stamps = [MONDAY_S + hour * HOUR_S for hour in (*range(10), 5)]
    series = registers([*range(0, 100, 10), 57], at_s=stamps)
    (found,) = on_registers("contradicting_duplicate", series)
    assert found.evidence["amounts"] == [50, 57]


def test_the_same_answer_twice_is_no_contradiction():
    stamps = [MONDAY_S + hour * HOUR_S for hour in (*range(10), 5)]
    series = registers([*range(0, 100, 10), 50], at_s=stamps)
    assert on_registers("contradicting_duplicate", series) == []


def test_two_usages_of_one_interval_contradict():
    stamps = [MONDAY_S, MONDAY_S, MONDAY_S + HOUR_S]
    (found,) = on_usage("contradicting_duplicate", usage([5, 6, 5], at_s=stamps))
    assert found.evidence["amounts"] == [5, 6]


def test_a_clock_that_was_set_back_is_found_in_the_order_of_the_rows():
    hours = [0, 1, 2, 3, 4, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]
    stamps = [int(MONDAY_S + hour * HOUR_S) for hour in hours]
    (found,) = on_registers("clock_step", registers(np.arange(11) * 10, at_s=stamps))
    assert found.started_at == utc(int(MONDAY_S + 2.5 * HOUR_S))
    assert found.evidence["back_s"] == 2.5 * HOUR_S


def test_a_file_that_begins_with_the_newest_is_in_order():
    stamps = [MONDAY_S - hour * HOUR_S for hour in range(48)]
    assert on_registers("clock_step", registers(STEADY[::-1], at_s=stamps)) == []


def test_rows_in_no_order_are_told_of_once():
    order = np.random.default_rng(1).permutation(48)
    series = registers(STEADY[order], at_s=(MONDAY_S + order * HOUR_S).tolist())
    (found,) = on_registers("clock_step", series)
    assert found.severity == Severity.NOTE


def test_overlapping_intervals_are_a_step_of_the_clock():
    stamps = np.array([0, 3600, 5400, 9000]) + MONDAY_S
    (found,) = on_usage("clock_step", usage([5, 5, 5, 5], at_s=stamps))
    assert found.evidence["overlap_s"] == 1800


def test_the_hour_that_autumn_repeats_says_local_time():
    sunday_s = 1_729_987_200  # 2024-10-27T00:00:00Z
    stamps = [sunday_s + hour * HOUR_S for hour in (0, 1, 2, 2, 3, 4, 5, 6)]
    (found,) = on_usage("clock_step", usage([5, 6, 7, 8, 5, 6, 7, 8], at_s=stamps))
    assert found.severity == Severity.NOTE
    assert "local time" in found.explanation
    assert on_usage("contradicting_duplicate", usage([5, 6, 7, 8] * 2, at_s=stamps)) == []


def test_a_gap_is_told_with_its_length():
    stamps = [MONDAY_S + hour * HOUR_S for hour in (*range(12), *range(15, 27))]
    (found,) = on_registers("missing_intervals", registers(np.arange(24) * 10, at_s=stamps))
    assert found.evidence["missing_s"] == 4 * HOUR_S
    (found,) = on_usage("missing_intervals", usage([5] * 24, at_s=stamps))
    assert found.evidence["missing_s"] == 3 * HOUR_S


def test_readings_some_minutes_late_are_no_gap():
    stamps = [MONDAY_S + hour * HOUR_S + hour % 7 * 120 for hour in range(48)]
    assert on_registers("missing_intervals", registers(STEADY, at_s=stamps)) == []


def test_zeros_in_a_meter_that_never_rests_stand_for_missing_values():
    amounts = an_office()
    amounts[300:347] = 0
    (found,) = on_usage("zeros_for_missing", usage(amounts))
    assert (found.started_at, found.ended_at) == (
        utc(MONDAY_S + 300 * HOUR_S),
        utc(MONDAY_S + 347 * HOUR_S),
    )
    assert found.severity == Severity.ERROR


def test_a_coarse_meter_has_true_zeros():
    amounts = np.diff(np.cumsum(an_office()) // 10_000 * 10_000)
    assert (amounts == 0).any()
    assert on_usage("zeros_for_missing", usage(amounts)) == []


def test_gas_that_rests_in_summer_has_true_zeros():
    day = np.arange(3 * 365 * 24) // 24 % 365
    amounts = np.where((day > 120) & (day < 270), 0, 2_000 + an_office(3 * 365) // 10)
    assert on_usage("zeros_for_missing", usage(amounts, about=an_about("gas"))) == []


def test_a_stale_register_that_catches_up_in_one_jump_is_an_error():
    amounts = an_office()
    stale = slice(250, 300)
    missed = int(amounts[stale].sum())
    amounts[stale] = 0
    amounts[300] += missed
    (found,) = on_usage("frozen_register", usage(amounts))
    assert found.severity == Severity.ERROR
    assert found.evidence["standstill_s"] == 50 * HOUR_S


def test_a_register_that_stopped_is_found_after_three_days():
    amounts = an_office()
    amounts[-80:] = 0
    (found,) = on_usage("frozen_register", usage(amounts))
    assert found.ended_at is None


def test_a_fortnight_of_holidays_is_no_frozen_register():
    random = np.random.default_rng(3)
    amounts = random.poisson(0.6, 120 * 24) * 9
    amounts[1000 : 1000 + 14 * 24] = 0
    assert on_usage("frozen_register", usage(amounts, about=an_about("cold_water"))) == []


def _a_building(main: int, *subs: int, days: int = 10):
    balance = rules.discover()["building_balance"].building
    assert balance is not None
    meters = [usage([main] * 24 * days, about=an_about(meter_id="main"))] + [
        usage([sub] * 24 * days, about=an_about(meter_id=f"sub-{place}", parent="main"))
        for place, sub in enumerate(subs)
    ]
    return list(balance(meters))


def test_sub_meters_above_their_main_break_the_balance():
    (found,) = _a_building(1000, 700, 500)
    assert found.meter_id == "main"
    assert found.evidence["main"] == 240_000
    assert found.evidence["sub_meters"] == 288_000


def test_a_main_within_the_errors_of_its_meters_is_left_alone():
    assert _a_building(1000, 600, 440) == []


def test_a_main_that_measures_more_than_its_sub_meters_is_left_alone():
    assert _a_building(1000, 300) == []


def test_a_short_day_does_not_break_the_balance():
    main = usage([1000] * 24 * 3, about=an_about(meter_id="main"))
    at_s = MONDAY_S + np.arange(24 * 3) * HOUR_S
    keep = (at_s < MONDAY_S + DAY_S) | (at_s >= MONDAY_S + DAY_S + 6 * HOUR_S)
    short = main.where(keep)
    sub = usage([990] * 24 * 3, about=an_about(meter_id="sub", parent="main"))
    balance = rules.discover()["building_balance"].building
    assert balance is not None
    assert list(balance([short, sub])) == []
