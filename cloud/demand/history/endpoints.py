# SPDX-License-Identifier: EUPL-1.2
"""Series of use over HTTP: who has them, what they used, and history that utilities bring."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request

from cloud.demand.history import schemas
from cloud.demand.history.files import FileUnit
from cloud.demand.history.imports import HistoryImports
from cloud.demand.history.models import Series
from cloud.demand.history.series import SeriesKeeper
from cloud.demand.history.service import DemandHistory
from cloud.demand.history.sight import HoursNotToldError
from cloud.kit.auth.callers import DemandKeeper, DemandSeer
from cloud.kit.errors import InvalidRequestError, UnknownReferenceError, answers
from cloud.kit.hypertable import ZONE
from cloud.kit.schemas import Instant, Listing

router = APIRouter(tags=["demand"])

MAX_UPLOAD_BYTES = 16 * 2**20  # ten years of quarters of an hour are 12 MB
UPLOAD_PATH = re.compile(r"/api/v1/demand/series/[a-z0-9-]{1,64}/usage")
NOT_INCLUDED = "Not included."
EARLIEST, LATEST = date(1900, 1, 1), date(2100, 1, 1)
MAX_HOURS = 10_000  # as of readings' usage: over a year
PathId = Annotated[schemas.SeriesId, Path()]
A_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CSV or Parquet with the columns interval_start and usage, in order of any"
        " kind; times without an offset are local ones of `timezone`.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "interval_start,usage\n2026-01-31 00:00,12.5\n2026-01-31 01:00,11.0\n",
            },
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def _history(request: Request) -> DemandHistory:
    found: DemandHistory = request.app.state.demand.history
    return found


def _keeper(request: Request) -> SeriesKeeper:
    found: SeriesKeeper = request.app.state.demand.series
    return found


def _imports(request: Request) -> HistoryImports:
    found: HistoryImports = request.app.state.demand.imports
    return found


History = Annotated[DemandHistory, Depends(_history)]
Keeper = Annotated[SeriesKeeper, Depends(_keeper)]
Imports = Annotated[HistoryImports, Depends(_imports)]


@router.get("/demand/series")
async def demand_series(history: History, caller: DemandSeer) -> Listing[schemas.Series]:
    """Return the series of use that the caller may see."""
    found = await history.series(caller)
    return Listing(items=[schemas.series_of(one) for one in found])


@router.put("/demand/series/{series_id}", responses=answers(UnknownReferenceError))
async def put_demand_series(
    series_id: PathId, body: schemas.SeriesBody, keeper: Keeper, caller: DemandKeeper
) -> schemas.Series:
    """Keep a series, or change what is said of it; what it is of stays."""
    fields = body.model_dump(exclude={"name"})
    wanted = Series(series_id=series_id, name_bg=body.name.bg, name_en=body.name.en, **fields)
    return schemas.series_of(await keeper.put(caller, wanted))


@router.delete("/demand/series/{series_id}", status_code=204)
async def delete_demand_series(series_id: PathId, keeper: Keeper, caller: DemandKeeper) -> None:
    """Delete a series and all that was brought for it."""
    await keeper.delete(caller, series_id)


@router.get("/demand/series/{series_id}/usage", responses=answers(HoursNotToldError))
async def usage_of_series(
    series_id: PathId,
    first: Annotated[date, Query(alias="from", examples=["2026-09-01"])],
    end: Annotated[date, Query(alias="to", description=NOT_INCLUDED, examples=["2026-10-01"])],
    history: History,
    caller: DemandSeer,
    resolution: Literal["hour", "day", "month"] = "hour",
    known_at: Instant | None = None,
) -> schemas.SeriesUsage:
    """Return what a series used on local days, as it is known now or was at an instant.

    Days and months are those that were brought; hours are all that is known of a series otherwise.
    """
    one = await history.one(caller, series_id)
    since, until = _midnight(first), _midnight(end)
    if not since < until:
        raise InvalidRequestError(f"From {first} to {end} is no span of days.")
    if resolution == "hour":
        if (until - since) > timedelta(hours=MAX_HOURS):
            raise InvalidRequestError(f"Ask for {MAX_HOURS} hours at most.")
        told = await history.usage_seen(caller, one, since, until, known_at)
        starts = [told.hours.at(index) for index in range(told.hours.count)]
        amounts = told.amounts[0]
    else:
        brought = await history.intervals_seen(caller, one, resolution, known_at)
        kept = [at for at, start in enumerate(brought.starts) if since <= start < until]
        starts, amounts = [brought.starts[at] for at in kept], brought.amounts[kept]
    return schemas.SeriesUsage(
        series_id=series_id,
        unit=one.unit,
        resolution=resolution,
        timezone=ZONE.key,
        intervals=[
            _interval(start, float(used)) for start, used in zip(starts, amounts, strict=True)
        ],
    )


def _midnight(day: date) -> datetime:
    if not EARLIEST <= day <= LATEST:
        raise InvalidRequestError(f"{day} is not between {EARLIEST} and {LATEST}.")
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def _interval(start: datetime, used: float) -> schemas.SeriesInterval:
    return schemas.SeriesInterval(
        interval_start=start.astimezone(ZONE), usage=used if np.isfinite(used) else None
    )


@router.post("/demand/series/{series_id}/usage", openapi_extra=A_FILE)
async def import_usage(
    series_id: PathId,
    request: Request,
    imports: Imports,
    caller: DemandKeeper,
    unit: Annotated[
        FileUnit | None, Query(description="Of the file; the series' where it isn't told.")
    ] = None,
    timezone: Annotated[
        str | None, Query(max_length=64, description="Of times without an offset.")
    ] = None,
) -> schemas.Imported:
    """Take in history: hours, parts of hours, days or months. Repeating it changes nothing.

    What is odd about it is told in the answer and kept with the import; the use is kept as it came.
    """
    content = await request.body()
    brought = await imports.upload(caller, series_id, content, unit, timezone)
    return schemas.Imported.model_validate(vars(brought))
