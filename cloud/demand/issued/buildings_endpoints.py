# SPDX-License-Identifier: EUPL-1.2
"""What a building is expected to use over HTTP, for whoever sees what it uses."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request

from cloud.demand.issued import buildings_schemas as schemas
from cloud.demand.issued.buildings_service import MAX_DAYS, BuildingForecasts, Expectation
from cloud.demand.issued.expected_use import Rest
from cloud.demand.runs.repository import Run
from cloud.demand.series import Floats
from cloud.kit.auth.callers import Seer
from cloud.kit.hypertable import ZONE
from cloud.kit.schemas import Identifier
from cloud.readings.service import Span, register_unit

router = APIRouter(tags=["demand"])

NOT_INCLUDED = f"The local day after the last; {MAX_DAYS} days at most."


def _forecasts(request: Request) -> BuildingForecasts:
    found: BuildingForecasts = request.app.state.demand.buildings
    return found


def _span(
    resolution: schemas.Step,
    first: Annotated[
        date, Query(alias="from", description="A local day.", examples=["2026-11-16"])
    ],
    end: Annotated[date, Query(alias="to", description=NOT_INCLUDED, examples=["2026-11-23"])],
) -> Span:
    return Span(resolution=resolution, first=first, end=end)


PathId = Annotated[Identifier, Path()]
Utility = Literal["water", "gas", "electricity", "heat"]
Asked = Annotated[Span, Depends(_span)]


@router.get("/premises/{premises_id}/forecast")
async def forecast_of_premises(
    premises_id: PathId,
    utility: Utility,
    span: Asked,
    forecasts: Annotated[BuildingForecasts, Depends(_forecasts)],
    caller: Seer,
) -> schemas.BuildingForecast:
    """Return what a building is expected to use over local days, and was of those that are over."""
    found = await forecasts.expected(caller, premises_id, utility, span)
    return schemas.BuildingForecast(
        premises_id=premises_id,
        utility=utility,
        unit=register_unit(utility),
        timezone=ZONE.key,
        resolution=span.resolution,  # type: ignore[arg-type]  # as it was asked for
        newest=_newest(found.newest) if found.newest else None,
        intervals=[_interval(one) for one in found.intervals],
        rest=_rest(found.rest) if found.rest else None,
    )


def _newest(run: Run) -> schemas.NewestForecast:
    return schemas.NewestForecast(
        issued_at=run.issued_at.astimezone(ZONE),
        made_at=run.made_at.astimezone(ZONE),
        usage_until=run.usage_until.astimezone(ZONE) if run.usage_until else None,
        model_version=run.model_version,
        is_fallback=run.fallback_reason is not None,
        fallback_reason=run.fallback_reason,  # type: ignore[arg-type]  # of REASONS
    )


def _interval(one: Expectation) -> schemas.ExpectedInterval:
    return schemas.ExpectedInterval(
        interval_start=one.start.astimezone(ZONE),
        interval_end=one.end.astimezone(ZONE),
        issued_at=one.run.issued_at.astimezone(ZONE),
        is_fallback=one.run.fallback_reason is not None,
        **_whole(one.quantiles),
    )


def _rest(one: Rest) -> schemas.ExpectedRest:
    return schemas.ExpectedRest(
        since=one.since.astimezone(ZONE), until=one.until.astimezone(ZONE), **_whole(one.quantiles)
    )


def _whole(quantiles: Floats) -> dict[str, int]:
    low, middle, high = (round(float(one)) for one in quantiles)
    return {"p05": low, "p50": middle, "p95": high}
