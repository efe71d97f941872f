# SPDX-License-Identifier: EUPL-1.2
"""Forecasts as they were issued, with what came of them beside: for callers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from cloud.demand.history.models import Series
from cloud.demand.history.service import DemandHistory
from cloud.demand.history.sight import check_hours, seen_since
from cloud.demand.runs import repository
from cloud.demand.runs.days import of_days, whole_days
from cloud.demand.runs.repository import Run
from cloud.demand.series import Floats, Hours, Usage
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import NotFoundError
from cloud.kit.hypertable import ZONE

EPOCH_DAY = date(1970, 1, 1)
READ_TIMEOUT_S = 30
# All forecasts of a quarter, as far as audits look back; of older ones the first of each day, for
# three years, to be compared with what came.
ALL_KEPT = timedelta(days=100)
ONE_A_DAY_KEPT = timedelta(days=3 * 366)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A forecast of a series, hour by hour and day by day, and what was used; NaN: not known.

    Attributes:
        used: (hours,).
        days: the whole local days ahead; ``middle_sums`` and ``middle_peaks`` (days,) are those of
            the hours' middle forecasts, which days have even where they have no ranges.
        used_sums, used_peaks: (days,).
    """

    series: Series
    run: Run
    hours: Hours
    used: Floats
    days: Sequence[date]
    middle_sums: Floats
    middle_peaks: Floats
    used_sums: Floats
    used_peaks: Floats


class IssuedForecasts:
    """The forecasts that are stored; what a caller may not see isn't found."""

    def __init__(self, database: Database, clock: Clock, history: DemandHistory) -> None:
        self._database = database
        self._clock = clock
        self._history = history

    async def shown(
        self, caller: Principal, series_id: str, issued_before: datetime | None
    ) -> Shown:
        """Return the newest forecast of a series that was issued up to then, or NotFoundError."""
        series = await self._history.one(caller, series_id)
        check_hours(caller, series)
        now, begun = self._clock.now(), seen_since(caller, series)
        async with self._database.transaction(as_system=True) as connection:
            run = await repository.newest(connection, series_id, issued_before or now)
        # What was forecast before somebody moved in tells the habits of who lived there then.
        if run is None or (begun is not None and run.issued_at < begun):
            raise NotFoundError("forecast of", series_id)
        hours = Hours(start=run.issued_at, count=len(run.quantiles), zone=ZONE)
        used = await self._used(caller, series, hours, now)
        return _shown(series, run, hours, used)

    async def issued_at(
        self, caller: Principal, series_id: str, before: datetime | None, limit: int
    ) -> list[datetime]:
        """Return when forecasts of a series were issued, the newest first."""
        begun = seen_since(caller, await self._history.one(caller, series_id))
        async with self._database.transaction(as_system=True) as connection:
            issued = await repository.issued_at(connection, series_id, before, limit)
        return [one for one in issued if begun is None or one >= begun]

    async def since(self, series_id: str, since: datetime) -> list[Run]:
        """Return all forecasts of a series that were issued since then, whoever asks."""
        until = self._clock.now()
        async with self._database.transaction(READ_TIMEOUT_S, as_system=True) as connection:
            return await repository.issued(connection, [series_id], since, until)

    async def _used(self, caller: Principal, series: Series, hours: Hours, now: datetime) -> Floats:
        until = min(now, hours.end)
        if until <= hours.start:
            return np.full(hours.count, np.nan)
        told: Usage = await self._history.usage_seen(caller, series, hours.start, until)
        used: Floats = told.between(0, hours.count).amounts[0]
        return used

    async def thin(self) -> int:
        """Drop forecasts that have been kept long enough; return how many."""
        now = self._clock.now()
        async with self._database.transaction(300, as_system=True) as connection:
            return await repository.thin(connection, now - ALL_KEPT, now - ONE_A_DAY_KEPT)


def _shown(series: Series, run: Run, hours: Hours, used: Floats) -> Shown:
    days = whole_days(hours)
    middle_sums, middle_peaks = of_days(run.quantiles[:, 1], days)
    used_sums, used_peaks = of_days(used, days)
    return Shown(
        series=series,
        run=run,
        hours=hours,
        used=used,
        days=[EPOCH_DAY + timedelta(days=int(hours.day[first])) for first, _ in days],
        middle_sums=middle_sums,
        middle_peaks=middle_peaks,
        used_sums=used_sums,
        used_peaks=used_peaks,
    )
