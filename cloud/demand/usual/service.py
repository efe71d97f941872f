# SPDX-License-Identifier: EUPL-1.2
"""Today against usual days, for callers who see what a building uses."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from cloud.demand.usual.calendar import daily_c, days_off
from cloud.demand.usual.kept import Kept
from cloud.demand.usual.method import (
    A_DAY,
    YEAR_D,
    Candidates,
    Kind,
    Reason,
    SoFar,
    Usual,
    candidates,
    so_far,
    usual,
)
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.hypertable import ZONE
from cloud.premises.models import Premises, ServicePoint
from cloud.premises.service import one_premises, visible_points, visible_premises
from cloud.readings.service import hours_at, main_points, usage
from cloud.readings.usage import DAY, HOUR, Figure, boundaries, intervals, total
from cloud.weather.models import Place, Weather

FOR = timedelta(minutes=5)
WEATHER_FOR = timedelta(minutes=30)
MOST_BUILDINGS = 50  # a twentieth of a second each: a utility's thousands would hold up others
PLACE_DECIMALS = 2  # of a degree: about a kilometre


class Source(Protocol):
    """What knows the weather: ``cloud.weather.service`` brings it."""

    async def hours(self, place_id: str, since: datetime, until: datetime) -> Weather:
        """Return the hours that begin in [since, until)."""

    async def nearest(self, latitude: float, longitude: float) -> Place | None:
        """Return the place with weather that is nearest."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One utility of a building today; ``reason``: why there is nothing usual to compare with."""

    premises_id: str
    utility: str
    unit: str
    today: SoFar
    kind: Kind
    temperature_c: float | None
    usual: Usual | None
    reason: Reason | None


class UsualDays:
    """What buildings have used today, and had by this hour on days like this."""

    def __init__(self, database: Database, clock: Clock, weather: Source) -> None:
        self._database = database
        self._weather = weather
        self._clock = clock
        self._places: Kept[Place | None] = Kept(clock, WEATHER_FOR)
        self._temperatures: Kept[Mapping[date, float]] = Kept(clock, WEATHER_FOR)
        self._usual: Kept[Usual | None] = Kept(clock, FOR)

    def today(self) -> date:
        """Return the local day that is compared."""
        return self._clock.now().astimezone(ZONE).date()

    async def all(self, caller: Principal) -> list[Compared]:
        """Return the buildings that the caller sees; of very many only the first, by name."""
        async with self._database.transaction() as connection:
            buildings = await visible_premises(connection, caller)
        return await self._compared(caller, buildings[:MOST_BUILDINGS])

    async def of_premises(self, caller: Principal, premises_id: str) -> list[Compared]:
        """Return one building, or raise NotFoundError."""
        async with self._database.transaction() as connection:
            building = await one_premises(connection, premises_id, caller)
        return await self._compared(caller, [building])

    async def _compared(self, caller: Principal, buildings: Sequence[Premises]) -> list[Compared]:
        now = self._clock.now()
        today = self.today()
        weather = [await self._temperature_c(building, today) for building in buildings]
        off = await asyncio.to_thread(days_off, today)
        cuts = boundaries(HOUR, today, today + A_DAY, ZONE)
        cuts = cuts[: sum(cut <= now for cut in cuts) + 1]  # with the running hour
        found: list[Compared] = []
        async with self._database.transaction() as connection:
            ids = [building.premises_id for building in buildings]
            points = main_points(await visible_points(connection, ids, caller))
            hours = await usage(connection, points, cuts, HOUR)
            for building, temperature_c in zip(buildings, weather, strict=True):
                here = [one for one in points if one.premises_id == building.premises_id]
                asked = [
                    _Asked(
                        points=of,
                        today=so_far(total([hours[one.service_point_id] for one in of], cuts)),
                    )
                    for of in _by_utility(here)
                ]
                alike = candidates(today, off, temperature_c)
                told_usual = await self._usual_of(connection, caller, today, alike, asked)
                found += [
                    Compared(
                        premises_id=building.premises_id,
                        utility=one.points[0].type.utility,
                        unit=one.points[0].type.unit,
                        today=one.today,
                        kind=alike.kind,
                        temperature_c=temperature_c.get(today),
                        usual=told,
                        reason=_reason(one.today, told),
                    )
                    for one, told in zip(asked, told_usual, strict=True)
                ]
        return found

    async def _usual_of(
        self,
        connection: Connection,
        caller: Principal,
        today: date,
        alike: Candidates,
        asked: Sequence["_Asked"],
    ) -> list[Usual | None]:
        """Return what is usual of each of a building's utilities."""
        # who sees something else, or since another day, asks for something else
        sight = (caller.owner, caller.role, caller.supplier_id, caller.grants)
        keys = [(sight, today, tuple(alike.all), one.key) for one in asked]
        told = {key: self._usual[key] for key in keys if key in self._usual}
        wanted = [
            one
            for one, key in zip(asked, keys, strict=True)
            if one.is_comparable and key not in told
        ]
        if wanted:
            count = max(max(one.today.clock_hours) for one in wanted) + 1
            cuts = {day: boundaries(HOUR, day, day + A_DAY, ZONE)[: count + 1] for day in alike.all}
            starts = [start for of_day in cuts.values() for start in of_day[:-1]]
            points = [point for one in wanted for point in one.points]
            known = await hours_at(connection, points, starts)
            for one, key in zip(asked, keys, strict=True):
                if one in wanted:
                    told[key] = await asyncio.to_thread(_usual, one, alike, cuts, known)
                    self._usual[key] = told[key]
        return [
            told[key] if one.is_comparable else None for one, key in zip(asked, keys, strict=True)
        ]

    async def _temperature_c(self, building: Premises, today: date) -> Mapping[date, float]:
        """Return the mean of each day of the last year and of today, where it is known."""
        at = (
            round(building.latitude, PLACE_DECIMALS),
            round(building.longitude, PLACE_DECIMALS),
        )
        if at not in self._places:
            self._places[at] = await self._weather.nearest(*at)
        place = self._places[at]
        if place is None:
            return {}
        key = (place.place_id, today)
        if key not in self._temperatures:
            cuts = boundaries(DAY, today - YEAR_D * A_DAY, today + A_DAY, ZONE)
            told = await self._weather.hours(place.place_id, cuts[0], cuts[-1])
            self._temperatures[key] = await asyncio.to_thread(daily_c, told)
        return self._temperatures[key]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """One utility of a building, and what it used today."""

    points: Sequence[ServicePoint]
    today: SoFar

    @property
    def is_comparable(self) -> bool:
        """Tell whether all of today up to some hour is known."""
        return self.today.until is not None and not self.today.missing_h

    @property
    def key(self) -> Hashable:
        return (
            tuple(one.service_point_id for one in self.points),
            tuple(self.today.clock_hours),
        )


def _by_utility(points: Sequence[ServicePoint]) -> list[list[ServicePoint]]:
    utilities = dict.fromkeys(one.type.utility for one in points)
    return [[one for one in points if one.type.utility == utility] for utility in utilities]


def _usual(
    asked: _Asked,
    alike: Candidates,
    cuts: Mapping[date, Sequence[datetime]],
    known: Mapping[str, Mapping[datetime, Figure]],
) -> Usual | None:
    days = {
        day: total([intervals(at, known[one.service_point_id]) for one in asked.points], at)
        for day, at in cuts.items()
    }
    return usual(alike, days, asked.today.clock_hours)


def _reason(today: SoFar, found: Usual | None) -> Reason | None:
    if today.until is None:
        return "nothing_today"
    if today.missing_h:
        return "hours_missing_today"
    return None if found is not None else "too_few_days"
