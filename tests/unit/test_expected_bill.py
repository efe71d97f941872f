# SPDX-License-Identifier: EUPL-1.2
"""What a month costs in the end: exact once it is over, and a range that holds before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.demand.bills.expected import (
    NO_PRICE,
    TOO_FAR,
    TOO_LITTLE,
    Expected,
    expected,
    total,
)
from cloud.demand.models.days_ahead import HIGH, LOW, days_ahead
from cloud.kit.hypertable import ZONE
from cloud.premises.models import ServicePoint
from cloud.readings.models import IntervalUsage
from cloud.tariffs.costs import Course, Reckoned
from cloud.tariffs.models import Use, Version
from cloud.tariffs.pricing import bill, midnight
from tests.tariffs import a_component, a_period, a_version, day_and_night
from wire import quality

EPOCH = date(1970, 1, 1)
DAY = timedelta(days=1)
FIRST, END = date(2026, 10, 1), date(2026, 11, 1)
M3 = 1_000_000  # ml
PLAIN = a_version(
    a_component(), a_component("standing", per="month", price=Decimal(1))
)  # 2 euro a cubic metre, 1 euro a month, 20 % VAT
Amount = Callable[[date], int | None]


def a_course(
    amount: Amount,
    today: date,
    *,
    hours_today: int = 0,
    known_days: int = 300,
    version: Version | None = PLAIN,
    reading_type: str = "cold_water",
) -> Course:
    """Return a point that used ``amount`` of a day, evenly over its hours."""
    periods = [a_period(str(FIRST), str(END), version)]
    days = [_day(day, amount(day)) for day in _days(today - known_days * DAY, today)]
    known = _hours(today - 28 * DAY, today, amount, 28 * 24) + _hours(
        today, today + DAY, amount, hours_today
    )
    by_hour = version is not None and version.has_bands
    so_far = [
        Use(start=one.start, end=one.end, amount=one.usage, quality=one.quality)
        for one in (known if by_hour else days)
        if midnight(FIRST) <= one.start < midnight(END)
    ]
    point = ServicePoint(
        service_point_id="sp-one",
        premises_id="p-one",
        name_bg="Вода",
        name_en="Water",
        reading_type=reading_type,
        parent_service_point_id=None,
    )
    made = bill(point.type.utility, so_far, periods)
    reckoned = Reckoned(point=point, periods=periods, uses=so_far, bill=made, is_final=True)
    return Course(point=point, periods=periods, days=days, hours=known, so_far=reckoned)


def _days(first: date, end: date) -> list[date]:
    return [first + DAY * at for at in range((end - first).days)]


def _day(day: date, amount: int | None) -> IntervalUsage:
    bits = quality.MISSING if amount is None else 0
    return IntervalUsage(start=midnight(day), end=midnight(day + DAY), usage=amount, quality=bits)


def _hours(first: date, end: date, amount: Amount, known: int) -> list[IntervalUsage]:
    starts = []
    at = midnight(first)
    while at < midnight(end) and len(starts) < known + 30:
        starts.append(at)
        at += timedelta(hours=1)
    found = []
    for start in starts[:known]:
        whole = amount(first + (start - midnight(first)) // DAY * DAY) or 0
        found.append(
            IntervalUsage(start=start, end=start + timedelta(hours=1), usage=whole // 24, quality=0)
        )
    return found


def at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5 * M3), min_size=31, max_size=31))
def test_a_month_that_is_over_costs_what_its_bill_says(amounts: list[int]):
    course = a_course(lambda day: amounts[day.day - 1], END, known_days=31)
    found = expected(course, at_noon(END), FIRST, END)
    outcomes = [found.low, found.middle, found.high]
    assert found.is_over
    assert all(
        one is not None and one.total_eur == course.so_far.bill.total_eur for one in outcomes
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(0, 2**32))
def test_the_range_is_in_order_and_never_below_what_is_due_already(day: int, seed: int):
    draws = np.random.default_rng(seed).gamma(2, M3 / 2, 4000)
    course = a_course(lambda one: int(draws[(one - EPOCH).days % 4000]), date(2026, 10, day))
    found = expected(course, at_noon(date(2026, 10, day)), FIRST, END)
    assert found.low is not None
    assert found.middle is not None
    assert found.high is not None
    used = sum(one.amount or 0 for one in course.so_far.uses)
    assert used <= found.low.usage <= found.middle.usage <= found.high.usage
    assert found.low.total_eur <= found.middle.total_eur <= found.high.total_eur


def test_a_month_of_even_days_is_known_from_its_first_one():
    course = a_course(lambda _: M3, date(2026, 10, 2))
    found = expected(course, at_noon(date(2026, 10, 2)), FIRST, END)
    # 31 m³ at 2 euro, 1 euro a month, and 20 % of VAT
    assert found.middle is not None
    assert found.middle.total_eur == Decimal("75.60")
    assert total([found]) is not None
    assert course.so_far.bill.total_eur < found.middle.total_eur


def test_what_today_has_used_already_is_not_expected_again():
    noon = at_noon(date(2026, 10, 31))
    course = a_course(lambda _: 24 * M3, date(2026, 10, 31), hours_today=15)
    found = expected(course, noon, FIRST, END)
    assert found.middle is not None
    assert found.middle.usage == pytest.approx(31 * 24 * M3, rel=0.001)
    assert found.known_until == midnight(date(2026, 10, 31)) + timedelta(hours=15)
    assert found.ahead is not None
    assert found.ahead.middle == pytest.approx(9 * M3, rel=0.01)


def test_today_has_an_hour_more_left_where_the_clocks_go_back():
    course = a_course(lambda _: 24 * M3, date(2026, 10, 25), hours_today=15)
    found = expected(course, at_noon(date(2026, 10, 25)), FIRST, END)
    assert found.known_until == datetime(2026, 10, 25, 12, tzinfo=UTC)  # 14 o'clock in Sofia
    assert found.ahead is not None
    assert found.ahead.days[0] == pytest.approx(10 * M3)


def test_the_last_evening_of_a_school_is_known_once_it_is_empty():
    course = a_course(lambda _: 24 * M3, date(2026, 10, 31), hours_today=18)
    empty = [
        replace(one, usage=0) if one.start.astimezone(ZONE).hour >= 18 else one
        for one in course.hours
    ]
    at = midnight(date(2026, 10, 31)) + timedelta(hours=18, minutes=5)
    found = expected(replace(course, hours=empty), at, FIRST, END)
    assert (found.reason, found.ahead, found.is_fallback) == (None, None, False)
    assert found.middle is not None
    assert found.middle.usage == 30 * 24 * M3 + 18 * M3
    assert total([found]) is not None


def test_what_may_be_used_though_nothing_is_expected_is_paid_in_its_month():
    today = date(2026, 10, 20)
    course = a_course(
        lambda day: 0 if (today - day).days < 29 or (today - day).days % 10 else M3, today
    )
    begin, end = date(2026, 11, 1), date(2026, 12, 1)
    periods = [a_period(str(begin), str(end), PLAIN)]
    so_far = replace(course.so_far, uses=[], periods=periods, bill=bill("water", [], periods))
    found = expected(replace(course, periods=periods, so_far=so_far), at_noon(today), begin, end)
    assert found.middle is not None
    assert found.high is not None
    assert found.middle.usage == 0 < found.high.usage
    due = (2 * found.high.usage / M3 + 1) * 1.2
    assert float(found.high.total_eur) == pytest.approx(due, abs=0.02)


def test_use_that_has_not_come_yet_is_expected_from_the_last_that_has():
    late = date(2026, 10, 18)
    course = a_course(lambda day: M3 if day < late else None, date(2026, 10, 20))
    found = expected(course, at_noon(date(2026, 10, 20)), FIRST, END)
    assert found.known_until == midnight(late)
    assert found.middle is not None
    assert found.middle.usage == 31 * M3


def test_a_missing_day_in_between_is_taken_to_be_as_others():
    course = a_course(lambda day: None if day == date(2026, 10, 5) else M3, date(2026, 10, 20))
    found = expected(course, at_noon(date(2026, 10, 20)), FIRST, END)
    assert found.middle is not None
    assert found.middle.usage == 31 * M3


def test_hours_ahead_are_priced_by_their_time_of_day():
    version = day_and_night("0.20", "0.10")
    course = a_course(
        lambda _: 24_000, date(2026, 10, 1), version=version, reading_type="electricity_import"
    )
    found = expected(course, at_noon(date(2026, 10, 1)), FIRST, END)
    # 31 days of 16 kWh at 0.20 and 8 kWh at 0.10, the repeated hour of the 25th at night
    assert found.middle is not None
    assert float(found.middle.total_eur) == pytest.approx(31 * 4.0 * 1.2, rel=0.01)


@pytest.mark.parametrize(
    ("changes", "today", "reason"),
    [
        ({"known_days": 5}, date(2026, 10, 9), TOO_LITTLE),
        ({"known_days": 0}, date(2026, 10, 9), TOO_LITTLE),
        ({"version": None}, date(2026, 10, 9), NO_PRICE),
        ({}, date(2026, 7, 1), TOO_FAR),
    ],
)
def test_what_nobody_can_tell_is_said(changes: dict[str, object], today: date, reason: str):
    course = a_course(lambda _: M3, today, **changes)  # type: ignore[arg-type]
    found = expected(course, at_noon(today), FIRST, END)
    assert (found.reason, found.middle) == (reason, None)
    assert total([found]) is None


def a_home(seed: int, days: int) -> np.ndarray:
    """Return days of a home that heats: seasons, weekdays, weather that lasts, and chance."""
    draws = np.random.default_rng(seed)
    at = np.arange(days)
    weather = np.zeros(days)
    for day in range(1, days):
        weather[day] = 0.8 * weather[day - 1] + draws.normal(0, 0.12)
    season = 1.5 + np.cos(at / 365.25 * 2 * np.pi)
    week = np.where(at % 7 >= 5, 1.2, 1.0)
    return np.asarray(M3 * season * week * np.exp(weather + draws.normal(0, 0.1, days)))


def _bills(homes: int) -> list[tuple[Expected, Decimal]]:
    """Return expected bills of an October from its first, tenth and twentieth day, and the bill."""
    found = []
    for seed in range(homes):
        used = a_home(seed, 800)
        last = (END - EPOCH).days

        def amount(day: date, used: np.ndarray = used, last: int = last) -> int:
            return int(used[(day - EPOCH).days - last])

        bill_in_the_end = a_course(amount, END, known_days=31).so_far.bill.total_eur
        for day in (1, 10, 20):
            today = date(2026, 10, day)
            course = a_course(amount, today, known_days=420)
            found.append((expected(course, at_noon(today), FIRST, END), bill_in_the_end))
    return found


def test_the_range_holds_the_bill_about_nine_times_of_ten():
    told = _bills(30)
    held = [
        one.low.total_eur <= due <= one.high.total_eur
        for one, due in told
        if one.low is not None and one.high is not None
    ]
    assert len(held) == len(told)
    assert 0.84 <= np.mean(held) <= 0.99


def test_of_two_supplies_the_range_is_narrower_than_both_added():
    homes = [a_home(seed, 800) for seed in (1, 2)]
    last = (END - EPOCH).days
    both = [
        expected(
            a_course(
                lambda day, used=used: int(used[(day - EPOCH).days - last]), date(2026, 10, 3)
            ),
            at_noon(date(2026, 10, 3)),
            FIRST,
            END,
        )
        for used in homes
    ]
    whole = total(both)
    assert whole is not None
    apart = [one.high.total_eur - one.low.total_eur for one in both if one.low and one.high]
    assert whole.high_eur - whole.low_eur < sum(apart)
    assert whole.low_eur <= whole.middle_eur <= whole.high_eur


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.one_of(st.floats(0, 1e6), st.just(float("nan"))), min_size=1, max_size=120),
    st.integers(1, 40),
)
def test_any_past_gives_ordered_finite_numbers_or_none(past: list[float], count: int):
    told = days_ahead(np.array(past), [1.0] * count, 20_000)
    if told is not None:
        low, high = told.quantile(LOW), told.quantile(HIGH)
        assert np.isfinite([low, told.middle, high]).all()
        assert low <= max(told.middle, 0) + 1e-6
        assert (told.days >= 0).all()
