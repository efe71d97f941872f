# SPDX-License-Identifier: EUPL-1.2
"""Estimation: a gap's total is spread by the meter's habit, and stays exact."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cloud.kit.hypertable import ZONE
from cloud.readings.usage import Line, hourly
from cloud.validation.estimation import Measured, filled, spread
from wire import quality

HOUR = 3600
DAY = 24 * HOUR
MONDAY = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())  # 03:00 in Sofia
NOTHING = Measured(start_s=np.empty(0, dtype=np.int64), usage=np.empty(0, dtype=np.int64))


def measured(days: int, usage_by_local_hour: dict[int, int]) -> Measured:
    """Return the hours of the days before MONDAY, each day alike."""
    start = np.arange(MONDAY - days * DAY, MONDAY, HOUR, dtype=np.int64)
    local = (start // HOUR + 3) % 24
    usage = np.array([usage_by_local_hour.get(hour, 0) for hour in local.tolist()])
    return Measured(start_s=start, usage=usage)


def a_gap(total: int, length_s: int = DAY) -> Line:
    """Return a line with a gap from MONDAY on, and ten minutes on either side."""
    at = np.array([MONDAY - 600, MONDAY, MONDAY + length_s, MONDAY + length_s + 600])
    return Line(
        at_s=at,
        continuous=np.array([1000, 1000, 1000 + total, 1000 + total]),
        bits=np.zeros(4, dtype=np.int64),
        stretch_bits=np.zeros(3, dtype=np.int64),
        is_known=np.ones(3, dtype=bool),
    )


def hours(line: Line) -> list[int]:
    return hourly(line, MONDAY, MONDAY + DAY).usage.tolist()


def test_a_gap_is_filled_as_the_meter_is_used() -> None:
    habit = measured(28, {7: 30, 19: 60})
    found = hours(filled(a_gap(900), habit))
    assert sum(found) == 900
    assert {hour: usage for hour, usage in enumerate(found) if usage} == {4: 300, 16: 600}


def test_weekends_are_filled_as_weekends() -> None:
    start = np.arange(MONDAY - 28 * DAY, MONDAY, HOUR, dtype=np.int64)
    is_sunday = np.array([datetime.fromtimestamp(one, ZONE).weekday() == 6 for one in start])
    habit = Measured(start_s=start, usage=np.where(is_sunday, 0, 10))
    saturday_noon = MONDAY + 5 * DAY + 9 * HOUR
    cuts = np.arange(saturday_noon, saturday_noon + DAY + 1, HOUR)
    assert np.diff(spread(120, cuts, habit)).tolist() == [10] * 12 + [0] * 12


def test_without_enough_measured_hours_a_gap_is_filled_evenly() -> None:
    assert hours(filled(a_gap(240), NOTHING)) == [10] * 24
    assert hours(filled(a_gap(240), measured(6, {7: 30}))) == [10] * 24


def test_a_meter_that_was_never_used_is_filled_evenly() -> None:
    assert hours(filled(a_gap(240), measured(28, {}))) == [10] * 24


def test_only_the_four_weeks_before_the_gap_say_what_the_habit_is() -> None:
    old = measured(60, {7: 30})
    new = measured(28, {19: 30})
    both = Measured(
        start_s=old.start_s, usage=np.where(old.start_s >= new.start_s[0], 0, old.usage)
    )
    both.usage[-len(new.usage) :] = new.usage
    assert hours(filled(a_gap(100), both)) == hours(filled(a_gap(100), new))


def test_the_hours_of_a_gap_are_estimated_and_those_beside_it_are_not() -> None:
    line = filled(a_gap(240, length_s=2 * HOUR), NOTHING)
    found = hourly(line, MONDAY - HOUR, MONDAY + 3 * HOUR)
    assert found.bits.tolist() == [0, quality.ESTIMATED, quality.ESTIMATED, 0]
    assert found.usage.tolist() == [0, 120, 120, 0]
    assert found.covered_s.tolist() == [600, HOUR, HOUR, 600]


def test_a_gap_that_begins_within_an_hour_shares_that_hour_by_time() -> None:
    line = Line(
        at_s=np.array([MONDAY, MONDAY + 1800, MONDAY + 3 * HOUR]),
        continuous=np.array([0, 7, 107]),
        bits=np.zeros(3, dtype=np.int64),
        stretch_bits=np.zeros(2, dtype=np.int64),
        is_known=np.ones(2, dtype=bool),
    )
    found = hourly(filled(line, NOTHING), MONDAY, MONDAY + 3 * HOUR)
    assert found.usage.tolist() == [7 + 20, 40, 40]


@given(
    st.integers(0, 2**53),
    st.integers(HOUR + 301, 40 * DAY),
    st.dictionaries(st.integers(0, 23), st.integers(0, 10**9), max_size=24),
)
def test_the_total_of_a_gap_is_exact_and_no_hour_negative(
    total: int, length_s: int, habit: dict[int, int]
) -> None:
    line = filled(a_gap(total, length_s), measured(28, habit))
    assert (np.diff(line.continuous) >= 0).all()
    assert line.continuous[-1] - line.continuous[0] == total
    assert not len(line.gaps)
