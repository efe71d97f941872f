# SPDX-License-Identifier: EUPL-1.2
"""Tariffs as the other modules see them: versions of price components, and where they apply.

Prices are exact decimals without VAT; nothing here is a float. Days are local days of Europe/Sofia.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

M3 = "m3"
KWH = "kwh"
MWH = "mwh"
DAY = "day"
MONTH = "month"
STANDING = frozenset({DAY, MONTH})  # due for time, whatever is used

EUR = "EUR"
# How much of a currency one euro is. Source: Council Regulation (EC) 2866/98 as amended in 2025 for
# Bulgaria: the lev's irrevocable rate from 2026-01-01 on, that of its currency board before.
PER_EURO = {EUR: Fraction(1), "BGN": Fraction("1.95583")}

# Which part of a cubic metre, or of a kilowatt-hour, one of the reading type's units is.
_VOLUMES = {"water": Fraction(1, 1_000_000), "gas": Fraction(1, 1000)}  # of a ml, a l
_ENERGIES = {"electricity": Fraction(1, 1000), "heat": Fraction(1, 1000)}  # of a Wh
_KWH_PER = {KWH: Fraction(1), MWH: Fraction(1000)}


@dataclass(frozen=True, kw_only=True)
class Component:
    """One price of a tariff, in the version's currency and without VAT.

    ``band``: only for use at that time of day. ``above`` and ``up_to``: only for what a service
    point uses between these, in the component's unit, in a calendar month. ``q3_from_l_per_h`` and
    ``q3_to_l_per_h``: only for meters of that permanent flow, both included.
    """

    name: str
    title_bg: str
    title_en: str
    per: str
    price: Decimal
    vat_percent: Decimal
    band: str | None = None
    above: Decimal = Decimal(0)
    up_to: Decimal | None = None
    q3_from_l_per_h: int | None = None
    q3_to_l_per_h: int | None = None

    @property
    def is_standing(self) -> bool:
        """Tell whether it is due for time rather than for use."""
        return self.per in STANDING

    @property
    def has_block(self) -> bool:
        """Tell whether it depends on how much the month has used."""
        return bool(self.above) or self.up_to is not None

    @property
    def has_size(self) -> bool:
        """Tell whether it depends on the meter's size."""
        return self.q3_from_l_per_h is not None or self.q3_to_l_per_h is not None

    def fits(self, q3_l_per_h: int | None) -> bool:
        """Tell whether it is meant for a meter of this size; None where nobody told the size."""
        if not self.has_size:
            return True
        return q3_l_per_h is not None and (
            (self.q3_from_l_per_h or 0) <= q3_l_per_h
            and (self.q3_to_l_per_h is None or q3_l_per_h <= self.q3_to_l_per_h)
        )


@dataclass(frozen=True, kw_only=True)
class Window:
    """Hours of the local day that belong to a band, in these months; it may pass midnight."""

    band: str
    months: frozenset[int]
    from_hour: int
    to_hour: int

    def holds(self, month: int, hour: int) -> bool:
        """Tell whether an hour that begins at ``hour`` lies in it."""
        if month not in self.months:
            return False
        if self.from_hour < self.to_hour:
            return self.from_hour <= hour < self.to_hour
        return hour >= self.from_hour or hour < self.to_hour


@dataclass(frozen=True, kw_only=True)
class GasConversion:
    """What makes energy of a gas meter's cubic metres.

    ``kwh_per_m3`` is the calorific value at the conditions that the bill is for, ``volume_factor``
    what brings the metered volume to those. Source: EN 1776 and ISO 13443 for the product of both.
    """

    kwh_per_m3: Decimal
    volume_factor: Decimal = Decimal(1)


@dataclass(frozen=True, kw_only=True)
class Version:
    """What a tariff says from the local day ``valid_from`` on, until ``valid_to`` or the next one.

    ``version_id`` is None for one that ships with the program. ``leaves_out`` says in both
    languages what is not in its prices though it is on a bill; None where it is the whole price.
    """

    version_id: int | None
    tariff_id: str
    valid_from: date
    valid_to: date | None
    currency: str
    components: tuple[Component, ...]
    windows: tuple[Window, ...] = ()
    other_band: str | None = None  # the hours outside of all windows
    gas: GasConversion | None = None
    sources: tuple[str, ...] = ()
    leaves_out_bg: str | None = None
    leaves_out_en: str | None = None

    @property
    def has_bands(self) -> bool:
        """Tell whether prices depend on the time of day."""
        return bool(self.windows)

    @property
    def has_blocks(self) -> bool:
        """Tell whether prices depend on how much the month has used."""
        return any(one.has_block for one in self.components)

    def band_at(self, month: int, hour: int) -> str | None:
        """Return the band of the local hour that begins at ``hour``; None where there are none."""
        for window in self.windows:
            if window.holds(month, hour):
                return window.band
        return self.other_band

    def per_unit(self, utility: str, per: str) -> Fraction:
        """Return how much of a component's unit one of the reading type's units is."""
        if per == M3:
            return _VOLUMES[utility]
        if utility in _ENERGIES:
            return _ENERGIES[utility] / _KWH_PER[per]
        if self.gas is None:
            raise ValueError(f"{self.tariff_id} prices energy of {utility} without a conversion.")
        kwh = Fraction(self.gas.kwh_per_m3) * Fraction(self.gas.volume_factor)
        return _VOLUMES[utility] * kwh / _KWH_PER[per]


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """A supplier's prices for one utility, all versions in order of time."""

    tariff_id: str
    supplier_id: str
    utility: str
    name_bg: str
    name_en: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Which tariff a service point has from the local day ``since`` on; None for none."""

    service_point_id: str
    tariff_id: str | None
    since: date
    assigned_by: str
    assigned_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Period:
    """Local days [first, end) in which one version applies at a service point; None for no price.

    ``is_assumed``: nobody assigned a tariff, so it is that of most homes.
    """

    first: date
    end: date
    version: Version | None
    is_assumed: bool = False
    q3_l_per_h: int | None = None  # the size of the meter that hangs there


@dataclass(frozen=True, kw_only=True)
class Use:
    """What was used over [start, end), in the reading type's unit; None where nobody knows.

    ``before`` is what the local month had used until then.
    """

    start: datetime
    end: datetime
    amount: int | None
    quality: int
    before: int = 0
