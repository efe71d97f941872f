# SPDX-License-Identifier: EUPL-1.2
"""Years of use by the hour, as the fake cloud tells them: a meter of ten years, with its gaps."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Response

from cloud.readings.columns_endpoints import written
from cloud.readings.columns_schemas import UsageColumns
from cloud.readings.long_usage import Stored, Stretch, cuts, parts, stretch
from cloud.readings.long_usage_service import LongUsage
from cloud.readings.usage import Integers
from tests.fakes.fake_city import HOURLY, SOFIA, UNITS
from wire import quality

DAY_H = 24
GAP = slice(5000, 5100)  # hours from the beginning of which nothing is known
GUESS = slice(9000, 9048)  # and those that are estimated


@dataclass
class LongUse:
    """What the fake tells of years; ``hours_from`` as if older hours had been dropped."""

    hours_from: date = date.min
    asked: list[str] = field(default_factory=list)


def add_usage_routes(router: APIRouter, long_use: LongUse) -> None:
    """Add the route of years of use."""

    @router.get("/premises/{premises_id}/usage/columns")
    async def columns(
        utility: str,
        first: Annotated[date, Query(alias="from")],
        end: Annotated[date, Query(alias="to")],
    ) -> Response:
        long_use.asked.append(utility)
        found = long_use_of(utility, first, end, long_use.hours_from)
        body = written(found, utility)
        UsageColumns.model_validate_json(body)
        return Response(body, media_type="application/json")


def long_use_of(utility: str, first: date, end: date, hours_from: date) -> LongUsage:
    """Return the use of one meter that counts more by day and in winter, up to now."""
    now_s = int(datetime.now(UTC).timestamp()) // 3600 * 3600
    stretches = [
        _stretch(resolution, cuts(resolution, start, stop, SOFIA), HOURLY[utility], now_s)
        for resolution, start, stop in parts(first, end, hours_from)
    ]
    return LongUsage(unit=UNITS[utility], is_final=True, stretches=stretches)


def _stretch(resolution: str, cuts_s: Integers, hourly: int, now_s: int) -> Stretch:
    starts = cuts_s[:-1]
    length_s = np.diff(cuts_s)
    hour = (starts // 3600 + 2) % DAY_H
    season = 1 + 0.3 * np.cos((starts / 86400 % 365.25) / 365.25 * 2 * np.pi)
    by_day = 0.2 + np.clip(np.sin((hour - 5) / 19 * np.pi), 0, None) ** 1.5
    noise = 0.75 + (starts // 3600 * 2_654_435_761 % 1000) / 2000
    usage = (hourly * season * noise * by_day).astype(np.int64)
    if resolution == "day":
        usage = (hourly * season * noise * 12).astype(np.int64)
    bits = np.zeros(len(starts), dtype=np.int64)
    bits[GUESS] = quality.ESTIMATED
    kept = np.ones(len(starts), dtype=np.bool_)
    kept[GAP] = False
    kept &= starts < now_s
    stored = Stored(
        start_s=starts[kept], usage=usage[kept], covered_s=length_s[kept], bits=bits[kept]
    )
    return stretch(resolution, cuts_s, [[stored]])
