# SPDX-License-Identifier: EUPL-1.2
"""What the fake cloud answers where the app asks of demand."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from cloud.demand.issued.limits_endpoints import LimitBody, PathId
from tests.fakes.fake_city import SOFIA
from tests.fakes.fake_demand import (
    DAY,
    FALLBACK,
    HOUR,
    MEAN,
    SERIES,
    WARMTH,
    a_forecast,
    a_scenario,
    amount,
    an_accuracy,
    an_expected_bill,
    an_explanation,
    datasets,
    used,
)


def add_demand_routes(
    router: APIRouter, limits: dict[str, dict[str, Any]], closed: set[str]
) -> None:
    """Answer what the app asks of demand; ``closed`` series don't tell their hours."""

    def known(series_id: str) -> None:
        if series_id not in SERIES:
            raise HTTPException(404, f"There is no series {series_id}.")
        if series_id in closed:
            code = {"X-Code": "hours-not-told"}
            raise HTTPException(403, "The hours are sums over buildings.", code)

    _add_forecasts(router, known)
    _add_studies(router, known, limits)
    _add_limits(router, limits)


def _add_forecasts(router: APIRouter, known: Callable[[str], None]) -> None:
    @router.get("/demand/series")
    async def series() -> dict[str, Any]:
        return {"items": list(SERIES.values())}

    @router.get("/demand/series/{series_id}/usage")
    async def usage(series_id: str, request: Request) -> dict[str, Any]:
        known(series_id)
        first, end = (
            datetime.combine(
                date.fromisoformat(request.query_params[one]), datetime.min.time(), SOFIA
            )
            for one in ("from", "to")
        )
        now, at, found = datetime.now(UTC), first.astimezone(UTC), []
        while at < end:
            told = used(series_id, at) if at + HOUR <= now else None
            found.append({"interval_start": at.astimezone(SOFIA).isoformat(), "usage": told})
            at += HOUR
        return {"unit": SERIES[series_id]["unit"], "intervals": found}

    @router.get("/demand/series/{series_id}/forecast")
    async def forecast(
        series_id: str, resolution: str, issued_before: datetime | None = None
    ) -> dict[str, Any]:
        known(series_id)
        now = datetime.now(UTC)
        issued = (issued_before or now).replace(minute=0, second=0, microsecond=0)
        return a_forecast(series_id, resolution, issued, now)

    @router.get("/demand/series/{series_id}/forecasts")
    async def issues(series_id: str) -> dict[str, Any]:
        known(series_id)
        this_hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        return {"items": [(this_hour - at * HOUR).isoformat() for at in range(20 * 24)]}

    @router.get("/demand/series/{series_id}/forecast.csv")
    async def file(series_id: str) -> Response:
        known(series_id)
        return Response("interval_start,p05,p50,p95,used,unit\n", media_type="text/csv")


def _add_studies(
    router: APIRouter, known: Callable[[str], None], limits: dict[str, dict[str, Any]]
) -> None:
    @router.get("/demand/series/{series_id}/accuracy")
    async def accuracy(series_id: str) -> dict[str, Any]:
        known(series_id)
        return an_accuracy(series_id)

    @router.get("/demand/series/{series_id}/peak")
    async def peak(series_id: str) -> dict[str, Any]:
        known(series_id)
        now = datetime.now(UTC)
        tomorrow = now.astimezone(SOFIA).date() + DAY
        midnight = datetime.combine(tomorrow, datetime.min.time(), SOFIA)
        hours = [midnight.astimezone(UTC) + at * HOUR for at in range(24)]
        weights = [amount(series_id, at) ** 24 for at in hours]
        highest = max(amount(series_id, at) for at in hours)
        return {
            "day": tomorrow.isoformat(),
            "peak": {"p05": highest * 0.95, "p50": highest, "p95": highest * 1.06},
            "hours": [
                {"interval_start": at.isoformat(), "probability": one / sum(weights)}
                for at, one in zip(hours, weights, strict=True)
                if series_id != FALLBACK
            ],
            "days": 3 if series_id == FALLBACK else 27,
            "limits": [{"limit_id": one, "probability": 0.34} for one in limits],
        }

    @router.get("/demand/series/{series_id}/what-if")
    async def what_if(series_id: str, temperature_delta_c: float) -> dict[str, Any]:
        known(series_id)
        base = MEAN[series_id] * 24
        more = -base * WARMTH * temperature_delta_c
        difference = {
            "p05": min(more * 0.7, more * 1.3),
            "p50": more,
            "p95": max(more * 0.7, more * 1.3),
        }
        told = {"unit": SERIES[series_id]["unit"], "day": "2026-11-23", "base": base}
        return {**told, "changed": base + more, "difference": difference}

    asked: set[str] = set()

    @router.get("/demand/series/{series_id}/explain", response_model=None)
    async def explain(series_id: str) -> dict[str, Any] | JSONResponse:
        known(series_id)
        if series_id == FALLBACK:
            raise HTTPException(409, "It is too short.", {"X-Code": "cannot-be-told"})
        if series_id not in asked:  # the first who asks has it worked out
            asked.add(series_id)
            return JSONResponse({"retry_after_s": 1}, 202, {"Retry-After": "1"})
        return an_explanation()

    @router.get("/demand/series/{series_id}/scenario")
    async def scenario(series_id: str) -> dict[str, Any]:
        known(series_id)
        if series_id == FALLBACK:
            raise HTTPException(409, "It is too short.", {"X-Code": "cannot-be-told"})
        today = datetime.now(SOFIA).date()
        return {**a_scenario(MEAN[series_id], today), "unit": SERIES[series_id]["unit"]}


def _add_limits(router: APIRouter, limits: dict[str, dict[str, Any]]) -> None:
    @router.get("/demand/limits")
    async def all_limits() -> dict[str, Any]:
        return {"items": list(limits.values())}

    @router.put("/demand/limits/{limit_id}")
    async def put_limit(limit_id: PathId, body: LimitBody) -> dict[str, Any]:
        limits[limit_id] = {"limit_id": limit_id, "supplier_id": None, **body.model_dump()}
        return limits[limit_id]

    @router.delete("/demand/limits/{limit_id}", status_code=204)
    async def delete_limit(limit_id: str) -> None:
        limits.pop(limit_id, None)

    @router.get("/demand/datasets")
    async def every_dataset() -> dict[str, Any]:
        return datasets()

    @router.get("/premises/{premises_id}/bill/expected")
    async def bill(premises_id: str, month: str) -> dict[str, Any]:  # noqa: ARG001 - one for all
        return an_expected_bill(month)
