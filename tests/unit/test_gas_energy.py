# SPDX-License-Identifier: EUPL-1.2
"""Litres of gas as watt-hours: by dated factors, day by day where they change, and back."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cloud.readings.models import IntervalUsage
from cloud.tariffs.gas import (
    FACTOR_CHANGED,
    NO_FACTOR,
    Energy,
    Factor,
    energies,
    energy_wh,
    factors_of,
    summed,
)
from cloud.tariffs.models import GasConversion, Period, Version
from tests.tariffs import a_component, a_version, midnight
from wire import quality

OCTOBER = date(2026, 10, 1)


def at_factor(kwh: str, since: date = date(2026, 1, 1), volume: str = "1") -> Version:
    gas = GasConversion(kwh_per_m3=Decimal(kwh), volume_factor=Decimal(volume))
    return a_version(a_component(), gas=gas, valid_from=since)


def a_factor(kwh: str, first: date | None = None, end: date | None = None) -> Factor:
    return Factor(first=first, end=end, version=at_factor(kwh), is_assumed=False)


def used(first: str, end: str, litres: int | None, bits: int = 0) -> IntervalUsage:
    return IntervalUsage(start=midnight(first), end=midnight(end), usage=litres, quality=bits)


def days_from(first: str, *litres: int | None) -> list[IntervalUsage]:
    start = date.fromisoformat(first)
    days = [str(start + timedelta(days=passed)) for passed in range(len(litres) + 1)]
    return [used(one, other, x) for one, other, x in zip(days, days[1:], litres, strict=False)]


def told(found: list[Energy]) -> list[tuple[int | None, str | None]]:
    return [(one.usage_wh, one.reason) for one in found]


def test_a_month_at_one_factor_is_its_litres_times_that():
    month = [used("2026-10-01", "2026-11-01", 1000)]
    assert told(energies(month, [], [a_factor("10.62")])) == [(10_620, None)]


def test_a_month_in_which_the_factor_changes_is_converted_day_by_day():
    days = days_from("2026-10-01", 100, 200, 300)
    month = [used("2026-10-01", "2026-10-04", 600)]
    factors = [a_factor("10", None, date(2026, 10, 3)), a_factor("11", date(2026, 10, 3), None)]
    assert told(energies(month, days, factors)) == [(300 * 10 + 300 * 11, None)]


def test_where_the_days_are_not_kept_a_changed_factor_gives_no_figure_but_a_reason():
    month = [used("2026-10-01", "2026-10-04", 600)]
    factors = [a_factor("10", None, date(2026, 10, 3)), a_factor("11", date(2026, 10, 3), None)]
    for days in ([], days_from("2026-10-01", 100, 200, None)):
        assert told(energies(month, days, factors)) == [(None, FACTOR_CHANGED)]


def test_without_a_factor_there_is_no_energy_and_a_reason():
    days = days_from("2026-10-01", 100, 200)
    month = [used("2026-10-01", "2026-10-03", 300)]
    assert told(energies(days, [], [])) == [(None, NO_FACTOR)] * 2
    late = [a_factor("10", date(2026, 10, 2))]
    assert told(energies(days, [], late)) == [(None, NO_FACTOR), (2000, None)]
    assert told(energies(month, days, late)) == [(None, NO_FACTOR)]


def test_what_is_not_known_in_litres_stays_unknown_and_needs_no_reason():
    [one] = energies([used("2026-10-01", "2026-10-02", None, quality.MISSING)], [], [])
    assert (one.usage_wh, one.reason, one.quality) == (None, None, quality.MISSING)


def test_the_last_hour_of_a_day_belongs_to_that_day_also_when_clocks_change():
    hour = timedelta(hours=1)
    end = midnight("2026-10-26")  # after a day of 25 hours
    hours = [
        IntervalUsage(start=end - hour, end=end, usage=7, quality=0),
        IntervalUsage(start=end, end=end + hour, usage=7, quality=0),
    ]
    change = date(2026, 10, 26)
    factors = [a_factor("10", None, change), a_factor("11", change)]
    assert told(energies(hours, [], factors)) == [(70, None), (77, None)]


def test_versions_that_say_the_same_are_one_factor_with_its_first_day():
    def period(version: Version | None, first: date, end: date) -> Period:
        return Period(first=first, end=end, version=version)

    months = [date(2026, 8, 1), date(2026, 9, 1), OCTOBER, date(2026, 11, 1), date(2100, 1, 1)]
    versions = [at_factor("9.303", months[0]), at_factor("9.303", months[1]), at_factor("10.62")]
    spans = zip(versions, months, months[1:], strict=False)
    found = factors_of([*(period(*one) for one in spans), period(None, months[3], months[4])])
    assert [(one.first, one.end, one.wh_per_l) for one in found] == [
        (months[0], OCTOBER, Fraction("9.303")),
        (OCTOBER, months[3], Fraction("10.62")),
    ]


def test_the_volume_factor_is_part_of_the_factor():
    [one] = factors_of(
        [Period(first=OCTOBER, end=date(2100, 1, 1), version=at_factor("10", volume="0.95"))]
    )
    assert (one.wh_per_l, one.end) == (Fraction("9.5"), None)


def test_one_point_that_can_not_be_converted_makes_the_sum_unknown():
    one = energies(days_from("2026-10-01", 100, 100), [], [a_factor("10")])
    other = energies(days_from("2026-10-01", 5, 5), [], [a_factor("10", date(2026, 10, 2))])
    assert told(summed([one, other])) == [(None, NO_FACTOR), (1050, None)]


# Sources of natural gas lie between 8 and 13 kWh/m3; the round trip needs a factor above 1.
FACTORS = st.decimals("1.01", "20", places=6)


@given(litres=st.integers(0, 2**53 - 1), kwh=FACTORS)
def test_litres_come_back_exactly_from_energy(litres: int, kwh: Decimal):
    wh = energy_wh(litres, Fraction(kwh))
    assert isinstance(wh, int)
    assert round(wh / Fraction(kwh)) == litres


@given(
    days=st.lists(st.integers(0, 10**7), min_size=2, max_size=31),
    before=FACTORS,
    after=FACTORS,
    data=st.data(),
)
def test_a_month_is_the_sum_of_its_days_but_for_their_roundings(
    days: list[int], before: Decimal, after: Decimal, data: st.DataObject
):
    change = OCTOBER + timedelta(days=data.draw(st.integers(1, len(days) - 1)))
    factors = [a_factor(str(before), None, change), a_factor(str(after), change)]
    by_day = days_from("2026-10-01", *days)
    whole = [used("2026-10-01", str(OCTOBER + timedelta(days=len(days))), sum(days))]
    [month] = energies(whole, by_day, factors)
    parts = [one.usage_wh or 0 for one in energies(by_day, [], factors)]
    assert abs((month.usage_wh or 0) - sum(parts)) <= (len(days) + 1) / 2
