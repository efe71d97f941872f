# SPDX-License-Identifier: EUPL-1.2
"""Pricing: what use costs, in lines as on a bill and by interval.

A line is one component at one price over the days it applied; its net amount is exact until it is
rounded to the cent. VAT is due on the sum of the lines at each rate, as on an invoice. So the lines
and the VAT add up to the total exactly; a span that is cut into n has n roundings more per line and
rate, so its totals differ by less than a cent for each line and rate of each part.

Amounts are in euro; what was priced in leva is converted line by line, unrounded.
Source: Directive 2006/112/EC, article 226 (8) to (10): the taxable amount and the VAT per rate.
"""

from bisect import bisect_right
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from cloud.kit.hypertable import ZONE
from cloud.tariffs.models import DAY, PER_EURO, Component, Period, Use, Version
from cloud.tariffs.rounding import QUANTITY, SHOWN, cents, rounded
from wire import quality

NOTHING = Fraction(0)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A component over the days [first, end): how much of its unit, and what that costs net."""

    component: Component
    version: Version
    first: date
    end: date
    quantity: Decimal
    net_eur: Decimal


@dataclass(frozen=True, kw_only=True)
class Vat:
    """The VAT at one rate, on the sum of the lines at that rate."""

    percent: Decimal
    net_eur: Decimal
    vat_eur: Decimal


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What use and standing charges cost over a span, and how sure that is.

    ``is_estimated``: some of the use is estimated. ``is_complete``: all use of the span is known,
    has a price, and that price leaves nothing out.
    """

    lines: tuple[Line, ...]
    vat: tuple[Vat, ...]
    is_estimated: bool
    is_complete: bool

    @property
    def net_eur(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.net_eur for line in self.lines), Decimal("0.00"))

    @property
    def vat_eur(self) -> Decimal:
        """The sum of the VAT."""
        return sum((one.vat_eur for one in self.vat), Decimal("0.00"))

    @property
    def total_eur(self) -> Decimal:
        """What is to be paid."""
        return self.net_eur + self.vat_eur


def bill(utility: str, uses: Sequence[Use], periods: Sequence[Period]) -> Bill:
    """Return what ``uses`` cost over ``periods``; both are in order of time.

    A use lies within one period; what lies in none, or in one without a price, costs nothing here
    and makes the bill incomplete.
    """
    lines = [
        line
        for period, its_own in zip(periods, _by_period(uses, periods), strict=True)
        for line in _lines(utility, period, its_own)
    ]
    nets: dict[Decimal, Decimal] = defaultdict(lambda: Decimal("0.00"))
    for line in lines:
        nets[line.component.vat_percent] += line.net_eur
    bits = 0
    for one in uses:
        bits |= one.quality
    return Bill(
        lines=tuple(lines),
        vat=tuple(
            Vat(percent=percent, net_eur=net, vat_eur=cents(Fraction(net * percent) / 100))
            for percent, net in sorted(nets.items())
        ),
        is_estimated=bool(bits & quality.ESTIMATED),
        is_complete=not bits & quality.MISSING and all(_is_whole(one) for one in periods),
    )


def _is_whole(period: Period) -> bool:
    version = period.version
    return (
        version is not None
        and version.leaves_out_en is None
        and not (period.q3_l_per_h is None and any(one.has_size for one in version.components))
    )


def _by_period(uses: Sequence[Use], periods: Sequence[Period]) -> list[list[Use]]:
    found: list[list[Use]] = [[] for _ in periods]
    starts = [midnight(period.first) for period in periods]
    ends = [midnight(period.end) for period in periods]
    for use in uses:
        place = bisect_right(starts, use.start) - 1
        if place >= 0 and use.start < ends[place]:
            found[place].append(use)
    return found


def midnight(day: date) -> datetime:
    """Return the instant at which a local day begins."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def _lines(utility: str, period: Period, uses: Iterable[Use]) -> list[Line]:
    version = period.version
    if version is None:
        return []
    by_band: dict[str | None, list[Use]] = defaultdict(list)
    for use in uses:
        if use.amount is not None:
            by_band[_band(version, use)].append(use)
    lines = []
    for component in version.components:
        if not component.fits(period.q3_l_per_h):
            continue
        if component.is_standing:
            exact = _standing(component, period.first, period.end)
        else:
            of_band = [
                use
                for band, its_own in by_band.items()
                if component.band in (None, band)
                for use in its_own
            ]
            exact = _quantity(version, component, utility, of_band)
        if exact or not component.has_block:
            lines.append(
                Line(
                    component=component,
                    version=version,
                    first=period.first,
                    end=period.end,
                    quantity=rounded(exact, QUANTITY),
                    net_eur=cents(exact * _price_eur(version, component)),
                )
            )
    return lines


def _band(version: Version, use: Use) -> str | None:
    if not version.has_bands:
        return None
    return version.band_at(*_month_and_hour(use.start))


@lru_cache(maxsize=50_000)
def _month_and_hour(at: datetime) -> tuple[int, int]:
    local = at.astimezone(ZONE)
    return local.month, local.hour


def _price_eur(version: Version, component: Component) -> Fraction:
    return Fraction(component.price) / PER_EURO[version.currency]


def _standing(component: Component, first: date, end: date) -> Fraction:
    """Return how many days, or months of the calendar, lie in [first, end)."""
    if component.per == DAY:
        return Fraction((end - first).days)
    months = NOTHING
    day = first
    while day < end:
        length = monthrange(day.year, day.month)[1]
        following = day.replace(day=1) + timedelta(days=length)
        months += Fraction((min(following, end) - day).days, length)
        day = following
    return months


def _quantity(
    version: Version, component: Component, utility: str, uses: Iterable[Use]
) -> Fraction:
    """Return how much of the component's unit these uses are, within its block."""
    per_unit = version.per_unit(utility, component.per)
    if not component.has_block:
        return sum(use.amount or 0 for use in uses) * per_unit
    bottom = Fraction(component.above)
    top = None if component.up_to is None else Fraction(component.up_to)
    quantity = NOTHING
    for use in uses:
        begin = max(use.before * per_unit, bottom)
        end = (use.before + (use.amount or 0)) * per_unit
        quantity += max((end if top is None else min(end, top)) - begin, NOTHING)
    return quantity


class IntervalPricing:
    """What single intervals cost, standing charges and VAT included; rounded only when shown."""

    def __init__(self, utility: str, periods: Sequence[Period]) -> None:
        self._utility = utility
        self._periods = periods
        self._starts = [midnight(period.first) for period in periods]
        self._ends = [midnight(period.end) for period in periods]
        self._unit_prices: dict[tuple[int, str | None], Fraction] = {}
        self._days: dict[tuple[int, date], tuple[Fraction, int]] = {}

    def cost(self, uses: Iterable[Use]) -> Decimal | None:
        """Return what these uses cost together; None where no use of them is known and priced."""
        parts = [part for part in map(self.exact, uses) if part is not None]
        return rounded(sum(parts, NOTHING), SHOWN) if parts else None

    def exact(self, use: Use) -> Fraction | None:
        """Return what one use costs; None where it is unknown, or no price is known for it."""
        place = bisect_right(self._starts, use.start) - 1
        if use.amount is None or place < 0 or use.start >= self._ends[place]:
            return None
        period = self._periods[place]
        version = period.version
        if version is None:
            return None
        paid = use.amount * self._unit_price(place, version, _band(version, use))
        if version.has_blocks:
            paid += sum(
                (
                    _quantity(version, one, self._utility, [use]) * _gross_eur(version, one)
                    for one in version.components
                    if one.has_block
                    and one.band in (None, _band(version, use))
                    and one.fits(period.q3_l_per_h)
                ),
                NOTHING,
            )
        return paid + self._standing(place, version, use)

    def _unit_price(self, place: int, version: Version, band: str | None) -> Fraction:
        """Return the price of one of the reading type's units, blocks aside."""
        key = (place, band)
        if key not in self._unit_prices:
            self._unit_prices[key] = sum(
                (
                    version.per_unit(self._utility, one.per) * _gross_eur(version, one)
                    for one in version.components
                    if not one.is_standing
                    and not one.has_block
                    and one.band in (None, band)
                    and one.fits(self._periods[place].q3_l_per_h)
                ),
                NOTHING,
            )
        return self._unit_prices[key]

    def _standing(self, place: int, version: Version, use: Use) -> Fraction:
        """Return the share of its day's standing charges that falls on a use."""
        day = use.start.astimezone(ZONE).date()
        key = (place, day)
        if key not in self._days:
            due = sum(
                (
                    _standing(one, day, day + timedelta(days=1)) * _gross_eur(version, one)
                    for one in version.components
                    if one.is_standing and one.fits(self._periods[place].q3_l_per_h)
                ),
                NOTHING,
            )
            length = midnight(day + timedelta(days=1)) - midnight(day)
            self._days[key] = due, int(length.total_seconds())
        due, length_s = self._days[key]
        return due * Fraction(int((use.end - use.start).total_seconds()), length_s) if due else due


def _gross_eur(version: Version, component: Component) -> Fraction:
    return _price_eur(version, component) * (1 + Fraction(component.vat_percent) / 100)
