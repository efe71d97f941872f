# SPDX-License-Identifier: EUPL-1.2
"""Studies of a series for callers: what explains it, what may come, what if, and its next peak.

The peak comes at once from forecasts that are stored. Explaining and scenarios take a program of
their own up to minutes: the first who asks has them worked out, and they hold until midnight, or
until history is brought. They are kept by what their caller may see, so that none sees more.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Protocol

import numpy as np

from cloud.demand.history.models import Series
from cloud.demand.history.service import DemandHistory
from cloud.demand.history.sight import check_hours, seen_since
from cloud.demand.history.weathering import CLIMATOLOGY, Weathered, Weathering
from cloud.demand.issued.limits import outlooks
from cloud.demand.issued.limits_repository import Limit
from cloud.demand.issued.limits_service import Limits
from cloud.demand.issued.service import IssuedForecasts
from cloud.demand.runs.asking import Ask, DemandOffError, is_installed
from cloud.demand.runs.inputs import whole_hour
from cloud.demand.series import Usage, Weather
from cloud.demand.studies.climate import YEAR_D, DailyTemperature, filled
from cloud.demand.studies.kept import FAILED, KeptAnswers, Told
from cloud.demand.studies.program import YEAR_D as AHEAD_D
from cloud.demand.studies.program import delta_key
from cloud.demand.studies.tomorrow import DayPeak, peak_of_day
from cloud.demand.studies.wire import EXPLAIN, SCENARIO, Question, pack
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.errors import CloudError, NotFoundError
from cloud.kit.hypertable import ZONE
from cloud.weather.models import Weather as Known

DAY = timedelta(days=1)
STUDIED = timedelta(days=round(10 * YEAR_D))  # before that it was another city
PEAKS_LEARNT = timedelta(days=60)  # hours of the day hang together otherwise in another season
RECORD_FROM = date(1900, 1, 1)
RECORD_LEAST_D = 3 * YEAR_D  # as many years as a scenario needs; else the history's own are drawn
NOTHING = {"refused": "Nothing is known of this series' use yet."}


class CantBeToldError(CloudError):
    """The history can't tell it; the message says what is missing."""

    status = 409
    code = "cannot-be-told"


class BeyondHistoryError(CloudError):
    """The history saw nothing like what is asked; the message says what it saw."""

    status = 409
    code = "beyond-history"


class StudyFailedError(CloudError):
    """The study's program came to grief; it is tried again later."""

    status = 503
    code = "study-failed"
    headers: ClassVar = {"Retry-After": "1800"}

    def __init__(self) -> None:
        super().__init__("The study could not be worked out; it is tried again in half an hour.")


class Records(Protocol):
    """What knows the weather by day: ``cloud.weather.service``."""

    async def days(self, place_id: str, first: date, end: date) -> Known:
        """Return the days of a place."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What a day would use if it were warmer: its forecast, and the difference (5, 50, 95 %)."""

    series: Series
    day: date
    base: float
    difference: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class PeakShown:
    """The next peak, and how probably each of the caller's limits is passed that day."""

    series: Series
    issued_at: datetime
    peak: DayPeak
    limits: list[tuple[Limit, float]]


class Studies:
    """Studies of series; what a caller may not see isn't found."""

    def __init__(
        self,
        clock: Clock,
        history: DemandHistory,
        weathering: Weathering,
        records: Records,
        issued: IssuedForecasts,
        limits: Limits,
        ask: Ask,
    ) -> None:
        self._clock = clock
        self._history = history
        self._weathering = weathering
        self._records = records
        self._issued = issued
        self._limits = limits
        self._ask = ask
        self._kept = KeptAnswers(clock)

    async def stop(self) -> None:
        """Break off what is being worked out."""
        await self._kept.stop()

    async def explained(self, caller: Principal, series_id: str) -> Told | None:
        """Return what explains a series, None while that is being worked out."""
        series = await self._of(caller, series_id)
        told = await self._told(EXPLAIN, caller, series)
        return None if told is None else told["explained"]

    async def scenario(self, caller: Principal, series_id: str) -> Told | None:
        """Return what may come, in the series' unit; None while it is being worked out."""
        series = await self._of(caller, series_id)
        told = await self._told(SCENARIO, caller, series)
        return None if told is None else {"unit": series.unit, **told}

    async def what_if(self, caller: Principal, series_id: str, delta_c: float) -> Changed | None:
        """Return what tomorrow would use if it were so much warmer, None while it isn't known."""
        shown = await self._issued.shown(caller, series_id, None)
        told = await self._told(EXPLAIN, caller, shown.series)
        if told is None:
            return None
        difference = told["what_if"][delta_key(delta_c)]
        if "refused" in difference:
            raise BeyondHistoryError(difference["refused"])
        day = date.fromisoformat(told["day"])
        if day not in shown.days:
            raise NotFoundError("forecast of", f"{series_id} on {day}")
        at = list(shown.days).index(day)
        base = shown.middle_sums[at] if shown.run.sums is None else shown.run.sums[at, 1]
        return Changed(series=shown.series, day=day, base=float(base), difference=difference)

    async def peak(self, caller: Principal, series_id: str) -> PeakShown:
        """Return the peak of tomorrow by the newest forecast, or NotFoundError without one."""
        shown = await self._issued.shown(caller, series_id, None)
        series, now = shown.series, self._clock.now()
        since = now - PEAKS_LEARNT
        before = await self._issued.since(series_id, since)
        used = await self._history.usage_seen(caller, series, since, now)
        day = self._tomorrow()
        found = await asyncio.to_thread(peak_of_day, shown.run, before, used, day)
        if found is None:
            raise NotFoundError("forecast of", f"{series_id} on {day}")
        limits = [one for one in await self._limits.all(caller) if one.series_id == series_id]
        return PeakShown(
            series=series,
            issued_at=shown.run.issued_at,
            peak=found,
            limits=[
                (limit, outlook.probability)
                for limit in limits
                for outlook in outlooks(shown.run, limit.quantity, limit.upper)
                if outlook.day == day
            ],
        )

    async def _of(self, caller: Principal, series_id: str) -> Series:
        series = await self._history.one(caller, series_id)
        check_hours(caller, series)
        return series

    async def _told(self, task: str, caller: Principal, series: Series) -> Told | None:
        if not is_installed():
            raise DemandOffError
        edition = await self._history.edition(series.series_id)
        key = (task, series, edition, seen_since(caller, series))
        told = self._kept.told(key, self._midnight(), lambda: self._work(task, caller, series))
        if told is FAILED:
            raise StudyFailedError
        if told is not None and "refused" in told:
            raise CantBeToldError(told["refused"])
        return told

    async def _work(self, task: str, caller: Principal, series: Series) -> Told:
        now = self._clock.now()
        usage = _known(
            await self._history.usage_seen(caller, series, now - STUDIED, whole_hour(now))
        )
        if usage is None:
            return NOTHING
        if task == EXPLAIN:
            ahead = usage.hours.index(_start(self._tomorrow() + DAY))
            sky = await self._weathering.weather(series, usage.hours.between(0, ahead))
            weather = _seen(sky, usage.hours.count)
            question = Question(task=task, usage=usage, weather=weather)
        else:
            question = await self._about_years(series, _to_midnight(usage))
        packed = await asyncio.to_thread(pack, question)
        told: dict[str, Any] = json.loads(await self._ask(packed))
        return told

    async def _about_years(self, series: Series, usage: Usage) -> Question:
        count = usage.hours.count
        hours = usage.hours.between(0, count + (AHEAD_D + 1) * 24)
        # of the hours to come only holidays count: their weather is that of the years
        seen = await self._weathering.weather(series, usage.hours)
        holidays = await self._weathering.holidays(hours)
        weather = _seen(seen, usage.hours.count)
        columns = {**weather.between(0, hours.count).columns, **holidays}
        return Question(
            task=SCENARIO,
            usage=usage,
            weather=Weather(hours=hours, columns=columns),
            years=None if seen.place_id is None else await self._record(seen.place_id),
        )

    async def _record(self, place_id: str) -> DailyTemperature | None:
        """Return a place's days of weather, None where they are too few to draw years from."""
        today = self._clock.now().astimezone(ZONE).date()
        told = await self._records.days(place_id, RECORD_FROM, today)
        known = np.flatnonzero(np.isfinite(told.get("temperature_c")))
        if known.size < RECORD_LEAST_D:
            return None
        begun = (told.grid.start.date() - date(1970, 1, 1)).days + int(known[0])
        means = told.get("temperature_c")[known[0] : known[-1] + 1]
        return DailyTemperature(first_day=begun, mean_c=filled(means))

    def _tomorrow(self) -> date:
        return self._clock.now().astimezone(ZONE).date() + DAY

    def _midnight(self) -> datetime:
        return _start(self._tomorrow())


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def _known(usage: Usage) -> Usage | None:
    """Return use from the first hour that is known to the last, None where none is."""
    known = np.flatnonzero(~np.isnan(usage.amounts[0]))
    return usage.between(int(known[0]), int(known[-1]) + 1) if known.size else None


def _seen(sky: Weathered, history_h: int) -> Weather:
    """Return weather without what earlier years were like: that explains no hour of a history."""
    guessed = (sky.origins == CLIMATOLOGY) & (np.arange(sky.weather.hours.count) < history_h)
    told = {
        name: column if name == "holiday" else np.where(guessed, np.nan, column)
        for name, column in sky.weather.columns.items()
    }
    return Weather(hours=sky.weather.hours, columns=told)


def _to_midnight(usage: Usage) -> Usage:
    """Return use without a last day that isn't over, so that spans are of whole days."""
    after = usage.hours.between(0, usage.hours.count + 1)
    at = int(np.flatnonzero(after.day == after.day[-1])[0])
    return usage.between(0, at) if at else usage
