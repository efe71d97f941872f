# SPDX-License-Identifier: EUPL-1.2
"""What use costs: lines, VAT, bands, blocks, standing charges, and totals to the cent."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.tariffs.models import GasConversion
from cloud.tariffs.pricing import IntervalPricing, bill, midnight
from cloud.tariffs.rounding import cents, rounded
from tests.tariffs import a_component, a_period, a_version, day_and_night, uses
from wire import quality

M3 = 1_000_000  # ml
OCTOBER = ("2026-10-01", "2026-11-01")


def test_ten_cubic_metres_at_two_euro_are_twenty_and_vat():
    made = bill("water", uses("2026-10-01", "2026-10-11", M3), [a_period(*OCTOBER, a_version())])
    [line] = made.lines
    assert (line.quantity, line.net_eur) == (10, 20)
    assert (made.net_eur, made.vat_eur, made.total_eur) == (20, 4, 24)


def test_each_rate_of_vat_is_due_on_the_sum_of_its_lines():
    # three lines of 0.333 are 0.99 net; 20 % of each would be 0.07 three times, of their sum 0.20
    parts = [a_component(name, price=Decimal("0.333")) for name in ("one", "two", "three")]
    free = a_component("free", price=Decimal(1), vat_percent=Decimal(0))
    made = bill("water", uses("2026-10-01", "2026-10-02", M3), [_october(*parts, free)])
    assert [(one.percent, one.net_eur, one.vat_eur) for one in made.vat] == [
        (0, 1, 0),
        (20, Decimal("0.99"), Decimal("0.20")),
    ]
    assert made.total_eur == Decimal("2.19")


def _october(*components, **changes):
    return a_period(*OCTOBER, a_version(*components), **changes)


def test_no_use_still_has_a_standing_charge():
    standing = a_component("standing", per="month", price=Decimal(3))
    made = bill("water", uses(*OCTOBER, 0), [_october(a_component(), standing)])
    assert [(one.quantity, one.net_eur) for one in made.lines] == [(0, 0), (1, 3)]


@pytest.mark.parametrize(
    ("first", "end", "months"),
    [
        ("2026-02-01", "2026-03-01", 1),
        ("2026-02-01", "2026-02-15", Decimal("0.5")),
        ("2026-01-01", "2027-01-01", 12),
        ("2026-01-17", "2026-02-15", Decimal("0.984")),  # 15 of 31 days and 14 of 28
    ],
)
def test_a_monthly_charge_is_shared_by_the_days_of_its_month(first, end, months):
    standing = a_component("standing", per="month", price=Decimal(1))
    made = bill("water", [], [a_period(first, end, a_version(standing))])
    assert made.lines[0].quantity == months


def test_a_standing_charge_of_a_bigger_meter_is_not_asked_of_a_small_one():
    small = a_component("small", per="day", price=Decimal(1), q3_to_l_per_h=4000)
    big = a_component("big", per="day", price=Decimal(5), q3_from_l_per_h=4001)
    for q3, name in ((2500, ["small"]), (4000, ["small"]), (6300, ["big"]), (None, [])):
        made = bill("water", uses(*OCTOBER, 0), [_october(small, big, q3_l_per_h=q3)])
        assert [one.component.name for one in made.lines] == name
        assert made.is_complete == (q3 is not None)


def test_night_begins_at_22_in_winter_and_at_23_in_summer():
    pricing = IntervalPricing(
        "electricity", [a_period("2026-01-01", "2027-01-01", day_and_night())]
    )
    for day, nights in (("2026-01-15", {22, 23, *range(6)}), ("2026-07-15", {23, *range(7)})):
        following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        hours = uses(day, following, 1000, resolution="hour")
        cheap = {hour for hour, use in enumerate(hours) if pricing.exact(use) == Fraction(12, 100)}
        assert cheap == nights


@pytest.mark.parametrize(
    ("day", "by_day", "by_night"),
    [("2026-03-29", 16, 7), ("2026-10-25", 16, 9), ("2026-10-26", 16, 8)],
)
def test_the_night_in_which_the_clocks_change_has_an_hour_less_or_more(day, by_day, by_night):
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    hours = uses(day, following, 1000, resolution="hour")
    made = bill("electricity", hours, [a_period(day, following, day_and_night())])
    assert [line.quantity for line in made.lines] == [by_day, by_night]


def test_a_change_of_price_inside_a_month_makes_two_lines_of_a_component():
    old, new = a_version(), replace(a_version(a_component(price=Decimal(3))), version_id=2)
    periods = [a_period("2026-10-01", "2026-10-11", old), a_period("2026-10-11", "2026-11-01", new)]
    made = bill("water", uses(*OCTOBER, M3), periods)
    assert [(one.quantity, one.net_eur) for one in made.lines] == [(10, 20), (21, 63)]


def test_a_block_is_filled_in_the_order_of_the_days_and_anew_each_month():
    cheap = a_component("cheap", price=Decimal(1), up_to=Decimal(10))
    dear = a_component("dear", price=Decimal(4), above=Decimal(10))
    span = ("2026-10-01", "2026-12-01")
    period = a_period(*span, a_version(cheap, dear))
    made = bill("water", uses(*span, M3), [period])
    assert [one.quantity for one in made.lines] == [20, 21 + 20]
    pricing = IntervalPricing("water", [period])
    by_day = [pricing.exact(use) for use in uses(*span, M3)]
    assert by_day[9:11] == [Fraction(12, 10), Fraction(48, 10)]
    assert by_day[31] == Fraction(12, 10)


def test_gas_is_billed_by_its_energy():
    version = a_version(
        a_component("gas", per="mwh", price=Decimal(100)),
        gas=GasConversion(kwh_per_m3=Decimal("10.5"), volume_factor=Decimal("0.95")),
    )
    made = bill("gas", uses("2026-10-01", "2026-10-11", 10_000), [a_period(*OCTOBER, version)])
    assert made.lines[0].quantity == Decimal("0.998")  # 100 m³ at 9.975 kWh, in MWh
    assert made.net_eur == Decimal("99.75")


def test_leva_become_euro_at_the_fixed_rate_line_by_line():
    version = a_version(a_component(price=Decimal("1.95583")), currency="BGN")
    made = bill(
        "water",
        uses("2025-10-01", "2025-10-11", M3),
        [a_period("2025-10-01", "2025-11-01", version)],
    )
    assert made.net_eur == 10


def test_what_is_missing_or_estimated_is_said_and_a_gap_costs_nothing_known():
    known = uses("2026-10-01", "2026-10-02", M3, quality=quality.ESTIMATED)
    gap = uses("2026-10-02", "2026-10-03", None, quality=quality.MISSING)
    period = _october()
    assert bill("water", known, [period]).is_estimated
    assert not bill("water", known + gap, [period]).is_complete
    pricing = IntervalPricing("water", [period])
    assert pricing.cost(gap) is None
    assert pricing.cost(known + gap) == Decimal("2.4")


def test_days_without_a_price_cost_nobody_knows_what():
    period = a_period(*OCTOBER, None)
    made = bill("water", uses(*OCTOBER, M3), [period])
    assert (made.lines, made.is_complete) == ((), False)
    assert IntervalPricing("water", [period]).cost(uses(*OCTOBER, M3)) is None


@pytest.mark.parametrize(
    ("exact", "shown"),
    [("0.005", "0.01"), ("0.00499", "0.00"), ("-0.005", "-0.01"), ("2.675", "2.68")],
)
def test_half_a_cent_is_rounded_away_from_zero(exact, shown):
    assert cents(Fraction(exact)) == Decimal(shown)


@given(st.fractions(), st.integers(0, 6))
def test_what_is_rounded_is_never_off_by_more_than_a_half(exact, places):
    assert abs(Fraction(rounded(exact, places)) - exact) <= Fraction(1, 2 * 10**places)


a_few = settings(max_examples=30, deadline=None)
DAYS = uses(*OCTOBER, 0)
LONGEST = uses("2026-10-25", "2026-10-26", 0, resolution="hour")
PRICES = st.decimals("0", "9", places=5, allow_nan=False)
RATES = st.sampled_from([Decimal(0), Decimal(9), Decimal(20)])


@st.composite
def versions(draw):
    """Return a tariff with some components for use and for time, at several rates of VAT."""
    found = [
        a_component(f"c{number}", per=per, price=draw(PRICES), vat_percent=draw(RATES))
        for number, per in enumerate(
            draw(st.lists(st.sampled_from(["m3", "day", "month"]), min_size=1, max_size=5))
        )
    ]
    return a_version(*found)


@a_few
@given(versions(), st.lists(st.integers(0, 3 * M3), min_size=31, max_size=31))
def test_the_parts_of_a_bill_add_up_to_its_total(version, amounts):
    days = [replace(use, amount=one) for use, one in zip(DAYS, amounts, strict=True)]
    made = bill("water", days, [a_period(*OCTOBER, version)])
    assert made.total_eur == sum(one.net_eur for one in made.lines) + sum(
        one.vat_eur for one in made.vat
    )
    assert sum(one.net_eur for one in made.vat) == made.net_eur


@a_few
@given(
    versions(),
    st.lists(st.integers(0, 3 * M3), min_size=31, max_size=31),
    st.sets(st.integers(1, 30), max_size=6),
)
def test_a_month_that_is_split_anywhere_adds_up_within_the_stated_rounding(version, amounts, cuts):
    days = [replace(use, amount=one) for use, one in zip(DAYS, amounts, strict=True)]
    whole = bill("water", days, [a_period(*OCTOBER, version)])
    ends = [1, *(cut + 1 for cut in sorted(cuts)), 32]
    parts = []
    for first, end in pairwise(ends):
        period = a_period(
            *(str(date(2026, 10, 1) + timedelta(days=day - 1)) for day in (first, end)), version
        )
        parts.append(bill("water", days[first - 1 : end - 1], [period]))
    # a cent for each line and rate of each part, and of the whole
    roundings = sum(len(one.lines) + len(one.vat) for one in [*parts, whole])
    assert abs(sum(one.total_eur for one in parts) - whole.total_eur) < roundings * Decimal("0.01")


@a_few
@given(versions(), st.lists(st.integers(0, 3 * M3), min_size=31, max_size=31))
def test_the_days_of_a_month_cost_what_its_bill_says_before_it_is_rounded(version, amounts):
    days = [replace(use, amount=one) for use, one in zip(DAYS, amounts, strict=True)]
    period = a_period(*OCTOBER, version)
    made = bill("water", days, [period])
    exact = sum(IntervalPricing("water", [period]).exact(use) for use in days)
    assert abs(Fraction(made.total_eur) - exact) <= Fraction(len(made.lines) + len(made.vat), 100)


@a_few
@given(st.lists(st.integers(0, 5000), min_size=25, max_size=25))
def test_on_the_longest_day_each_hour_is_counted_once(amounts):
    first, end = "2026-10-25", "2026-10-26"
    hours = [replace(use, amount=one) for use, one in zip(LONGEST, amounts, strict=True)]
    made = bill("electricity", hours, [a_period(first, end, day_and_night())])
    assert sum(one.quantity for one in made.lines) == Decimal(sum(amounts)) / 1000


def test_a_use_lies_in_the_period_of_its_local_day():
    period = a_period("2026-10-26", "2026-10-27", a_version())
    late = uses("2026-10-25", "2026-10-26", M3, resolution="hour")[-1]
    assert late.end == midnight(date(2026, 10, 26))
    assert IntervalPricing("water", [period]).exact(late) is None
