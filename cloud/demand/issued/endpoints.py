# SPDX-License-Identifier: EUPL-1.2
"""Forecasts over HTTP: as they were issued, what came of them, and how good models are."""

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from cloud.demand.history.schemas import SeriesId
from cloud.demand.history.service import DemandHistory
from cloud.demand.history.sight import HoursNotToldError
from cloud.demand.issued import schemas
from cloud.demand.issued.audits_service import Audits
from cloud.demand.issued.service import IssuedForecasts, Shown
from cloud.demand.runs.asking import is_installed
from cloud.demand.runs.registry import ModelRegistry
from cloud.kit.auth.callers import DemandSeer
from cloud.kit.errors import answers
from cloud.kit.hypertable import ZONE
from cloud.kit.pagination import Limit
from cloud.kit.schemas import Instant

router = APIRouter(tags=["demand"])

PathId = Annotated[SeriesId, Path()]
Before = Annotated[
    Instant | None,
    Query(description="The newest that was issued up to then; the newest of all for none."),
]
By = Annotated[Literal["hour", "day"], Query()]
CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The table as a file; the unit stands in the last column.",
        "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


def _issued(request: Request) -> IssuedForecasts:
    found: IssuedForecasts = request.app.state.demand.issued
    return found


def _audits(request: Request) -> Audits:
    found: Audits = request.app.state.demand.audits
    return found


def _registry(request: Request) -> ModelRegistry:
    found: ModelRegistry = request.app.state.demand.models
    return found


def _history(request: Request) -> DemandHistory:
    found: DemandHistory = request.app.state.demand.history
    return found


Forecasts = Annotated[IssuedForecasts, Depends(_issued)]


@router.get("/demand/series/{series_id}/forecast", responses=answers(HoursNotToldError))
async def forecast_of_series(
    series_id: PathId,
    forecasts: Forecasts,
    caller: DemandSeer,
    issued_before: Before = None,
    resolution: By = "hour",
) -> schemas.Forecast:
    """Return a forecast as it was issued, with what was used since beside it."""
    shown = await forecasts.shown(caller, series_id, issued_before)
    run = shown.run
    return schemas.Forecast(
        series_id=series_id,
        utility=shown.series.utility,
        unit=shown.series.unit,
        timezone=ZONE.key,
        resolution=resolution,
        issued_at=run.issued_at.astimezone(ZONE),
        made_at=run.made_at.astimezone(ZONE),
        model_version=run.model_version,
        is_fallback=run.fallback_reason is not None,
        fallback_reason=run.fallback_reason,  # type: ignore[arg-type]  # of REASONS
        inputs=schemas.Inputs(
            known_at=run.known_at,
            usage_until=run.usage_until,
            weather_known_at=run.weather_known_at,
            weather_forecast_share=run.weather_forecast_share,
            weather_climatology_share=run.weather_climatology_share,
        ),
        day_ranges="none" if run.sums is None else "calibrated",
        hours=list(_hours(shown)) if resolution == "hour" else [],
        days=list(_days(shown)) if resolution == "day" else [],
    )


@router.get(
    "/demand/series/{series_id}/forecast.csv",
    response_class=Response,
    responses={**CSV, **answers(HoursNotToldError)},
)
async def forecast_file(
    series_id: PathId,
    forecasts: Forecasts,
    caller: DemandSeer,
    issued_before: Before = None,
    resolution: By = "hour",
) -> Response:
    """Return a forecast as a CSV file, with what was used since."""
    shown = await forecasts.shown(caller, series_id, issued_before)
    table = io.StringIO()
    rows = _hour_rows(shown) if resolution == "hour" else _day_rows(shown)
    csv.writer(table).writerows(rows)
    name = f"{series_id}-forecast-{resolution}-{shown.run.issued_at:%Y%m%dT%HZ}.csv"
    return Response(
        table.getvalue(),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/demand/series/{series_id}/forecasts")
async def forecasts_of_series(
    series_id: PathId,
    forecasts: Forecasts,
    caller: DemandSeer,
    issued_before: Before = None,
    limit: Limit = 100,
) -> schemas.Issues:
    """Return when forecasts of a series were issued: what ``issued_before`` may be asked for."""
    found = await forecasts.issued_at(caller, series_id, issued_before, limit)
    return schemas.Issues(items=[one.astimezone(ZONE) for one in found])


@router.get("/demand/series/{series_id}/accuracy")
async def accuracy_of_series(
    series_id: PathId, audits: Annotated[Audits, Depends(_audits)], caller: DemandSeer
) -> schemas.Accuracy:
    """Return how good the forecasts of a series were: coverage and error by how far ahead."""
    found = await audits.accuracy(caller, series_id)
    return schemas.Accuracy(
        series_id=series_id,
        unit=found.series.unit,
        audited_on=found.figures[0]["audited_on"] if found.figures else None,
        figures=[schemas.AuditFigures.model_validate(one) for one in found.figures],
        weeks=[schemas.WeekFigures.model_validate(one) for one in found.weeks],
        drifts=[schemas.Drift.model_validate(one) for one in found.drifts],
        model=schemas.summary_of(found.model) if found.model else None,
    )


@router.get("/demand/models")
async def demand_models(
    registry: Annotated[ModelRegistry, Depends(_registry)],
    history: Annotated[DemandHistory, Depends(_history)],
    caller: DemandSeer,
) -> schemas.Models:
    """Return the models that know a series which the caller may see, the newest first."""
    seen = {one.series_id for one in await history.series(caller)}
    found = [one for one in await registry.all() if seen & set(one.series_ids)]
    return schemas.Models(is_on=is_installed(), items=[schemas.summary_of(one) for one in found])


def _hours(shown: Shown) -> Iterator[schemas.ForecastHour]:
    for at, (low, middle, high) in enumerate(shown.run.quantiles):
        yield schemas.ForecastHour(
            interval_start=shown.hours.at(at).astimezone(ZONE),
            p05=low,
            p50=middle,
            p95=high,
            used=_known(shown.used[at]),
        )


def _days(shown: Shown) -> Iterator[schemas.ForecastDay]:
    for number, day in enumerate(shown.days):
        yield schemas.ForecastDay(
            day=day,
            sum=_quantiles(shown.run.sums, number, shown.middle_sums, shown.used_sums),
            peak=_quantiles(shown.run.peaks, number, shown.middle_peaks, shown.used_peaks),
        )


def _quantiles(ranged: Any, number: int, middle: Any, used: Any) -> schemas.Quantiles:
    if ranged is None:
        low, centre, high = None, float(middle[number]), None
    else:
        low, centre, high = (float(one) for one in ranged[number])
    return schemas.Quantiles(p05=low, p50=centre, p95=high, used=_known(used[number]))


def _known(amount: float) -> float | None:
    return float(amount) if np.isfinite(amount) else None


def _hour_rows(shown: Shown) -> Iterator[list[object]]:
    yield ["interval_start", "p05", "p50", "p95", "used", "unit"]
    for one in _hours(shown):
        start = one.interval_start.isoformat()
        yield [start, one.p05, one.p50, one.p95, one.used, shown.series.unit]


def _day_rows(shown: Shown) -> Iterator[list[object]]:
    names = ("p05", "p50", "p95", "used")
    yield ["day", *(f"{what}_{name}" for what in ("sum", "peak") for name in names), "unit"]
    for one in _days(shown):
        told = [getattr(part, name) for part in (one.sum, one.peak) for name in names]
        yield [one.day.isoformat(), *told, shown.series.unit]
