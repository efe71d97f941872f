# SPDX-License-Identifier: EUPL-1.2
"""Districts over HTTP, for the municipality: sums from which no building can be told."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel

from cloud.kit.auth.callers import needs
from cloud.kit.auth.rights import Right
from cloud.kit.hypertable import ZONE
from cloud.kit.schemas import Text
from cloud.readings.districts import MAX_MONTHS, Districts
from wire import reading_types

router = APIRouter(tags=["districts"], dependencies=[needs(Right.SEE_DISTRICTS)])

Utility = Literal["water", "gas", "electricity", "heat"]


class District(BaseModel):
    """A district with enough buildings to be told of."""

    district: str
    premises: int
    premises_with_alerts: int | None  # None: too few, or too few without


class DistrictList(BaseModel):
    """The districts that may be told of; ``min_premises`` is how many buildings each must have."""

    min_premises: int
    items: list[District]


class DistrictInterval(BaseModel):
    """A sum over ``premises`` buildings; None where it may not be told, or isn't known in full."""

    interval_start: AwareDatetime
    interval_end: AwareDatetime
    usage: int | None
    premises: int | None


class DistrictUsage(BaseModel):
    """A district's use of one utility."""

    district: str
    utility: str
    unit: str
    resolution: str
    timezone: str
    min_premises: int
    intervals: list[DistrictInterval]


def _districts(request: Request) -> Districts:
    found: Districts = request.app.state.districts
    return found


Service = Annotated[Districts, Depends(_districts)]
A_MONTH = "The first day of a month."
NOT_INCLUDED = f"The first day of the month after the last; {MAX_MONTHS} months at most."


@router.get("/districts")
async def districts(service: Service) -> DistrictList:
    """Return the districts that have enough buildings, and where alerts are open."""
    items = [District(**one) for one in await service.all()]
    return DistrictList(min_premises=service.at_least, items=items)


@router.get("/districts/{district}/usage")
async def usage_of_district(
    district: Annotated[Text, Path()],
    utility: Utility,
    resolution: Literal["day", "month"],
    first: Annotated[date, Query(alias="from", description=A_MONTH, examples=["2026-09-01"])],
    end: Annotated[date, Query(alias="to", description=NOT_INCLUDED, examples=["2026-11-01"])],
    service: Service,
) -> DistrictUsage:
    """Return a district's use over whole months that are over, by month or by day.

    Of the same buildings throughout a month: those that are known in full. A district that isn't
    there looks like one of which nothing may be told.
    """
    intervals = await service.usage(district, utility, resolution, first, end)
    unit = next(
        one.unit
        for one in reading_types.ALL
        if one.utility == utility and one.kind == reading_types.REGISTER
    )
    return DistrictUsage(
        district=district,
        utility=utility,
        unit=unit,
        resolution=resolution,
        timezone=ZONE.key,
        min_premises=service.at_least,
        intervals=[
            DistrictInterval(
                interval_start=one.start.astimezone(ZONE),
                interval_end=one.end.astimezone(ZONE),
                usage=one.usage,
                premises=one.premises,
            )
            for one in intervals
        ],
    )
