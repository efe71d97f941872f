# SPDX-License-Identifier: EUPL-1.2
"""Years of usage as columns: the same figures as intervals one by one."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.readings.long_usage import Stored, cuts, first_day_of_hours, parts, stretch
from cloud.readings.usage import DAY, HOUR, Figure, boundaries, intervals, total
from wire import quality

SOFIA = ZoneInfo("Europe/Sofia")
FIRST = date(2026, 10, 24)
END = date(2026, 10, 27)  # 73 hours: the clocks go back on the 25th
HOURS = 73

NOTHING = Figure(usage=0, covered_s=0, bits=0)
figures = st.dictionaries(
    st.integers(0, HOURS - 1),
    st.builds(
        Figure,
        usage=st.integers(0, 10**9),
        covered_s=st.integers(1, 1800),
        bits=st.sampled_from([0, quality.ESTIMATED, quality.IMPORTED]),
    ),
)


def _stored(known: dict[int, Figure]) -> Stored:
    begin = int(boundaries(HOUR, FIRST, END, SOFIA)[0].timestamp())
    places = sorted(known)
    return Stored(
        start_s=np.array([begin + 3600 * place for place in places], dtype=np.int64),
        usage=np.array([known[place].usage for place in places], dtype=np.int64),
        covered_s=np.array([known[place].covered_s for place in places], dtype=np.int64),
        bits=np.array([known[place].bits for place in places], dtype=np.int64),
    )


@given(points=st.lists(st.lists(figures, max_size=2), max_size=3))
def test_columns_tell_what_intervals_tell(points: list[list[dict[int, Figure]]]):
    at = boundaries(HOUR, FIRST, END, SOFIA)
    expected = total(
        [
            intervals(
                at,
                {
                    at[place]: sum((one[place] for one in point if place in one), NOTHING)
                    for place in {place for one in point for place in one}
                },
            )
            for point in points
        ],
        at,
    )
    found = stretch(
        HOUR, cuts(HOUR, FIRST, END, SOFIA), [[_stored(one) for one in point] for point in points]
    )
    assert found.told() == [one.usage for one in expected]
    assert found.bits.tolist() == [one.quality for one in expected]
    assert sum(count for count, _ in found.qualities) == HOURS


@pytest.mark.parametrize("resolution", [HOUR, DAY])
def test_years_are_cut_where_intervals_are(resolution: str):
    first, end = date(2025, 1, 1), date(2026, 12, 31)
    at = boundaries(resolution, first, end, SOFIA)
    assert cuts(resolution, first, end, SOFIA).tolist() == [int(one.timestamp()) for one in at]


def test_days_of_23_and_25_hours_are_told_by_their_lengths():
    days = stretch(DAY, cuts(DAY, date(2026, 3, 28), date(2026, 10, 27), SOFIA), [])
    assert [(count, length_s // 3600) for count, length_s in days.lengths] == [
        (1, 24),
        (1, 23),
        (209, 24),
        (1, 25),
        (1, 24),
    ]


def test_of_no_service_point_all_is_missing_and_nothing_is_zero():
    found = stretch(HOUR, cuts(HOUR, FIRST, END, SOFIA), [])
    assert found.told() == [None] * HOURS
    assert list(found.qualities) == [(HOURS, quality.MISSING)]


def test_hours_begin_with_the_first_day_that_has_all_of_them():
    midnight = datetime(2026, 10, 25, tzinfo=SOFIA).astimezone(UTC)
    assert first_day_of_hours(None, SOFIA) == date.min
    assert first_day_of_hours(midnight, SOFIA) == date(2026, 10, 25)
    assert first_day_of_hours(midnight + timedelta(hours=1), SOFIA) == date(2026, 10, 26)


@pytest.mark.parametrize(
    ("hours_from", "expected"),
    [
        (date.min, [(HOUR, FIRST, END)]),
        (date(2026, 10, 26), [(DAY, FIRST, date(2026, 10, 26)), (HOUR, date(2026, 10, 26), END)]),
        (date(2030, 1, 1), [(DAY, FIRST, END)]),
    ],
)
def test_what_is_older_than_the_hours_kept_is_told_by_day(hours_from: date, expected: object):
    assert parts(FIRST, END, hours_from) == expected
