# SPDX-License-Identifier: EUPL-1.2
"""Expected bills over HTTP, for whoever sees a building's bills."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from cloud.demand.bills.expected import NO_PRICE, Expected, total
from cloud.demand.bills.schemas import ExpectedBill, ExpectedPointBill
from cloud.demand.bills.service import ExpectedBills
from cloud.kit.auth.callers import Seer
from cloud.kit.schemas import Identifier, Name
from cloud.tariffs.costs import month_of

router = APIRouter(tags=["demand"])


def _bills(request: Request) -> ExpectedBills:
    found: ExpectedBills = request.app.state.demand.bills
    return found


PathId = Annotated[Identifier, Path()]
Bills = Annotated[ExpectedBills, Depends(_bills)]
Month = Annotated[
    str,
    Query(
        pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$",
        description="A local month, up to the next one.",
        examples=["2026-10"],
    ),
]


@router.get("/premises/{premises_id}/bill/expected")
async def expected_bill(
    premises_id: PathId, month: Month, bills: Bills, caller: Seer
) -> ExpectedBill:
    """Return what a building's supply will have cost by the end of a month, with its range."""
    first, end = month_of(month)
    found = await bills.of_premises(caller, premises_id, first, end)
    priced = [one for one in found if one.reason != NO_PRICE]
    whole = total(priced) if priced else None
    return ExpectedBill(
        premises_id=premises_id,
        month=month,
        first_day=first,
        last_day=end - timedelta(days=1),
        so_far_eur=sum((one.so_far.bill.total_eur for one in priced), Decimal("0.00")),
        expected_eur=whole.middle_eur if whole else None,
        low_eur=whole.low_eur if whole else None,
        high_eur=whole.high_eur if whole else None,
        is_over=bool(found) and all(one.is_over for one in found),
        is_fallback=any(one.is_fallback for one in priced),
        is_assumed=any(one.so_far.is_assumed for one in priced),
        is_complete=all(_is_complete(one) for one in found),
        unpriced=[_id(one) for one in found if one.reason == NO_PRICE],
        unknown=[_id(one) for one in priced if one.middle is None],
        bills=[_of_point(one) for one in priced],
    )


def _of_point(one: Expected) -> ExpectedPointBill:
    point = one.so_far.point
    return ExpectedPointBill(
        service_point_id=point.service_point_id,
        name=Name(bg=point.name_bg, en=point.name_en),
        utility=point.type.utility,
        supplier_id=point.supplier_id,
        unit=point.type.unit,
        so_far_eur=one.so_far.bill.total_eur,
        expected_eur=one.middle.total_eur if one.middle else None,
        low_eur=one.low.total_eur if one.low else None,
        high_eur=one.high.total_eur if one.high else None,
        used=one.so_far.usage,
        expected_usage=one.middle.usage if one.middle else None,
        low_usage=one.low.usage if one.low else None,
        high_usage=one.high.usage if one.high else None,
        known_until=one.known_until,
        is_fallback=one.is_fallback,
        is_assumed=one.so_far.is_assumed,
        is_complete=_is_complete(one),
        reason=one.reason,
        leaves_out=[Name(bg=bg, en=en) for bg, en in one.so_far.leaves_out],
    )


def _is_complete(one: Expected) -> bool:
    """Tell whether all of it has a price that leaves nothing out, and all use is told."""
    if one.ahead is None:
        return one.so_far.bill.is_complete
    return one.so_far.has_price and not one.so_far.leaves_out


def _id(one: Expected) -> str:
    return one.so_far.point.service_point_id
