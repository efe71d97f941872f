# SPDX-License-Identifier: EUPL-1.2
"""Comparing: each main meter's last twelve whole months beside the twelve before, and the weather.

A fit takes about a second of one core for each meter, so it is made behind the request: who
asks first is told that it is under way, and it holds until midnight.
"""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import numpy as np

from cloud.demand.history.weathering import MEASURED, Weathering
from cloud.demand.series import Floats, Hours, Weather
from cloud.demand.studies.kept import FAILED, KeptAnswers, Told
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.hypertable import ZONE
from cloud.premises.models import Premises, ServicePoint
from cloud.readings.long_usage_service import hours_of_point
from cloud.savings.kinds import NotCompared
from cloud.savings.years import Compared, compared
from cloud.weather.models import Place
from cloud.weather.models import Weather as Known
from wire import quality

ONE_HOUR = timedelta(hours=1)
WARM_UP_H = 4 * 24  # of weather before the first day: walls remember it


class Skies(Protocol):
    """What knows the weather, and where: ``cloud.weather.service``."""

    async def nearest(self, latitude: float, longitude: float) -> Place | None:
        """Return the place with weather that is nearest, or None."""

    async def hours(self, place_id: str, since: datetime, until: datetime) -> Known:
        """Return the hours that begin in [since, until)."""


@dataclass(frozen=True, kw_only=True)
class Years:
    """A meter's twelve months [first, end) beside the twelve before.

    ``told`` is why they can't be compared, or how they differ; None while it is worked out.
    """

    point: ServicePoint
    first: date
    end: date
    told: Compared | NotCompared | None


class Comparing:
    """Compares years of buildings, each once a day."""

    def __init__(
        self, database: Database, clock: Clock, weathering: Weathering, skies: Skies
    ) -> None:
        self._database = database
        self._clock = clock
        self._weathering = weathering
        self._skies = skies
        self._last: tuple[Hashable, Weather] | None = None
        self._kept = KeptAnswers(clock)

    async def stop(self) -> None:
        """Break off what is being worked out."""
        await self._kept.stop()

    def of_points(
        self, caller: Principal, building: Premises, points: Sequence[ServicePoint]
    ) -> list[Years]:
        """Return the years of these points of a building, as far as the caller sees them."""
        today = self._clock.now().astimezone(ZONE).date()
        end = today.replace(day=1)
        first = end.replace(year=end.year - 1)
        return [
            Years(
                point=point, first=first, end=end, told=self._told(caller, building, point, first)
            )
            for point in points
        ]

    def _told(
        self, caller: Principal, building: Premises, point: ServicePoint, first: date
    ) -> Compared | NotCompared | None:
        tomorrow = self._clock.now().astimezone(ZONE).date() + timedelta(days=1)
        # what one caller sees may begin later than what another does
        key = ("years", caller.subject, caller.grants, point.service_point_id, first)
        told = self._kept.told(key, _midnight(tomorrow), lambda: self._work(building, point, first))
        if told is None:
            return None
        if told is FAILED:
            return "not_worked_out"
        found: Compared | NotCompared = told["years"]
        return found

    async def _work(self, building: Premises, point: ServicePoint, first: date) -> Told:
        begin, stop = first.replace(year=first.year - 1), first.replace(year=first.year + 1)
        start, split, end = _midnight(begin), _midnight(first), _midnight(stop)
        hours = Hours(start=start, count=(end - start) // ONE_HOUR, zone=ZONE)
        amounts = await self._amounts(point, begin, stop)
        if not np.isfinite(amounts[: hours.index(split)]).any():
            return {"years": "too_little_history"}  # most often: no weather has to be read
        weather = await self._weather(building, hours.between(-WARM_UP_H, hours.count))
        if weather is None:
            return {"years": "no_weather"}
        told = await asyncio.to_thread(compared, amounts, hours, weather, hours.index(split))
        return {"years": told}

    async def _amounts(self, point: ServicePoint, first: date, end: date) -> Floats:
        """Return what each hour used, NaN where that isn't known, in the reading type's unit."""
        async with self._database.transaction() as connection:
            known = await hours_of_point(connection, point, first, end)
        is_whole = known.is_known & (known.bits & quality.MISSING == 0)
        return np.where(is_whole, known.usage.astype(np.float64), np.nan)

    async def _weather(self, building: Premises, hours: Hours) -> Weather | None:
        """Return what the weather was, NaN where nobody told it: what is usual explains nothing.

        That of the last place is kept, for a building's meters are compared one after another.
        """
        place = await self._skies.nearest(building.latitude, building.longitude)
        if place is None:
            return None
        key = (place.place_id, hours.start, hours.count, self._clock.now().astimezone(ZONE).date())
        if self._last is None or self._last[0] != key:
            known = await self._skies.hours(place.place_id, hours.start, hours.end)
            columns = {name: np.array(known.get(name)) for name in MEASURED}
            columns |= await self._weathering.holidays(hours)
            self._last = (key, Weather(hours=hours, columns=columns))
        return self._last[1]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
