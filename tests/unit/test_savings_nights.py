# SPDX-License-Identifier: EUPL-1.2
"""What runs on while a building sleeps: known from full nights, and nothing else."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import pytest

from cloud.kit.hypertable import ZONE
from cloud.readings.models import IntervalUsage
from cloud.savings.nights import NIGHTS, best_of, hours_of_night, standing_use
from wire import quality

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
END = date(2026, 11, 22)


def some_hours(
    end: date = END,
    *,
    days: int = NIGHTS,
    at_night: int = 60,
    quiet: int = 50,
    missing: Collection[int] = (),
    quality_: int = 0,
) -> list[IntervalUsage]:
    """Return hours that use 500 by day and 60 at night, 50 from three to four; days counted back.

    Of the days in ``missing`` nothing is known.
    """
    start = datetime.combine(end - days * DAY, datetime.min.time(), ZONE).astimezone(UTC)
    until = datetime.combine(end, datetime.min.time(), ZONE).astimezone(UTC)
    found = []
    for at in range((until - start) // HOUR):
        begin = start + HOUR * at
        local = begin.astimezone(ZONE)
        amount = quiet if local.hour == 3 else at_night if local.hour < 6 else 500
        is_gap = (end - local.date()).days in missing
        found.append(
            IntervalUsage(
                start=begin,
                end=begin + HOUR,
                usage=None if is_gap else amount,
                quality=quality.MISSING if is_gap else quality_,
            )
        )
    return found


def test_what_never_stops_is_the_least_hour_of_most_nights():
    found = standing_use(some_hours(), END)
    assert (found.per_h, found.coverage, found.nights) == (50, 1, 28)
    assert found.a_year == 50 * 24 * 365


def test_a_house_that_is_still_at_night_stands_at_zero():
    assert standing_use(some_hours(quiet=0), END).per_h == 0


def test_one_night_with_guests_changes_nothing():
    party = [
        one if one.start.astimezone(ZONE).date() != END - 3 * DAY else _times(one, 20)
        for one in some_hours()
    ]
    assert standing_use(party, END).per_h == 50


@pytest.mark.parametrize(("lost", "is_told"), [(2, True), (3, False)])
def test_a_gap_is_not_a_quiet_night(lost: int, is_told: bool):
    found = standing_use(some_hours(missing=range(1, lost + 1)), END)
    assert (found.per_h is not None) is is_told  # 78 of 84 hours are 93 %, 75 are 89 %
    assert found.nights == NIGHTS - lost


@pytest.mark.parametrize("bit", [quality.ESTIMATED, quality.SUSPECT])
def test_what_was_filled_in_or_is_doubted_is_not_measured(bit: int):
    found = standing_use(some_hours(quality_=bit), END)
    assert (found.per_h, found.coverage) == (None, 0)


def test_nights_in_which_clocks_change_have_the_hours_that_they_have():
    assert len(hours_of_night(date(2026, 3, 29))) == 2
    assert len(hours_of_night(date(2026, 10, 25))) == 4
    assert len(hours_of_night(END)) == 3
    for end in (date(2026, 4, 10), date(2026, 11, 10)):
        found = standing_use(some_hours(end), end)
        assert (found.coverage, found.nights) == (1, NIGHTS)
    autumn = standing_use(some_hours(date(2026, 11, 10)), date(2026, 11, 10))
    assert autumn.per_h == 50  # three o'clock comes twice that night


def test_the_best_weeks_of_the_past_are_what_rises_are_measured_by():
    before = END - NIGHTS * DAY
    past = some_hours(before, days=NIGHTS, quiet=55) + some_hours(
        before - NIGHTS * DAY, days=NIGHTS, quiet=20
    )
    best = best_of(past, before, 5)
    assert best is not None
    assert (best.per_h, best.end_day) == (20, before - NIGHTS * DAY)
    assert best_of([], before, 5) is None


def test_the_weeks_just_before_count_and_those_beyond_what_is_asked_for_do_not():
    just_before = best_of(some_hours(quiet=30), END, 1)
    assert just_before is not None
    assert (just_before.per_h, just_before.end_day) == (30, END)
    assert best_of(some_hours(END - NIGHTS * DAY), END, 1) is None


def _times(one: IntervalUsage, factor: int) -> IntervalUsage:
    return IntervalUsage(
        start=one.start, end=one.end, usage=(one.usage or 0) * factor, quality=one.quality
    )
