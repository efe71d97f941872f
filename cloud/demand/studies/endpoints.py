# SPDX-License-Identifier: EUPL-1.2
"""Studies over HTTP: what explains a series, what may come, what if, and tomorrow's peak."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from cloud.demand.history.schemas import SeriesId
from cloud.demand.history.sight import HoursNotToldError
from cloud.demand.runs.asking import DemandOffError
from cloud.demand.studies import schemas
from cloud.demand.studies.program import FARTHEST_C, STEP_C
from cloud.demand.studies.service import (
    BeyondHistoryError,
    CantBeToldError,
    Studies,
    StudyFailedError,
)
from cloud.kit.auth.callers import DemandSeer
from cloud.kit.errors import answers
from cloud.kit.hypertable import ZONE

router = APIRouter(tags=["demand"])

RETRY_AFTER_S = 5
PathId = Annotated[SeriesId, Path()]
Delta = Annotated[
    float,
    Query(
        ge=-FARTHEST_C,
        le=FARTHEST_C,
        multiple_of=STEP_C,
        description="How much warmer tomorrow were, in steps of half a degree; colder below 0.",
        examples=[-5],
    ),
]
STUDY: dict[int | str, dict[str, Any]] = {
    202: {
        "model": schemas.BeingWorkedOut,
        "description": "It is being worked out; ask again.",
        "headers": {"Retry-After": {"schema": {"type": "integer"}}},
    },
    **answers(HoursNotToldError, CantBeToldError, DemandOffError, StudyFailedError),
}


def _studies(request: Request) -> Studies:
    found: Studies = request.app.state.demand.studies
    return found


Service = Annotated[Studies, Depends(_studies)]


@router.get("/demand/series/{series_id}/explain", response_model=schemas.Explained, responses=STUDY)
async def explanation_of_series(series_id: PathId, studies: Service, caller: DemandSeer) -> Any:
    """Return what explains the use of a series: temperature, calendar, season and the rest."""
    told = await studies.explained(caller, series_id)
    return _being_worked_out() if told is None else told


@router.get("/demand/series/{series_id}/scenario", response_model=schemas.MayCome, responses=STUDY)
async def scenario_of_series(series_id: PathId, studies: Service, caller: DemandSeer) -> Any:
    """Return what the coming month, season and year may use, under the weather of past years."""
    told = await studies.scenario(caller, series_id)
    return _being_worked_out() if told is None else told


@router.get(
    "/demand/series/{series_id}/what-if",
    response_model=schemas.WhatIf,
    responses={**STUDY, **answers(CantBeToldError, BeyondHistoryError)},
)
async def what_if_of_series(
    series_id: PathId, temperature_delta_c: Delta, studies: Service, caller: DemandSeer
) -> Any:
    """Return what tomorrow would use were it warmer or colder than is forecast."""
    told = await studies.what_if(caller, series_id, temperature_delta_c)
    if told is None:
        return _being_worked_out()
    return schemas.WhatIf(
        day=told.day,
        unit=told.series.unit,
        temperature_delta_c=temperature_delta_c,
        base=told.base,
        changed=told.base + told.difference["p50"],
        difference=schemas.Range(**told.difference),
    )


@router.get("/demand/series/{series_id}/peak", responses=answers(HoursNotToldError))
async def peak_of_series(series_id: PathId, studies: Service, caller: DemandSeer) -> schemas.Peak:
    """Return how high tomorrow's highest hour is, which it is, and what limits are passed."""
    told = await studies.peak(caller, series_id)
    low, middle, high = (float(one) for one in told.peak.quantiles)
    has_range = told.peak.has_range
    return schemas.Peak(
        day=told.peak.day,
        unit=told.series.unit,
        issued_at=told.issued_at.astimezone(ZONE),
        peak=schemas.Range(
            p05=low if has_range else None, p50=middle, p95=high if has_range else None
        ),
        hours=[
            schemas.PeakHour(interval_start=start.astimezone(ZONE), probability=share)
            for start, share in told.peak.by_hour.items()
        ],
        limits=[
            schemas.LimitPassed(limit_id=limit.limit_id, probability=probability)
            for limit, probability in told.limits
        ],
        days=told.peak.days,
    )


def _being_worked_out() -> Response:
    told = schemas.BeingWorkedOut(retry_after_s=RETRY_AFTER_S)
    return JSONResponse(told.model_dump(), 202, headers={"Retry-After": str(RETRY_AFTER_S)})
