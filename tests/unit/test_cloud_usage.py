# SPDX-License-Identifier: EUPL-1.2
"""Interval usage: what a register says between two boundaries, in local time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cloud.readings import usage
from cloud.readings.usage import Figure, Hours, Line, hourly
from wire import quality

SOFIA = ZoneInfo("Europe/Sofia")
HOUR = 3600


def line(readings: dict[int, int], bits: int = 0, unknown: tuple[int, ...] = ()) -> Line:
    """Return a line through registers by time, unknown over the stretches named."""
    stretches = max(len(readings) - 1, 0)
    return Line(
        at_s=np.array(list(readings), dtype=np.int64),
        continuous=np.array(list(readings.values()), dtype=np.int64),
        bits=np.full(len(readings), bits, dtype=np.int64),
        stretch_bits=np.zeros(stretches, dtype=np.int64),
        is_known=~np.isin(np.arange(stretches), unknown),
    )


def figures(hours: Hours) -> list[tuple[int, int]]:
    return list(zip(hours.usage.tolist(), hours.covered_s.tolist(), strict=True))


def test_usage_is_the_difference_of_the_registers_at_both_ends() -> None:
    found = hourly(line({0: 100, HOUR: 160, 2 * HOUR: 160}), 0, 2 * HOUR)
    assert figures(found) == [(60, HOUR), (0, HOUR)]


def test_a_register_between_two_readings_is_on_the_line_between_them_rounded_down() -> None:
    continuous, _, _ = line({0: 100, HOUR: 111}).at(np.array([1800]))
    assert continuous.tolist() == [105]


def test_nothing_is_known_outside_of_the_readings() -> None:
    found = hourly(line({HOUR: 5, 2 * HOUR: 8}), 0, 3 * HOUR)
    assert figures(found) == [(0, 0), (3, HOUR), (0, 0)]


def test_an_hour_that_is_known_in_part_says_so() -> None:
    assert figures(hourly(line({1800: 5, HOUR: 8}), 0, HOUR)) == [(3, 1800)]


def test_without_readings_nothing_is_known() -> None:
    assert figures(hourly(line({}), 0, HOUR)) == [(0, 0)]
    assert figures(hourly(line({60: 5}), 0, HOUR)) == [(0, 0)]


def test_what_lies_over_a_break_is_not_known() -> None:
    found = hourly(line({0: 0, 1200: 7, 3000: 7, HOUR: 9}, unknown=(1,)), 0, HOUR)
    assert figures(found) == [(9, 1800)]


def test_the_qualities_of_both_ends_carry_over() -> None:
    one = line({0: 1, HOUR: 2})
    bits = np.array([quality.IMPORTED, quality.RECONSTRUCTED])
    mixed = Line(**{**vars(one), "bits": bits})
    assert hourly(mixed, 0, HOUR).bits.tolist() == [quality.IMPORTED | quality.RECONSTRUCTED]


def test_the_quality_of_a_stretch_is_that_of_each_hour_it_touches() -> None:
    one = line({0: 1, HOUR + 60: 2, 3 * HOUR: 3})
    held = Line(**{**vars(one), "stretch_bits": np.array([0, quality.SUSPECT])})
    assert hourly(held, 0, 4 * HOUR).bits.tolist() == [0, quality.SUSPECT, quality.SUSPECT, 0]


def test_hourly_readings_some_minutes_late_leave_no_gap_and_a_lost_one_does() -> None:
    assert line({0: 0, HOUR + 240: 1, 2 * HOUR: 2}).gaps.tolist() == []
    assert line({0: 0, 2 * HOUR: 2, 3 * HOUR: 3}).gaps.tolist() == [0]
    assert line({0: 0, 2 * HOUR: 2, 3 * HOUR: 3}, unknown=(0,)).gaps.tolist() == []


@given(
    st.dictionaries(st.integers(0, 40 * HOUR), st.integers(0, 2**53), min_size=1, max_size=40),
    st.integers(0, 40),
)
def test_hours_telescope_and_never_go_back_whatever_was_rounded(
    readings: dict[int, int], cut: int
) -> None:
    at = sorted(readings)
    registers = sorted(readings.values())
    one = line(dict(zip(at, registers, strict=True)))
    found = hourly(one, 0, 41 * HOUR)
    assert found.usage.sum() == registers[-1] - registers[0]
    assert found.covered_s.sum() == at[-1] - at[0]
    assert (found.usage >= 0).all()
    first, rest = hourly(one, 0, cut * HOUR), hourly(one, cut * HOUR, 41 * HOUR)
    assert [*first.usage, *rest.usage] == found.usage.tolist()
    assert [*first.covered_s, *rest.covered_s] == found.covered_s.tolist()


def test_an_ordinary_day_has_24_hours() -> None:
    assert len(usage.boundaries("hour", date(2026, 6, 1), date(2026, 6, 2), SOFIA)) == 25


def test_the_day_the_clocks_go_forward_has_23_hours() -> None:
    cuts = usage.boundaries("hour", date(2026, 3, 29), date(2026, 3, 30), SOFIA)
    assert len(cuts) == 24
    days = usage.boundaries("day", date(2026, 3, 29), date(2026, 3, 30), SOFIA)
    assert days[1] - days[0] == timedelta(hours=23)


def test_the_day_the_clocks_go_back_has_25_hours_and_tells_the_repeated_one_apart() -> None:
    cuts = usage.boundaries("hour", date(2026, 10, 25), date(2026, 10, 26), SOFIA)
    shown = [cut.astimezone(SOFIA).isoformat() for cut in cuts]
    assert len(cuts) == len(set(shown)) == 26
    assert "2026-10-25T03:00:00+03:00" in shown
    assert "2026-10-25T03:00:00+02:00" in shown


def test_months_begin_on_their_first_day_and_parts_of_months_are_parts() -> None:
    cuts = usage.boundaries("month", date(2026, 1, 10), date(2026, 3, 5), SOFIA)
    assert [cut.astimezone(SOFIA).date() for cut in cuts] == [
        date(2026, 1, 10),
        date(2026, 2, 1),
        date(2026, 3, 1),
        date(2026, 3, 5),
    ]


def test_an_interval_that_is_not_covered_wholly_is_marked_missing() -> None:
    cuts = [datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in range(4)]
    known = {
        cuts[0]: Figure(usage=5, covered_s=HOUR, bits=quality.ESTIMATED),
        cuts[1]: Figure(usage=3, covered_s=HOUR - 1, bits=0),
    }
    found = usage.intervals(cuts, known)
    assert [(one.usage, one.quality) for one in found] == [
        (5, quality.ESTIMATED),
        (3, quality.MISSING),
        (None, quality.MISSING),
    ]
