# SPDX-License-Identifier: EUPL-1.2
"""What the fake cloud expects of a building's use: nearly what is used, and of heat nothing."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Query

from cloud.demand.issued.buildings_schemas import (
    BuildingForecast,
    ExpectedInterval,
    ExpectedRest,
    NewestForecast,
    Step,
)
from tests.fakes.fake_city import SOFIA, UNITS, starts_of, used

HORIZON = timedelta(days=14)
SPREAD = {"hour": 0.22, "day": 0.09}
OFF = {"hour": 0.12, "day": 0.06}  # as far as the forecast is off at most
WRONG, BY = 8, 1.5  # but for the interval at this place, which it expected half as much more of


@dataclass
class FakeForecast:
    """What tests change of it: how old the newest forecast is, and of what there is none."""

    age: timedelta = timedelta(hours=2)
    is_fallback: bool = False
    unknown: set[str] = field(default_factory=lambda: {"heat"})
    asked: list[str] = field(default_factory=list)


def a_forecast(
    premises_id: str, utility: str, resolution: Step, days: tuple[date, date], told: FakeForecast
) -> BuildingForecast:
    """Return what is and was expected of the local days [first, end)."""
    now = datetime.now(UTC)
    issued_at = (now - told.age).replace(minute=0, second=0, microsecond=0)
    is_known = utility not in told.unknown
    intervals = list(_intervals(utility, resolution, days, issued_at, told)) if is_known else []
    newest = NewestForecast(
        issued_at=issued_at.astimezone(SOFIA),
        made_at=issued_at.astimezone(SOFIA),
        usage_until=issued_at.astimezone(SOFIA),
        model_version=None if told.is_fallback else "m-1",
        is_fallback=told.is_fallback,
        fallback_reason="model_failed" if told.is_fallback else None,
    )
    return BuildingForecast(
        premises_id=premises_id,
        utility=utility,
        unit=UNITS[utility],
        timezone=SOFIA.key,
        resolution=resolution,
        newest=newest if is_known else None,
        intervals=intervals,
        rest=_rest(intervals, now),
    )


def _intervals(
    utility: str, resolution: Step, days: tuple[date, date], issued_at: datetime, told: FakeForecast
) -> Iterator[ExpectedInterval]:
    now, last = datetime.now(UTC), _midnight(issued_at + HORIZON)
    for at, (start, end) in enumerate(pairwise(starts_of(resolution, *days))):
        if end > last:
            return
        off = BY if at == WRONG else 1 + OFF[resolution] * math.sin(2.3 * at)
        middle = used(utility, resolution, at, start) * off
        spread = SPREAD[resolution] * (3 if told.is_fallback else 1)
        yield ExpectedInterval(
            interval_start=start,
            interval_end=end,
            p05=round(max(0, middle * (1 - spread))),
            p50=round(middle),
            p95=round(middle * (1 + spread)),
            issued_at=issued_at if start > now else min(issued_at, _evening_before(start)),
            is_fallback=told.is_fallback,
        )


def _rest(intervals: list[ExpectedInterval], now: datetime) -> ExpectedRest | None:
    left = [one for one in intervals if one.interval_end > now]
    if not left:
        return None
    sums = dict.fromkeys(("p05", "p50", "p95"), 0.0)
    for one in left:
        length = one.interval_end.astimezone(UTC) - one.interval_start.astimezone(UTC)
        share = min(1.0, (one.interval_end - now) / length)
        for name in sums:
            sums[name] += getattr(one, name) * share
    return ExpectedRest(
        since=max(now.astimezone(SOFIA), left[0].interval_start),
        until=left[-1].interval_end,
        **{name: round(amount) for name, amount in sums.items()},
    )


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(SOFIA).date(), time(), SOFIA)


def _evening_before(at: datetime) -> datetime:
    return _midnight(at) - timedelta(hours=2)


def add_forecast_routes(router: APIRouter, told: FakeForecast) -> None:
    """Add the route to a router that lets in only who is signed in."""

    @router.get("/premises/{premises_id}/forecast")
    async def forecast(
        premises_id: str,
        utility: str,
        resolution: Step,
        first: Annotated[date, Query(alias="from")],
        end: Annotated[date, Query(alias="to")],
    ) -> BuildingForecast:
        told.asked.append(f"{utility} by {resolution}")
        return a_forecast(premises_id, utility, resolution, (first, end), told)
