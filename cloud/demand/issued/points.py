# SPDX-License-Identifier: EUPL-1.2
"""The forecasts of single service points, in the unit of their readings: for expected bills."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cloud.demand.history.service import DemandHistory
from cloud.demand.runs import repository
from cloud.demand.runs.repository import Run
from cloud.demand.series import Floats
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database

# As old as use may be without being stale: an older forecast knows less than use since tells.
FRESH = timedelta(hours=72)


@dataclass(frozen=True, kw_only=True)
class PointForecast:
    """What a model expects of a service point.

    Attributes:
        quantiles: (hours, levels) from ``start`` on.
        sums: (days, levels) of the local days from ``first_day`` on; None where they have no range.
    """

    start: datetime
    quantiles: Floats
    first_day: date | None = None
    sums: Floats | None = None


class PointForecasts:
    """The newest forecast of each service point that has a series of its own."""

    def __init__(self, database: Database, clock: Clock, history: DemandHistory) -> None:
        self._database = database
        self._clock = clock
        self._history = history

    async def of_premises(self, caller: Principal, premises_id: str) -> dict[str, PointForecast]:
        """Return a building's forecasts by service point, of the series that ``caller`` may see.

        A way out (the naive model's forecast) is none, and neither is one that is days old.
        """
        now = self._clock.now()
        newest: dict[str, tuple[Run, float]] = {}
        for series, point, per_unit in await self._history.single(caller, premises_id):
            async with self._database.transaction(as_system=True) as connection:
                run = await repository.newest(connection, series.series_id, now)
            if run is None or run.fallback_reason is not None or run.issued_at < now - FRESH:
                continue
            if point not in newest or newest[point][0].issued_at < run.issued_at:
                newest[point] = (run, per_unit)
        return {point: _told(run, per_unit) for point, (run, per_unit) in newest.items()}


def _told(run: Run, per_unit: float) -> PointForecast:
    return PointForecast(
        start=run.issued_at,
        quantiles=run.quantiles * per_unit,
        first_day=run.first_day,
        sums=None if run.sums is None else run.sums * per_unit,
    )
