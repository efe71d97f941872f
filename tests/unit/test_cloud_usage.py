# SPDX-License-Identifier: EUPL-1.2
"""Interval usage: what a register says between two boundaries, in local time."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from cloud.readings import method
from cloud.readings.models import Neighbours
from wire import quality

SOFIA = ZoneInfo("Europe/Sofia")
HOUR = 3600


def around(at_s: int, readings: dict[int, int], bits: int = 0) -> Neighbours:
    """Return the neighbours of an instant among registers by time."""
    times = sorted(readings)
    before = bisect_right(times, at_s) - 1
    after = bisect_left(times, at_s + 1)
    return Neighbours(
        at_s=at_s,
        before=(times[before], readings[times[before]], bits) if before >= 0 else None,
        after=(times[after], readings[times[after]], bits) if after < len(times) else None,
    )


def usages(readings: dict[int, int], cuts: list[int], gap_s: int = HOUR) -> list[int | None]:
    found = method.usage_of_installation([around(cut, readings) for cut in cuts], gap_s)
    return [used if covered_s else None for used, covered_s, _ in found]


def bits(readings: dict[int, int], cuts: list[int], gap_s: int = HOUR) -> list[int]:
    at = [datetime.fromtimestamp(cut, UTC) for cut in cuts]
    found = method.usage_of_installation([around(cut, readings) for cut in cuts], gap_s)
    return [one.quality for one in method.usage_of_service_point(at, [found])]


def test_usage_is_the_difference_of_the_registers_at_both_ends() -> None:
    assert usages({0: 100, HOUR: 160, 2 * HOUR: 160}, [0, HOUR, 2 * HOUR]) == [60, 0]


def test_a_register_between_two_readings_is_on_the_line_between_them_rounded_down() -> None:
    assert method.register_at(around(1800, {0: 100, HOUR: 111})) == (1800, 105, 0)


def test_nothing_is_known_outside_of_the_readings() -> None:
    assert usages({HOUR: 5, 2 * HOUR: 8}, [0, HOUR, 2 * HOUR, 3 * HOUR]) == [None, 3, None]
    assert bits({HOUR: 5, 2 * HOUR: 8}, [0, HOUR, 2 * HOUR, 3 * HOUR]) == [
        quality.MISSING,
        quality.GOOD,
        quality.MISSING,
    ]


def test_an_interval_that_is_known_in_part_says_so() -> None:
    assert usages({1800: 5, HOUR: 8}, [0, HOUR]) == [3]
    assert bits({1800: 5, HOUR: 8}, [0, HOUR]) == [quality.MISSING]


def test_a_boundary_in_a_long_gap_is_an_estimate() -> None:
    readings = {0: 0, HOUR + 1: 100, 3 * HOUR: 200}
    assert bits(readings, [0, HOUR, 3 * HOUR]) == [quality.ESTIMATED, quality.ESTIMATED]


def test_a_boundary_in_a_gap_of_the_interval_itself_is_not() -> None:
    readings = {0: 0, 1800: 50, 1800 + HOUR: 100, 3 * HOUR: 200}
    assert bits(readings, [0, HOUR, 3 * HOUR]) == [quality.GOOD, quality.GOOD]


def test_a_register_that_goes_back_is_suspect() -> None:
    assert bits({0: 100, HOUR: 90}, [0, HOUR]) == [quality.SUSPECT]


def test_the_qualities_of_both_neighbours_carry_over() -> None:
    cuts = [around(0, {0: 1}, quality.IMPORTED), around(HOUR, {HOUR: 2}, quality.RECONSTRUCTED)]
    [(_, _, found)] = method.usage_of_installation(cuts, HOUR)
    assert found == quality.IMPORTED | quality.RECONSTRUCTED


def test_an_ordinary_day_has_24_hours() -> None:
    assert len(method.boundaries("hour", date(2026, 6, 1), date(2026, 6, 2), SOFIA)) == 25


def test_the_day_the_clocks_go_forward_has_23_hours() -> None:
    cuts = method.boundaries("hour", date(2026, 3, 29), date(2026, 3, 30), SOFIA)
    assert len(cuts) == 24
    days = method.boundaries("day", date(2026, 3, 29), date(2026, 3, 30), SOFIA)
    assert days[1] - days[0] == timedelta(hours=23)


def test_the_day_the_clocks_go_back_has_25_hours_and_tells_the_repeated_one_apart() -> None:
    cuts = method.boundaries("hour", date(2026, 10, 25), date(2026, 10, 26), SOFIA)
    shown = [cut.astimezone(SOFIA).isoformat() for cut in cuts]
    assert len(cuts) == len(set(shown)) == 26
    assert "2026-10-25T03:00:00+03:00" in shown
    assert "2026-10-25T03:00:00+02:00" in shown


def test_months_begin_on_their_first_day_and_parts_of_months_are_parts() -> None:
    cuts = method.boundaries("month", date(2026, 1, 10), date(2026, 3, 5), SOFIA)
    assert [cut.astimezone(SOFIA).date() for cut in cuts] == [
        date(2026, 1, 10),
        date(2026, 2, 1),
        date(2026, 3, 1),
        date(2026, 3, 5),
    ]


@given(
    st.dictionaries(
        st.integers(1_774_000_000, 1_782_000_000), st.integers(0, 2**53), min_size=2, max_size=40
    )
)
def test_hours_add_up_to_days_and_days_to_months_to_the_last_unit(readings: dict[int, int]) -> None:
    first, end = date(2026, 3, 1), date(2026, 7, 1)
    totals: dict[str, dict[int, int]] = {}
    for resolution in ("hour", "day", "month"):
        cuts = [int(at.timestamp()) for at in method.boundaries(resolution, first, end, SOFIA)]
        found = method.usage_of_installation([around(cut, readings) for cut in cuts], HOUR)
        running = 0
        totals[resolution] = {cuts[0]: 0}
        for (_, stop), (used, _, _) in zip(pairwise(cuts), found, strict=True):
            running += used
            totals[resolution][stop] = running
    for coarse, fine in (("day", "hour"), ("month", "day")):
        assert {cut: totals[fine][cut] for cut in totals[coarse]} == totals[coarse]
