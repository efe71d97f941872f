# SPDX-License-Identifier: EUPL-1.2
"""Comparing: each main meter's last twelve whole months beside the twelve before, and the weather.

A fit takes a quarter of a second of one core for each meter, so it is made behind the request: who
asks first is told that it is under way, and it holds until midnight.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import numpy as np

from cloud.demand.history.weathering import CLIMATOLOGY, Weathering
from cloud.demand.series import Floats, Hours, Weather
from cloud.demand.studies.kept import FAILED, KeptAnswers, Told
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.hypertable import ZONE
from cloud.premises.models import Premises, ServicePoint
from cloud.readings.service import usage
from cloud.readings.usage import HOUR
from cloud.savings.kinds import NotCompared
from cloud.savings.years import Compared, compared
from cloud.weather.models import Place
from wire import quality

ONE_HOUR = timedelta(hours=1)
AT_ONCE_H = 31 * 24  # other callers wait no longer than this takes to read
WARM_UP_H = 4 * 24  # of weather before the first day: walls remember it


class Places(Protocol):
    """What knows where weather is: ``cloud.weather.service``."""

    async def nearest(self, latitude: float, longitude: float) -> Place | None:
        """Return the place with weather that is nearest, or None."""


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
        self, database: Database, clock: Clock, weathering: Weathering, places: Places
    ) -> None:
        self._database = database
        self._clock = clock
        self._weathering = weathering
        self._places = places
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
        start = _midnight(first.replace(year=first.year - 1))
        split, end = _midnight(first), _midnight(first.replace(year=first.year + 1))
        hours = Hours(start=start, count=(end - start) // ONE_HOUR, zone=ZONE)
        amounts = await self._amounts(point, hours)
        if not np.isfinite(amounts[: hours.index(split)]).any():
            return {"years": "too_little_history"}  # most often: no weather has to be read
        weather = await self._weather(building, hours.between(-WARM_UP_H, hours.count))
        if weather is None:
            return {"years": "no_weather"}
        told = await asyncio.to_thread(compared, amounts, hours, weather, hours.index(split))
        return {"years": told}

    async def _amounts(self, point: ServicePoint, hours: Hours) -> Floats:
        """Return what each hour used, NaN where that isn't measured, in the reading type's unit."""
        amounts = np.full(hours.count, np.nan)
        for begin in range(0, hours.count, AT_ONCE_H):
            last = min(begin + AT_ONCE_H, hours.count)
            cuts = [hours.at(index) for index in range(begin, last + 1)]
            async with self._database.transaction() as connection:
                known = await usage(connection, [point], cuts, HOUR)
            for at, one in enumerate(known[point.service_point_id], begin):
                if one.usage is not None and not one.quality & quality.MISSING:
                    amounts[at] = one.usage
        return amounts

    async def _weather(self, building: Premises, hours: Hours) -> Weather | None:
        """Return what the weather was, NaN where nobody observed it: guesses explain nothing."""
        place = await self._places.nearest(building.latitude, building.longitude)
        if place is None:
            return None
        sky = await self._weathering.weather(place.place_id, hours)
        guessed = sky.origins == CLIMATOLOGY
        columns = {
            name: column if name == "holiday" else np.where(guessed, np.nan, column)
            for name, column in sky.weather.columns.items()
        }
        return Weather(hours=hours, columns=columns)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
