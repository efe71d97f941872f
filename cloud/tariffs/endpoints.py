# SPDX-License-Identifier: EUPL-1.2
"""Tariffs over HTTP: recorded and assigned by operators; costs and bills for who may see them."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from cloud.kit.auth.callers import Operator, Seer, needs
from cloud.kit.auth.rights import Right
from cloud.kit.errors import NotFoundError, UnknownReferenceError, answers
from cloud.kit.hypertable import ZONE
from cloud.kit.schemas import Identifier, Listing, Name
from cloud.readings.service import Span
from cloud.tariffs import pricing, schemas
from cloud.tariffs.costs import Costs, Reckoned, month_of
from cloud.tariffs.models import Assignment
from cloud.tariffs.service import Tariffs
from wire import quality

router = APIRouter(tags=["tariffs"])
operator_router = APIRouter(tags=["tariffs"], dependencies=[needs(Right.OPERATE)])

A_DAY = Query(alias="from", description="A local day.", examples=["2026-10-01"])
NOT_INCLUDED = Query(
    alias="to", description="The local day after the last.", examples=["2026-11-01"]
)


def _tariffs(request: Request) -> Tariffs:
    found: Tariffs = request.app.state.tariffs
    return found


def _costs(request: Request) -> Costs:
    found: Costs = request.app.state.costs
    return found


PathId = Annotated[Identifier, Path()]
Book = Annotated[Tariffs, Depends(_tariffs)]
Reckoner = Annotated[Costs, Depends(_costs)]
First = Annotated[date, A_DAY]
End = Annotated[date, NOT_INCLUDED]
Month = Annotated[
    str,
    Query(
        pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$",
        description="A local month.",
        examples=["2026-10"],
    ),
]


@operator_router.get("/tariffs")
async def tariffs(book: Book) -> Listing[schemas.TariffSummary]:
    """Return all tariffs: those that are recorded, and those that ship with the program."""
    return Listing(items=await book.all())


@operator_router.get("/tariffs/{tariff_id}")
async def one_tariff(tariff_id: PathId, book: Book) -> schemas.Tariff:
    """Return a tariff with all its versions, superseded ones too."""
    return await book.one(tariff_id)


@operator_router.put("/tariffs/{tariff_id}", responses=answers(UnknownReferenceError))
async def put_tariff(
    tariff_id: PathId, body: schemas.TariffBody, book: Book, caller: Operator
) -> schemas.Tariff:
    """Record a tariff; what was told otherwise before is superseded, and kept."""
    return await book.put(caller, tariff_id, body)


@operator_router.put(
    "/service-points/{service_point_id}/tariffs",
    responses=answers(NotFoundError, UnknownReferenceError),
)
async def assign_tariff(
    service_point_id: PathId, body: schemas.AssignmentBody, book: Book, caller: Operator
) -> Listing[schemas.Assignment]:
    """Give a service point a tariff from a local day on, up to its next assignment."""
    found = await book.assign(caller, service_point_id, body.tariff_id, body.since)
    return _assignments(found)


@router.get("/service-points/{service_point_id}/tariffs")
async def tariffs_of_point(
    service_point_id: PathId, book: Book, caller: Seer
) -> Listing[schemas.Assignment]:
    """Return which tariffs a service point had since when, withdrawn assignments too."""
    return _assignments(await book.assignments(caller, service_point_id))


def _assignments(found: Sequence[Assignment]) -> Listing[schemas.Assignment]:
    return Listing(items=[schemas.Assignment(**vars(one)) for one in found])


@router.get("/service-points/{service_point_id}/cost")
async def cost_of_point(
    service_point_id: PathId,
    resolution: schemas.Resolution,
    first: First,
    end: End,
    costs: Reckoner,
    caller: Seer,
) -> schemas.Cost:
    """Return what the use at a service point cost over local days, by interval and as on a bill."""
    span = Span(resolution=resolution, first=first, end=end)
    reckoned, intervals = await costs.of_point(caller, service_point_id, span)
    return schemas.Cost(
        **_amounts(reckoned),
        unit=reckoned.point.type.unit,
        resolution=resolution,
        timezone=ZONE.key,
        intervals=[
            schemas.CostInterval.model_construct(
                interval_start=one.usage.start.astimezone(ZONE),
                interval_end=one.usage.end.astimezone(ZONE),
                usage=one.usage.usage,
                cost_eur=one.cost_eur,
                quality=quality.names(one.usage.quality),
            )
            for one in intervals
        ],
    )


@router.get("/premises/{premises_id}/cost")
async def cost_of_premises(
    premises_id: PathId,
    utility: schemas.Utility,
    first: First,
    end: End,
    costs: Reckoner,
    caller: Seer,
) -> schemas.PremisesCost:
    """Return what a building's use of one utility cost over local days."""
    found = await costs.of_premises(caller, premises_id, utility, first, end)
    priced = [one for one in found if one.has_price]
    return schemas.PremisesCost(
        utility=utility,
        first_day=first,
        last_day=end - timedelta(days=1),
        total_eur=_total(priced) if priced else None,
        leaves_out=_names(dict.fromkeys(said for one in found for said in one.leaves_out)),
        **_certainty(found),
    )


@router.get("/premises/{premises_id}/bill")
async def bill_of_premises(
    premises_id: PathId, month: Month, costs: Reckoner, caller: Seer
) -> schemas.PremisesBill:
    """Return what a building's supply cost in a month, line by line; the running one so far."""
    first, end = month_of(month)
    found = await costs.of_premises(caller, premises_id, None, first, end)
    priced = [one for one in found if one.has_price]
    return schemas.PremisesBill(
        premises_id=premises_id,
        first_day=first,
        last_day=end - timedelta(days=1),
        bills=[_point_bill(one) for one in priced],
        unpriced=[one.point.service_point_id for one in found if not one.has_price],
        currency=schemas.EURO,
        total_eur=_total(priced),
        **_certainty(found),
    )


def _total(found: Sequence[Reckoned]) -> Decimal:
    return sum((one.bill.total_eur for one in found), Decimal("0.00"))


def _certainty(found: Sequence[Reckoned]) -> dict[str, bool]:
    return {
        "is_final": all(one.is_final for one in found),
        "is_estimated": any(one.bill.is_estimated for one in found),
        "is_complete": all(one.bill.is_complete and one.has_price for one in found),
        "is_assumed": any(one.is_assumed for one in found),
    }


def _point_bill(reckoned: Reckoned) -> schemas.PointBill:
    point = reckoned.point
    return schemas.PointBill(
        **_amounts(reckoned),
        service_point_id=point.service_point_id,
        name=Name(bg=point.name_bg, en=point.name_en),
        utility=point.type.utility,
        supplier_id=point.supplier_id,
        unit=point.type.unit,
        usage=reckoned.usage,
    )


def _amounts(reckoned: Reckoned) -> dict[str, Any]:
    made = reckoned.bill
    return {
        "lines": [_line(one) for one in made.lines],
        "vat": [
            schemas.Vat(vat_percent=one.percent, net_eur=one.net_eur, vat_eur=one.vat_eur)
            for one in made.vat
        ],
        "net_eur": made.net_eur,
        "vat_eur": made.vat_eur,
        "total_eur": made.total_eur,
        "leaves_out": _names(reckoned.leaves_out),
        **_certainty([reckoned]),
    }


def _names(said: Any) -> list[Name]:
    return [Name(bg=bg, en=en) for bg, en in said]


def _line(line: pricing.Line) -> schemas.Line:
    component = line.component
    return schemas.Line(
        component=component.name,
        title=Name(bg=component.title_bg, en=component.title_en),
        tariff_id=line.version.tariff_id,
        first_day=line.first,
        last_day=line.end - timedelta(days=1),
        quantity=line.quantity,
        unit=component.per,
        price=component.price,
        currency=line.version.currency,
        vat_percent=component.vat_percent,
        net_eur=line.net_eur,
    )
