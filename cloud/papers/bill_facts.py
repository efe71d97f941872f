# SPDX-License-Identifier: EUPL-1.2
"""What a bill says, what we know of its period, and what may set them apart.

Amounts are in the unit that bills are in, m³ or kWh.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["agrees", "explained", "unexplained", "unknown"]
ReasonCode: TypeAlias = Literal[
    "rounding", "other_day", "not_on_dial", "within_our_gap", "our_register_unknown",
    "exchanged", "rolled_over", "reset", "our_estimate", "our_gap", "adds_differently",
    "other_use", "gas_conversion", "without_vat", "other_price", "price_changed", "assumed_tariff",
    "left_out", "price_unknown", "use_unexplained", "price_unexplained",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A register that is known."""

    read_at: datetime
    register: Decimal
    bits: int


@dataclass(frozen=True, kw_only=True)
class OurBound:
    """Our register when a local day begins and when it ends; None where it can't be told.

    ``nearby`` has the register when the days around it begin, while it is the same meter's.
    ``is_open_before`` and ``is_open_after`` tell that the dial may have shown less, or more, than
    all of it in days of which not enough is known; never of days to come.
    """

    day: date
    serial: str | None
    at_start: Decimal | None
    at_end: Decimal | None
    bits: int
    before: Neighbour | None = None
    after: Neighbour | None = None
    nearby: Mapping[date, Decimal] = field(default_factory=dict)
    is_open_before: bool = False
    is_open_after: bool = False


@dataclass(frozen=True, kw_only=True)
class Break:
    """An exchange, rollover or reset within the period; registers where somebody looked."""

    kind: Literal["exchange", "rollover", "reset"]
    at: datetime
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Priced:
    """What some use costs."""

    net_eur: Decimal
    total_eur: Decimal


Pricing: TypeAlias = Callable[[Decimal], Priced | None]


@dataclass(frozen=True, kw_only=True)
class OurPrice:
    """What use of the period costs by our prices.

    ``versions`` are the days from which each price version applies within it; ``others`` price
    all of it by one version alone, by the day that is valid from. ``kwh_per_m3`` is of gas;
    None where it changes within the period.
    """

    pricing: Pricing
    versions: Sequence[date] = ()
    others: Mapping[date, Pricing] = field(default_factory=dict)
    is_assumed: bool = False
    leaves_out: Sequence[tuple[str, str]] = ()  # in Bulgarian and English
    kwh_per_m3: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Ours:
    """What we know of the period: use, its quality, and the days that are not measured whole."""

    start: OurBound
    end: OurBound
    usage: Decimal | None
    bits: int
    estimated: Sequence[date] = ()
    missing: Sequence[date] = ()
    breaks: Sequence[Break] = ()
    price: OurPrice | None = None


@dataclass(frozen=True, kw_only=True)
class Billed:
    """What stands on the bill; None where it isn't told. ``energy_kwh`` is of gas."""

    start_register: Decimal | None = None
    end_register: Decimal | None = None
    amount: Decimal | None = None
    energy_kwh: Decimal | None = None
    total_eur: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Something that sets a bill apart, how much that is where it is known, and the evidence."""

    code: ReasonCode
    usage_part: Decimal | None = None
    eur_part: Decimal | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The bill less ours; None where one of the two isn't known."""

    billed_usage: Decimal | None
    usage_difference: Decimal | None
    our_total_eur: Decimal | None
    difference_eur: Decimal | None
    verdict: Verdict
    reasons: tuple[Reason, ...]
