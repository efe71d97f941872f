# SPDX-License-Identifier: EUPL-1.2
"""Expected bills of buildings, for callers who see what these use."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from cloud.demand.bills.expected import HISTORY_DAYS, PROFILE_DAYS, Expected, expected
from cloud.demand.issued.points import PointForecast, PointForecasts
from cloud.demand.series import DAY_H
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.tariffs.costs import Costs, Course


class ExpectedBills:
    """What a building's month costs in the end."""

    def __init__(self, costs: Costs, clock: Clock, forecasts: PointForecasts) -> None:
        self._costs = costs
        self._clock = clock
        self._forecasts = forecasts

    async def of_premises(
        self, caller: Principal, premises_id: str, first: date, end: date
    ) -> list[Expected]:
        """Return what [first, end) costs in the end at each main service point of a building."""
        courses = await self._costs.courses(
            caller, premises_id, first, end, days=HISTORY_DAYS, hours=PROFILE_DAYS * DAY_H
        )
        forecasts = await self._forecasts.of_premises(caller, premises_id)
        now = self._clock.now()
        # a second of arithmetic for a building of many meters: not on the loop of all callers
        return await asyncio.to_thread(_all, courses, forecasts, now, first, end)


def _all(
    courses: Sequence[Course],
    forecasts: Mapping[str, PointForecast],
    now: datetime,
    first: date,
    end: date,
) -> list[Expected]:
    return [
        expected(one, now, first, end, forecasts.get(one.point.service_point_id)) for one in courses
    ]
