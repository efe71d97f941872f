# SPDX-License-Identifier: EUPL-1.2
"""Bills beside our registers: each reason fires on its evidence, and not on its neighbour.

October by our meter: 100 m³ when it begins, one cubic metre a day, 131 m³ when November begins; two
euro a cubic metre, and 20 % VAT on it.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cloud.papers.bill_check import compare
from cloud.papers.bill_facts import (
    Billed,
    Break,
    Comparison,
    Neighbour,
    OurBound,
    OurPrice,
    Ours,
    Priced,
)
from wire import quality

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
AT = datetime(2026, 10, 16, 9, tzinfo=UTC)


def _priced(usage: Decimal, each: str = "2") -> Priced:
    net = usage * Decimal(each)
    return Priced(net_eur=net, total_eur=net * Decimal("1.2"))


def a_bound(day: date, register: int, **changes: Any) -> OurBound:
    fields = {
        "day": day,
        "serial": "17-001",
        "at_start": Decimal(register),
        "at_end": Decimal(register + 1),
        "bits": 0,
        "nearby": {day + timedelta(days=n): Decimal(register + n) for n in range(-10, 12)},
        **changes,
    }
    return OurBound(**fields)


def ours(**changes: Any) -> Ours:
    fields = {
        "start": a_bound(OCTOBER, 100),
        "end": a_bound(NOVEMBER, 131),
        "usage": Decimal(31),
        "bits": 0,
        "price": OurPrice(pricing=_priced, versions=[OCTOBER]),
        **changes,
    }
    return Ours(**fields)


def check(known: Ours | None = None, /, **billed: str) -> Comparison:
    return compare(
        Billed(**{name: Decimal(told) for name, told in billed.items()}), known or ours()
    )


def codes(found: Comparison) -> list[str]:
    return [one.code for one in found.reasons]


READ = {"start_register": "100", "end_register": "131"}


def test_a_bill_as_we_have_it_agrees_to_the_cent():
    found = check(**READ, total_eur="74.40")
    assert (found.verdict, codes(found)) == ("agrees", [])
    assert (found.usage_difference, found.difference_eur) == (Decimal(0), Decimal(0))


def test_a_reading_later_in_the_day_is_rounding_and_two_days_later_is_another_day():
    late = check(start_register="100", end_register="132")
    assert (late.verdict, codes(late)) == ("agrees", ["rounding"])
    later = check(start_register="100", end_register="134")
    [reason] = later.reasons
    assert (later.verdict, reason.code, reason.usage_part) == ("explained", "other_day", Decimal(3))
    assert (reason.evidence["which"], reason.evidence["shown_on"]) == ("end", "2026-11-03")


def test_a_number_that_the_dial_showed_within_ten_days_was_read_and_one_beyond_was_not():
    read = check(start_register="91", end_register="131")
    assert [(one.code, one.usage_part) for one in read.reasons] == [("other_day", Decimal(9))]
    never = check(start_register="100", end_register="160")
    [reason] = never.reasons
    assert (reason.code, reason.usage_part) == ("not_on_dial", Decimal(29))
    assert reason.evidence == {
        "which": "end",
        "day": "2026-11-01",
        "billed": "160",
        "ours": "131",
        "looked_from": "2026-10-22",
        "looked_to": "2026-11-12",
    }


def test_a_register_between_our_neighbours_is_our_gap_and_one_outside_is_not():
    known = {
        "bits": quality.ESTIMATED,
        "at_end": None,
        "nearby": {},
        "before": Neighbour(read_at=AT, register=Decimal(116), bits=0),
        "after": Neighbour(read_at=AT + timedelta(days=30), register=Decimal(146), bits=0),
    }
    end = a_bound(NOVEMBER, 131, **known)
    within = check(ours(end=end), start_register="100", end_register="140")
    [reason] = within.reasons
    assert (reason.code, reason.evidence["before"]) == ("within_our_gap", "116")
    outside = check(ours(end=end), start_register="100", end_register="147")
    assert codes(outside) == ["not_on_dial"]


def test_a_number_that_may_have_stood_there_while_nobody_read_is_no_mistake():
    known = {date(2026, 10, 30) + timedelta(days=n): Decimal(129 + n) for n in range(3)}
    silent = a_bound(NOVEMBER, 131, at_end=None, nearby=known, is_open_after=True)
    found = check(ours(end=silent), start_register="100", end_register="140")
    [reason] = found.reasons
    assert (found.verdict, reason.code) == ("unknown", "our_register_unknown")
    assert reason.usage_part == Decimal(9)
    below = check(ours(end=silent), start_register="100", end_register="120")
    assert codes(below) == ["not_on_dial"]  # all of the days before are known
    before = replace(silent, is_open_before=True)
    assert codes(check(ours(end=before), start_register="100", end_register="120")) == [
        "our_register_unknown"
    ]


def test_a_register_that_we_do_not_know_proves_nothing():
    start = a_bound(OCTOBER, 0, at_start=None, at_end=None, nearby={}, bits=quality.MISSING)
    found = check(ours(start=start, usage=None, price=None), **READ)
    assert (found.verdict, codes(found)) == ("unknown", ["our_register_unknown"])
    assert (found.billed_usage, found.usage_difference) == (Decimal(31), None)


HALF = Break(kind="exchange", at=AT, before=Decimal(115), after=Decimal(3))
EXCHANGED = {"breaks": [HALF], "end": a_bound(NOVEMBER, 19)}


def test_an_exchange_is_counted_on_both_meters():
    found = check(ours(**EXCHANGED), start_register="100", end_register="19")
    assert (found.billed_usage, found.verdict) == (Decimal(31), "agrees")
    assert codes(found) == ["exchanged"]


def test_a_bill_that_left_out_the_old_meter_is_told_and_another_one_is_not_guessed_at():
    left = check(ours(**EXCHANGED), amount="16")
    [reason] = left.reasons
    assert (left.verdict, reason.code, reason.usage_part) == (
        "explained",
        "exchanged",
        Decimal(-15),
    )
    assert reason.evidence["left_out"] == "before"
    other = check(ours(**EXCHANGED), amount="45")
    assert (other.verdict, codes(other)) == ("unexplained", ["exchanged", "use_unexplained"])


def test_a_register_that_begins_anew_has_no_difference_of_two_numbers():
    rolled = Break(kind="rollover", at=AT, before=None, after=None)
    known = ours(breaks=[rolled], end=a_bound(NOVEMBER, 31))
    found = check(known, start_register="100", end_register="31")
    assert (found.billed_usage, codes(found)) == (None, ["rolled_over"])
    plain = check(start_register="131", end_register="100")
    assert plain.billed_usage is None
    assert set(codes(plain)) == {"not_on_dial"}


def test_days_that_we_miss_or_estimated_are_named_before_the_bill_is_doubted():
    missing = check(ours(missing=[date(2026, 10, 9), date(2026, 10, 10)]), amount="40")
    [reason] = missing.reasons
    assert (missing.verdict, reason.code) == ("unknown", "our_gap")
    assert reason.evidence == {"days": "2", "first": "2026-10-09", "last": "2026-10-10"}
    estimated = check(ours(estimated=[date(2026, 10, 9)]), amount="40")
    assert codes(estimated)[0] == "our_estimate"
    assert codes(check(amount="40")) == ["use_unexplained"]


def test_an_amount_that_fits_its_cut_registers_adds_up_and_another_does_not():
    assert codes(check(**READ, amount="31.4")) == ["rounding"]
    apart = check(**READ, amount="35")
    first = apart.reasons[0]
    assert (first.code, first.usage_part) == ("adds_differently", Decimal(4))


def test_a_bill_without_vat_is_told_from_one_that_is_only_cheap():
    assert codes(check(**READ, total_eur="62.00")) == ["without_vat"]
    assert codes(check(**READ, total_eur="63.00")) == ["price_unexplained"]


def test_another_version_of_the_price_fits_to_the_cent_or_not_at_all():
    price = OurPrice(
        pricing=_priced,
        versions=[OCTOBER],
        others={date(2025, 1, 1): lambda usage: _priced(usage, "1.5")},
    )
    [old] = check(ours(price=price), **READ, total_eur="55.80").reasons
    assert (old.code, old.evidence["valid_from"]) == ("other_price", "2025-01-01")
    assert codes(check(ours(price=price), **READ, total_eur="56.80")) == ["price_unexplained"]


def test_what_may_be_behind_a_price_is_said_and_the_rest_stays_unexplained():
    price = OurPrice(
        pricing=_priced,
        versions=[OCTOBER, date(2026, 10, 15)],
        is_assumed=True,
        leaves_out=[("акциз", "excise")],
    )
    found = check(ours(price=price), **READ, total_eur="90.00")
    assert codes(found) == ["price_changed", "assumed_tariff", "left_out", "price_unexplained"]
    assert (found.verdict, found.reasons[-1].eur_part) == ("unexplained", Decimal("15.60"))
    assert codes(check(ours(price=price), **READ, total_eur="74.40")) == []


def test_more_use_on_a_bill_is_priced_apart_from_its_price():
    found = check(start_register="100", end_register="134", total_eur="81.60")
    assert [(one.code, one.eur_part) for one in found.reasons] == [
        ("other_day", None),
        ("other_use", Decimal("7.20")),
    ]
    assert found.difference_eur == Decimal("7.20")


@pytest.mark.parametrize(("energy", "total", "expected"), [
    ("341", "81.84", ["gas_conversion"]),  # 11 kWh of a cubic metre instead of 10
    ("310.1", "74.40", []),
])  # fmt: skip
def test_gas_that_was_converted_otherwise_explains_its_price(
    energy: str, total: str, expected: list[str]
):
    price = OurPrice(pricing=_priced, versions=[OCTOBER], kwh_per_m3=Decimal(10))
    found = check(ours(price=price), **READ, energy_kwh=energy, total_eur=total)
    assert codes(found) == expected
    if expected:
        assert found.reasons[0].eur_part == Decimal("7.44")
        assert found.reasons[0].evidence == {
            "billed_kwh_per_m3": "11.0000",
            "our_kwh_per_m3": "10.0000",
        }


def test_without_a_price_of_ours_a_total_can_not_be_judged():
    found = check(ours(price=None), total_eur="10.00")
    assert (found.verdict, codes(found)) == ("unknown", ["price_unknown"])


def test_a_bill_of_which_nothing_is_told_is_neither_right_nor_wrong():
    found = check()
    assert (found.verdict, codes(found), found.billed_usage) == ("unknown", [], None)


def test_a_total_alone_is_compared_with_what_the_registers_allow():
    assert check(total_eur="74.40").verdict == "agrees"
    cut = check(total_eur="72.00")  # thirty whole units of 31
    assert (cut.verdict, codes(cut)) == ("agrees", ["rounding"])
    assert cut.reasons[0].eur_part == Decimal("-2.40")
    assert check(total_eur="90.00").verdict == "unexplained"


def test_a_total_alone_proves_nothing_beside_days_that_we_miss():
    found = check(ours(usage=Decimal(20), missing=[OCTOBER]), total_eur="74.40")
    assert (found.verdict, codes(found)) == ("unknown", ["our_gap"])
