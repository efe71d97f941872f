# SPDX-License-Identifier: EUPL-1.2
"""A bill beside our registers and our price: what sets them apart, as far as that is known.

Pure. Amounts are in the unit that bills are in, m³ or kWh. A bill tells the day of a reading, not
its hour, and cuts the dial to whole units: a billed register agrees if the dial showed it at any
time of that day. Each reason rests on figures, which are its evidence; what none explains is said
to be unexplained, never guessed at.
"""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise

from cloud.papers.bill_facts import (
    Billed,
    Break,
    Comparison,
    OurBound,
    OurPrice,
    Ours,
    Priced,
    Reason,
    ReasonCode,
    Verdict,
)
from wire import quality

UNEXPLAINED = frozenset({"use_unexplained", "price_unexplained"})
HINTS = frozenset({"price_changed", "assumed_tariff", "left_out"})  # true, but not how much
OURS_LACKS = frozenset({"our_register_unknown", "our_gap", "price_unknown"})

BREAKS: dict[str, ReasonCode] = {
    "exchange": "exchanged", "rollover": "rolled_over", "reset": "reset",
}  # fmt: skip

CENT = Decimal("0.01")
ROUNDED_EUR = 2 * CENT  # a line and its VAT are rounded each, and bills round more lines than ours
SAME_FACTOR = Decimal("0.001")  # factors on bills have three or four digits


def compare(billed: Billed, ours: Ours) -> Comparison:
    """Return what sets a bill apart from what we know of its period."""
    usage = _billed_usage(billed, ours)
    difference = None if usage is None or ours.usage is None else usage - ours.usage
    reasons = [*_of_registers(billed, ours), *_of_use(billed, ours, usage, difference)]
    priced = ours.price.pricing(ours.usage) if ours.price and ours.usage is not None else None
    our_total = priced.total_eur if priced else None
    difference_eur = None
    if billed.total_eur is not None:
        if our_total is not None:
            difference_eur = billed.total_eur - our_total
        reasons += _of_price(billed, ours, usage, our_total)
    return Comparison(
        billed_usage=usage,
        usage_difference=difference,
        our_total_eur=our_total,
        difference_eur=difference_eur,
        verdict=_verdict(reasons, difference, difference_eur),
        reasons=tuple(reasons),
    )


def _verdict(
    reasons: Sequence[Reason], difference: Decimal | None, difference_eur: Decimal | None
) -> Verdict:
    told = [one for one in reasons if one.code != "rounding" and one.code not in HINTS]
    # an exchange alone sets nothing apart: it must be known how
    codes = {one.code for one in told if one.code not in BREAKS.values() or one.usage_part}
    if codes & UNEXPLAINED:
        return "unexplained"
    if codes:
        return "explained" if codes - OURS_LACKS else "unknown"
    return "unknown" if difference is None and difference_eur is None else "agrees"


def _billed_usage(billed: Billed, ours: Ours) -> Decimal | None:
    """Return what the bill is for; registers tell it only while nothing broke between them."""
    if billed.amount is not None:
        return billed.amount
    if billed.start_register is None or billed.end_register is None:
        return None
    start, end = billed.start_register, billed.end_register
    if not ours.breaks:
        return end - start if end >= start else None
    [one, *others] = ours.breaks
    if others or one.kind == "rollover" or one.before is None or one.after is None:
        return None
    return (one.before - start) + (end - one.after)


def _step(figure: Decimal) -> Decimal:
    """Return the place of a figure's last digit: a bill cuts the dial there."""
    exponent = figure.as_tuple().exponent
    return Decimal(1).scaleb(min(exponent, 0)) if isinstance(exponent, int) else Decimal(1)


def _cut(register: Decimal, step: Decimal) -> Decimal:
    return (register / step).to_integral_value(ROUND_FLOOR) * step


def _was_shown(figure: Decimal, at_start: Decimal, at_end: Decimal | None) -> bool:
    """Tell whether the dial showed a figure between two registers of one day."""
    step = _step(figure)
    return _cut(at_start, step) <= figure <= _cut(at_start if at_end is None else at_end, step)


def _of_registers(billed: Billed, ours: Ours) -> list[Reason]:
    found = []
    for which, figure, bound, sign in (
        ("start", billed.start_register, ours.start, -1),
        ("end", billed.end_register, ours.end, 1),
    ):
        if figure is not None:
            one = _of_register(which, figure, bound, sign)
            if one is not None:
                found.append(one)
    return found


def _of_register(which: str, figure: Decimal, bound: OurBound, sign: int) -> Reason | None:
    said = {"which": which, "day": bound.day.isoformat(), "billed": str(figure)}
    if bound.at_start is None:
        return Reason(code="our_register_unknown", evidence=said | _neighbours(bound))
    if _was_shown(figure, bound.at_start, bound.at_end):
        return None
    said |= {"ours": str(bound.at_start)}
    part = sign * (figure - bound.at_start)
    if bound.bits & quality.ESTIMATED and _is_between(figure, bound):
        return Reason(code="within_our_gap", usage_part=part, evidence=said | _neighbours(bound))
    days = sorted(bound.nearby)
    shown = [
        one
        for one, following in pairwise(days)
        if _was_shown(figure, bound.nearby[one], bound.nearby[following])
    ]
    if shown:
        nearest = min(shown, key=lambda one: abs(one - bound.day))
        evidence = said | {"shown_on": nearest.isoformat()}
        return Reason(code="other_day", usage_part=part, evidence=evidence)
    if _may_have_shown(figure, bound):
        evidence = said | _neighbours(bound)
        return Reason(code="our_register_unknown", usage_part=part, evidence=evidence)
    looked = {"looked_from": days[0].isoformat(), "looked_to": days[-1].isoformat()} if days else {}
    return Reason(code="not_on_dial", usage_part=part, evidence=said | looked)


def _may_have_shown(figure: Decimal, bound: OurBound) -> bool:
    """Tell whether the dial may have shown a figure while too little of it was known."""
    known = bound.nearby.values()
    return (bound.is_open_after and figure > max(known, default=figure)) or (
        bound.is_open_before and figure < min(known, default=figure)
    )


def _is_between(figure: Decimal, bound: OurBound) -> bool:
    return (
        bound.before is not None
        and bound.after is not None
        and _cut(bound.before.register, _step(figure)) <= figure <= bound.after.register
    )


def _neighbours(bound: OurBound) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, one in (("before", bound.before), ("after", bound.after)):
        if one is not None:
            found |= {name: str(one.register), f"{name}_at": one.read_at.isoformat()}
    return found


def _of_use(
    billed: Billed, ours: Ours, usage: Decimal | None, difference: Decimal | None
) -> list[Reason]:
    found = _of_sum(billed, ours)
    if difference is None or usage is None:
        return found + [_of_break(one) for one in ours.breaks]
    if _may_be(usage, billed, ours):
        if difference:
            found.append(Reason(code="rounding", usage_part=difference))
        return found + [_of_break(one) for one in ours.breaks]
    if ours.missing:
        return [*found, Reason(code="our_gap", evidence=_days(ours.missing))]
    if ours.estimated:
        found.append(Reason(code="our_estimate", evidence=_days(ours.estimated)))
    if ours.breaks:
        return found + _of_breaks(billed, ours, difference)
    return found + _rest(billed, ours, difference)


def _of_breaks(billed: Billed, ours: Ours, difference: Decimal) -> list[Reason]:
    """Return whether a bill left out one side of an exchange; unexplained where it didn't."""
    slack = _slack(billed, ours)
    for one in ours.breaks:
        sides = {}
        if one.before is not None and ours.start.at_start is not None:
            sides["before"] = ours.start.at_start - one.before
        if one.after is not None and ours.end.at_start is not None:
            sides["after"] = one.after - ours.end.at_start
        for side, part in sides.items():
            if part and abs(difference - part) <= slack:
                told = _of_break(one)
                evidence = {**told.evidence, "left_out": side}
                return [Reason(code=told.code, usage_part=difference, evidence=evidence)]
    known = [_of_break(one) for one in ours.breaks]
    return [*known, Reason(code="use_unexplained", usage_part=difference)]


def _rest(billed: Billed, ours: Ours, difference: Decimal) -> list[Reason]:
    """Return what of the difference the registers at the two ends don't make up, if it is much."""
    parts = [one.usage_part for one in _of_registers(billed, ours) if one.usage_part is not None]
    rest = difference - sum(parts, Decimal(0))
    slack = _slack(billed, ours)
    if abs(rest) <= slack:
        return []
    return [Reason(code="use_unexplained", usage_part=rest)]


def _slack(billed: Billed, ours: Ours) -> Decimal:
    """Return by how much a use may differ though both registers are right."""
    steps = [
        _step(one)
        for one in (billed.start_register, billed.end_register, billed.amount)
        if one is not None
    ]
    day_uses = [
        one.at_end - one.at_start
        for one in (ours.start, ours.end)
        if one.at_start is not None and one.at_end is not None and one.at_end >= one.at_start
    ]
    return max(steps, default=Decimal(1)) + max(day_uses, default=Decimal(0))


def _may_be(usage: Decimal, billed: Billed, ours: Ours) -> bool:
    """Tell whether a use fits our registers: read at any hour of the two days, and cut."""
    assert ours.usage is not None  # noqa: S101 - there is a difference
    if any(one.usage_part is not None for one in _of_registers(billed, ours)):
        return False
    return abs(usage - ours.usage) <= _slack(billed, ours)


def _of_break(one: Break) -> Reason:
    evidence = {"at": one.at.isoformat()}
    evidence |= {"before": str(one.before)} if one.before is not None else {}
    evidence |= {"after": str(one.after)} if one.after is not None else {}
    return Reason(code=BREAKS[one.kind], evidence=evidence)


def _of_sum(billed: Billed, ours: Ours) -> list[Reason]:
    """Return whether the bill's own registers and its amount don't fit one another."""
    start, end, amount = billed.start_register, billed.end_register, billed.amount
    if start is None or end is None or amount is None or ours.breaks:
        return []
    apart = amount - (end - start)
    if abs(apart) < max(map(_step, (start, end, amount))):
        return []
    return [
        Reason(
            code="adds_differently",
            usage_part=apart,
            evidence={"start": str(start), "end": str(end), "amount": str(amount)},
        )
    ]


def _days(known: Sequence[date]) -> dict[str, str]:
    return {
        "days": str(len(known)),
        "first": known[0].isoformat(),
        "last": known[-1].isoformat(),
    }


def _of_price(
    billed: Billed, ours: Ours, usage: Decimal | None, our_total: Decimal | None
) -> list[Reason]:
    paid, price = billed.total_eur, ours.price
    assert paid is not None  # noqa: S101 - asked only then
    counted = usage if usage is not None else ours.usage
    priced = price.pricing(counted) if price and counted is not None else None
    if price is None or priced is None or counted is None:
        return [Reason(code="price_unknown")]
    rest = paid - priced.total_eur
    if usage is None and ours.missing:
        return [Reason(code="our_gap", evidence=_days(ours.missing))]
    if usage is None and _fits_a_use(paid, price, counted, _slack(billed, ours)):
        return [Reason(code="rounding", eur_part=rest)] if abs(rest) > ROUNDED_EUR else []
    found = []
    if our_total is not None and abs(priced.total_eur - our_total) >= CENT:
        found.append(Reason(code="other_use", eur_part=priced.total_eur - our_total))
    converted, part = _of_conversion(billed, price, counted, priced)
    if converted is not None and part is not None:
        found.append(converted)
        rest -= part
    if abs(rest) <= ROUNDED_EUR:
        return found
    if abs(paid - priced.net_eur) <= ROUNDED_EUR:
        return [
            *found,
            Reason(code="without_vat", eur_part=rest, evidence={"net": str(priced.net_eur)}),
        ]
    for since, pricing in price.others.items():
        other = pricing(counted)
        if other is not None and abs(paid - other.total_eur) <= ROUNDED_EUR:
            evidence = {"valid_from": since.isoformat(), "total": str(other.total_eur)}
            return [*found, Reason(code="other_price", eur_part=rest, evidence=evidence)]
    return [*found, *_hints(price), Reason(code="price_unexplained", eur_part=rest)]


def _fits_a_use(paid: Decimal, price: OurPrice, usage: Decimal, slack: Decimal) -> bool:
    """Tell whether a total without a use may be that of one which our registers allow."""
    least, most = price.pricing(max(usage - slack, Decimal(0))), price.pricing(usage + slack)
    if least is None or most is None:
        return False
    return least.total_eur - ROUNDED_EUR <= paid <= most.total_eur + ROUNDED_EUR


def _hints(price: OurPrice) -> list[Reason]:
    found = []
    if len(price.versions) > 1:
        found += [
            Reason(code="price_changed", evidence={"valid_from": one.isoformat()})
            for one in price.versions[1:]
        ]
    if price.is_assumed:
        found.append(Reason(code="assumed_tariff"))
    for bulgarian, english in price.leaves_out:
        evidence = {"what_bg": bulgarian, "what_en": english}
        found.append(Reason(code="left_out", evidence=evidence))
    return found


def _of_conversion(
    billed: Billed, price: OurPrice, volume: Decimal, priced: Priced
) -> tuple[Reason | None, Decimal | None]:
    """Return whether the bill makes more or less energy of a gas volume, and what that costs."""
    ours = price.kwh_per_m3
    if billed.energy_kwh is None or ours is None or not volume:
        return None, None
    theirs = billed.energy_kwh / volume
    if abs(theirs - ours) <= SAME_FACTOR * ours:
        return None, None
    other = price.pricing(volume * theirs / ours)
    part = other.total_eur - priced.total_eur if other else None
    evidence = {"billed_kwh_per_m3": f"{theirs:.4f}", "our_kwh_per_m3": f"{ours:.4f}"}
    return Reason(code="gas_conversion", eur_part=part, evidence=evidence), part
