# SPDX-License-Identifier: EUPL-1.2
"""What papers look like over HTTP."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, StringConstraints

from cloud.kit.schemas import Body, Name
from cloud.papers.bill_facts import ReasonCode, Verdict


class ClientNumberBody(Body):
    """What a supplier calls whoever pays for a service point."""

    client_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,20}$")]


class PointClientNumber(BaseModel):
    """A service point and its client number, None while nobody has told it.

    ``has_supplier`` is false where nobody has told who supplies it, so that it can have none.
    """

    service_point_id: str
    name: Name
    utility: str
    reading_type: str
    supplier_id: str | None
    has_supplier: bool
    client_number: str | None


class ReadNeighbour(BaseModel):
    """A register that was read, before or after a bound."""

    read_at: AwareDatetime
    register_shown: Decimal
    quality: list[str]


class Bound(BaseModel):
    """The register at the beginning of a local day, and at its end, in the check's unit.

    None where it can't be told. ``before`` and ``after`` are the readings that it lies between.
    """

    day: date
    meter_serial: str | None
    register_at_start: Decimal | None
    register_at_end: Decimal | None
    quality: list[str]
    before: ReadNeighbour | None
    after: ReadNeighbour | None


class Reason(BaseModel):
    """Something that is known to set the bill apart; ``evidence`` holds the figures it rests on.

    ``usage_part`` and ``eur_part`` are how much of the difference it makes up, where that is known.
    """

    code: ReasonCode
    usage_part: Decimal | None
    eur_part: Decimal | None
    evidence: dict[str, str]


class BillCheck(BaseModel):
    """A bill beside our registers and our price; amounts in ``unit``, differences bill less ours.

    ``to`` isn't part of the period. ``quality`` is of our use.
    """

    service_point_id: str
    first_day: date
    end_day: date
    unit: Literal["m3", "kWh"]
    start: Bound
    end: Bound
    usage: Decimal | None
    quality: list[str]
    billed_usage: Decimal | None
    usage_difference: Decimal | None
    currency: str = "EUR"
    our_total_eur: Decimal | None
    billed_total_eur: Decimal | None
    difference_eur: Decimal | None
    verdict: Verdict
    reasons: list[Reason]
