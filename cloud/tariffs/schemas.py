# SPDX-License-Identifier: EUPL-1.2
"""What tariffs take and give. Money and prices are texts, so that no float ever rounds them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from cloud.kit.schemas import Body, Identifier, Integer, Name, Text

EARLIEST = date(2000, 1, 1)
LATEST = date(2100, 1, 1)
EURO = "EUR"

Utility = Literal["water", "gas", "electricity", "heat"]
Currency = Literal["EUR", "BGN"]
Per = Literal["m3", "kwh", "mwh", "day", "month"]
Resolution = Literal["hour", "day", "month"]
Price = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}(\.[0-9]{1,8})?$")]
Percent = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2})?$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Day = Annotated[date, Field(ge=EARLIEST, lt=LATEST)]

MEASURED_IN = {  # what a utility may be priced by, besides time
    "water": {"m3"},
    "gas": {"m3", "kwh", "mwh"},
    "electricity": {"kwh", "mwh"},
    "heat": {"kwh", "mwh"},
}


class Component(Body):
    """One price, without VAT: for use (m3, kwh, mwh) or for time (day, month).

    ``band``: only for use at that time of day. ``above``, ``up_to``: only for what is used between
    these in a calendar month. ``q3_*``: only for meters of that size.
    """

    name: Slug
    title: Name
    per: Per
    price: Price
    vat_percent: Percent
    band: Slug | None = None
    above: Price = "0"
    up_to: Price | None = None
    q3_from_l_per_h: Integer | None = None
    q3_to_l_per_h: Integer | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        has_block = Decimal(self.above) > 0 or self.up_to is not None
        if self.per in ("day", "month") and (has_block or self.band):
            raise ValueError(f"{self.name} is due for time, so it has neither a band nor a block")
        if self.up_to is not None and Decimal(self.up_to) <= Decimal(self.above):
            raise ValueError(f"{self.name} is for nothing above {self.above} up to {self.up_to}")
        return self


class Window(Body):
    """Whole local hours of the day, in some months, that belong to a band."""

    band: Slug
    months: Annotated[list[Annotated[int, Field(ge=1, le=12)]], Field(min_length=1, max_length=12)]
    from_hour: Annotated[int, Field(ge=0, le=23)]
    to_hour: Annotated[int, Field(ge=0, le=24)]

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.from_hour == self.to_hour:
            raise ValueError(f"from {self.from_hour} to {self.to_hour} o'clock there are no hours")
        return self


class GasConversion(Body):
    """What makes energy of a gas meter's cubic metres."""

    kwh_per_m3: Price
    volume_factor: Price = "1"


class Version(Body):
    """What a tariff says from a local day on, until ``valid_to`` (not included) or the next one.

    ``leaves_out``: what is not in these prices though it is on a bill.
    """

    valid_from: Day
    valid_to: Day | None = None
    currency: Currency = "EUR"
    components: Annotated[list[Component], Field(min_length=1, max_length=40)]
    windows: Annotated[list[Window], Field(max_length=20, default_factory=list)]
    other_band: Slug | None = None
    gas: GasConversion | None = None
    sources: Annotated[list[Text], Field(max_length=8, default_factory=list)]
    leaves_out: Name | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError(f"it can't end on {self.valid_to} if it begins on {self.valid_from}")
        names = [component.name for component in self.components]
        if len(set(names)) < len(names):
            raise ValueError("each component needs a name of its own")
        bands: set[str | None] = {window.band for window in self.windows}
        if bands and self.other_band is None:
            raise ValueError("the hours outside of all windows need a band, too: other_band")
        known = bands | {self.other_band} if bands else bands
        for component in self.components:
            if component.band is not None and component.band not in known:
                raise ValueError(f"no hours belong to the band {component.band!r}")
        return self


class TariffBody(Body):
    """A supplier's prices for one utility; what is not in it any more is superseded."""

    supplier_id: Identifier
    utility: Utility
    name: Name
    versions: Annotated[list[Version], Field(max_length=200)]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        starts = [version.valid_from for version in self.versions]
        if len(set(starts)) < len(starts):
            raise ValueError("two versions begin on the same day")
        for version in self.versions:
            self._check(version)
        return self

    def _check(self, version: Version) -> None:
        units = {one.per for one in version.components} - {"day", "month"}
        wrong = units - MEASURED_IN[self.utility]
        if wrong:
            raise ValueError(f"{self.utility} has no price per {', '.join(sorted(wrong))}")
        if self.utility == "gas" and units - {"m3"} and version.gas is None:
            raise ValueError(f"energy of gas needs a conversion, from {version.valid_from} on")
        if self.utility != "gas" and version.gas is not None:
            raise ValueError(f"{self.utility} has no gas conversion")


class TariffFile(TariffBody):
    """A tariff as a file has it: with its own id and its supplier's name."""

    tariff_id: Identifier
    supplier: Text


class RecordedVersion(Version):
    """A version that stands, or that another one took the place of."""

    version_id: int | None
    recorded_by: str | None
    recorded_at: AwareDatetime | None
    superseded_by: str | None
    superseded_at: AwareDatetime | None


class Tariff(BaseModel):
    """A tariff with all its versions, superseded ones too."""

    tariff_id: str
    supplier_id: str
    utility: str
    name: Name
    versions: list[RecordedVersion]

    @property
    def standing(self) -> list[RecordedVersion]:
        """The versions that count."""
        return [one for one in self.versions if one.superseded_at is None]


class TariffSummary(BaseModel):
    """A tariff, and from when to when its prices are known."""

    tariff_id: str
    supplier_id: str
    utility: str
    name: Name
    valid_from: date | None
    valid_to: date | None
    is_shipped: bool


class AssignmentBody(Body):
    """Which tariff a service point has from a local day on; None for none."""

    tariff_id: Identifier | None
    since: Day


class Assignment(BaseModel):
    """Which tariff a service point has, by whose word."""

    service_point_id: str
    tariff_id: str | None
    since: date
    assigned_by: str
    assigned_at: AwareDatetime
    withdrawn_by: str | None
    withdrawn_at: AwareDatetime | None


class Line(BaseModel):
    """A component over local days: quantity, price and amount, all without VAT."""

    component: str
    title: Name
    tariff_id: str
    first_day: date
    last_day: date
    quantity: Decimal
    unit: str
    price: Decimal
    currency: str
    vat_percent: Decimal
    net_eur: Decimal


class Vat(BaseModel):
    """The VAT at one rate, on all lines of that rate together."""

    vat_percent: Decimal
    net_eur: Decimal
    vat_eur: Decimal


class Amounts(BaseModel):
    """What use and standing charges cost, to the cent, and how far that can be relied on.

    ``is_final`` is false while readings wait to be reviewed, ``is_estimated`` true where use was,
    ``is_complete`` false where use or prices are not known for all of the span, ``is_assumed`` true
    where nobody told the tariff, so that the one of most homes counts. ``leaves_out``: what is not
    in the prices.
    """

    currency: str = EURO
    lines: list[Line]
    vat: list[Vat]
    net_eur: Decimal
    vat_eur: Decimal
    total_eur: Decimal
    is_final: bool
    is_estimated: bool
    is_complete: bool
    is_assumed: bool
    leaves_out: list[Name]


class CostInterval(BaseModel):
    """What the use of [start, end) costs, VAT and its share of standing charges included.

    To a hundredth of a cent, so that hours add up; None where the use or its price isn't known.
    """

    interval_start: AwareDatetime
    interval_end: AwareDatetime
    usage: int | None
    cost_eur: Decimal | None
    quality: list[str]


class Cost(Amounts):
    """What a service point's use costs, by interval and as on a bill."""

    unit: str
    resolution: Resolution
    timezone: str
    intervals: list[CostInterval]


class PointBill(Amounts):
    """What one service point's supply costs."""

    service_point_id: str
    name: Name
    utility: str
    supplier_id: str | None
    unit: str
    usage: int | None


class PremisesBill(BaseModel):
    """What a building's supply costs in a month: one bill for each of its main service points.

    A service point without any price is in ``unpriced`` instead.
    """

    premises_id: str
    first_day: date
    last_day: date
    currency: str = EURO
    bills: list[PointBill]
    unpriced: list[str]
    total_eur: Decimal
    is_final: bool
    is_estimated: bool
    is_complete: bool
    is_assumed: bool


class PremisesCost(BaseModel):
    """What a building's use of one utility costs over local days; None where no price is known."""

    utility: str
    first_day: date
    last_day: date
    total_eur: Decimal | None
    is_final: bool
    is_estimated: bool
    is_complete: bool
    is_assumed: bool
    leaves_out: list[Name]
