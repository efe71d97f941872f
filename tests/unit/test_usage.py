# SPDX-License-Identifier: EUPL-1.2
"""Use follows people and weather, and sums without drift whoever asks in whatever steps."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.city import read_city
from simulators.days import kind_of_day, orthodox_easter
from simulators.draws import HOUR_MS
from simulators.flows import with_sub_meters
from simulators.usage import Usage

CITY = read_city()
USAGE = Usage(CITY, seed=1)
EPOCH = date(1970, 1, 1)
A_YEAR = range((date(2025, 9, 1) - EPOCH).days, (date(2026, 9, 1) - EPOCH).days)
MIDNIGHT_UTC_MS = A_YEAR[100] * 24 * HOUR_MS


def used_on(day: date, point_id: str, usage: Usage = USAGE) -> int:
    """Return the use on a UTC day, which is near enough to a local one for these comparisons."""
    return sum(usage.hourly(CITY.service_points[point_id], (day - EPOCH).days))


def mean_over(point_id: str, matches: Callable[[date], bool]) -> float:
    days = [day for n in A_YEAR if matches(day := EPOCH + timedelta(days=n))]
    return sum(used_on(day, point_id) for day in days) / len(days)


@pytest.mark.parametrize("point_id", CITY.service_points)
def test_a_year_s_use_is_near_the_mean_in_the_table(point_id: str):
    expected = CITY.service_points[point_id].own_use_per_day
    assert mean_over(point_id, lambda _: True) == pytest.approx(expected, rel=0.15)


def test_an_office_rests_at_the_weekend():
    working = mean_over("sredets-cold", lambda day: kind_of_day(day) == "working")
    assert mean_over("sredets-cold", lambda day: day.weekday() == 6) < 0.1 * working


def test_a_block_of_flats_does_not():
    working = mean_over("mladost-cold", lambda day: kind_of_day(day) == "working")
    assert mean_over("mladost-cold", lambda day: day.weekday() == 6) > working


def test_liberation_day_on_a_tuesday_is_a_day_of_rest():
    assert used_on(date(2026, 3, 3), "iliyantsi-presses") < 0.3 * used_on(
        date(2026, 3, 10), "iliyantsi-presses"
    )


def test_easter_is_the_orthodox_one():
    assert orthodox_easter(2026) == date(2026, 4, 12)
    assert kind_of_day(date(2026, 4, 13)) == "sunday"  # Easter Monday
    assert kind_of_day(date(2026, 4, 6)) == "school_holiday"  # the western one means nothing here


def test_in_july_the_school_is_empty_and_the_office_is_not():
    wednesday, in_july = date(2026, 6, 10), date(2026, 7, 8)
    assert used_on(in_july, "lozenets-canteen") < 0.3 * used_on(wednesday, "lozenets-canteen")
    assert used_on(in_july, "sredets-cold") > 0.6 * used_on(wednesday, "sredets-cold")


def test_heating_follows_the_cold():
    def mean_c(day: date) -> float:
        return USAGE.weather.temperature_c((day - EPOCH).days * 86400 + 12 * 3600)

    january = [date(2026, 1, 7) + timedelta(days=d) for d in range(24)]
    by_cold = sorted((d for d in january if kind_of_day(d) == "working"), key=mean_c)
    cold = sum(used_on(day, "sredets-heat") for day in by_cold[:5])
    mild = sum(used_on(day, "sredets-heat") for day in by_cold[-5:])
    assert cold > 1.2 * mild
    assert used_on(date(2026, 7, 15), "sredets-heat") < 0.1 * mild / 5


def test_the_roof_exports_in_sunlight_only():
    days = [USAGE.hourly(CITY.service_points["lozenets-solar"], day) for day in A_YEAR]
    exported = [sum(hours) for hours in zip(*days, strict=True)]
    assert exported[22] == exported[0] == exported[2] == 0
    assert exported.index(max(exported)) in (10, 11, 12)  # UTC; the pupils leave after midday


def test_the_roof_exports_more_in_summer_than_in_winter():
    june = mean_over("lozenets-solar", lambda day: day.month == 6)
    assert june > 2 * mean_over("lozenets-solar", lambda day: day.month == 12)


def test_most_hours_of_the_night_are_without_flow_in_a_flat_and_evenings_are_not():
    point = CITY.service_points["mladost-flat12-cold"]
    days = [USAGE.hourly(point, day) for day in A_YEAR]
    night = [hours[h] for hours in days for h in (0, 1, 2)]  # 02:00 to 05:00 or an hour later
    evening = [hours[h] for hours in days for h in (16, 17, 18)]
    assert night.count(0) > 0.9 * len(night)
    assert evening.count(0) < 0.4 * len(evening)


@pytest.mark.parametrize(
    "point_id", [p for p, point in CITY.service_points.items() if point.per_pulse]
)
def test_no_minute_of_a_week_overloads_a_water_meter(point_id: str):
    """Source: ISO 4064-1, overload flow Q4 = 1.25 Q3."""
    point = CITY.service_points[point_id]
    q3_l_per_h = CITY.meters[point.meter_id].q3_l_per_h
    if q3_l_per_h is None:
        return
    subs = [p for p in CITY.service_points.values() if p.parent_service_point_id == point_id]
    week_ms = range(MIDNIGHT_UTC_MS, MIDNIGHT_UTC_MS + 7 * 24 * HOUR_MS, 60_000)
    peak_ml = max(sum(USAGE.own_use(p, m, m + 60_000) for p in (point, *subs)) for m in week_ms)
    assert peak_ml * 60 / 1000 <= 1.25 * q3_l_per_h


def test_a_main_carries_at_least_what_its_sub_meters_carry():
    for minute in range(0, 24 * 60, 7):
        start_ms = MIDNIGHT_UTC_MS + minute * 60_000
        passed = with_sub_meters(CITY, lambda p, s=start_ms: USAGE.own_use(p, s, s + 60_000))
        for main_id in CITY.service_points:
            subs = [
                amount
                for point_id, amount in passed.items()
                if CITY.service_points[point_id].parent_service_point_id == main_id
            ]
            assert passed[main_id] >= sum(subs)


def test_two_runs_of_one_seed_agree_and_another_seed_does_not():
    day = date(2026, 5, 5)
    again, other = Usage(CITY, seed=1), Usage(CITY, seed=2)
    assert used_on(day, "mladost-cold", again) == used_on(day, "mladost-cold")
    assert used_on(day, "mladost-cold", other) != used_on(day, "mladost-cold")


@given(
    point_id=st.sampled_from(sorted(CITY.service_points)),
    moments=st.lists(st.integers(0, 5 * HOUR_MS), min_size=1, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_use_is_the_same_in_one_step_and_in_many(point_id: str, moments: list[int]):
    point = CITY.service_points[point_id]
    steps = [MIDNIGHT_UTC_MS + ms for ms in sorted([0, *moments, 5 * HOUR_MS])]
    parts = [USAGE.own_use(point, a, b) for a, b in pairwise(steps)]
    assert min(parts) >= 0
    assert sum(parts) == sum(USAGE.hourly(point, A_YEAR[100])[:5])


def test_a_busy_hour_has_use_within_any_two_minutes():
    """A demo of two minutes must show something turn in every building."""
    noon_ms = ((date(2026, 3, 10) - EPOCH).days * 24 + 10) * HOUR_MS
    for premises_id in CITY.premises:
        points = [p for p in CITY.service_points.values() if p.premises_id == premises_id]
        for minute in range(0, 60, 2):
            start_ms = noon_ms + minute * 60_000
            assert any(USAGE.own_use(p, start_ms, start_ms + 120_000) for p in points)


def test_no_water_runs_where_nobody_is():
    """Else the leak rules would rightly take it for a leak."""
    for point_id in ("iliyantsi-hot", "sredets-hot", "lozenets-canteen"):
        nights = [USAGE.hourly(CITY.service_points[point_id], day)[:2] for day in A_YEAR]
        assert sum(sum(night) for night in nights) == 0  # 02:00 to 04:00 or an hour later
