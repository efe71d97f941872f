# SPDX-License-Identifier: EUPL-1.2
"""Weather on the grid that forecasts run on: what was known of a place, and for how sure.

What was observed by then; then the newest forecast that was out by then; then what the same days of
earlier years were like at the place, a guess that is better than none. Each hour says which.
"""

import asyncio
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from cloud.demand.history import schemas
from cloud.demand.history.models import Series
from cloud.demand.series import COLUMNS, Floats, Hours, Ints, Weather
from cloud.kit.database import Database
from cloud.kit.schemas import Name
from cloud.premises.service import all_premises_ids, premises_by_id
from cloud.weather.models import Extent, Place, Resolution
from cloud.weather.models import Weather as Known

UNKNOWN, OBSERVED, ESTIMATED, FORECAST, CLIMATOLOGY = range(5)
NAMES = ("unknown", "observed", "estimated", "forecast", "climatology")
MADE = ("holiday", "supply_precipitation_mm")  # not of the place itself
MEASURED = tuple(name for name in COLUMNS if name not in MADE)
EARLIER_YEARS = 5
AROUND_D = 7  # days before and after, so that a year's one storm is no climate
YEAR_D = 365.2425
LEAST_TOLD = 10  # hours of earlier years, of 75 at most
HOLIDAYS_OF = "BG"


class Source(Protocol):
    """What knows the weather: ``cloud.weather.service`` brings it."""

    async def hours(
        self, place_id: str, since: datetime, until: datetime, known_at: datetime | None = None
    ) -> Known:
        """Return the hours that begin in [since, until), as known at ``known_at``."""

    async def nearest(self, latitude: float, longitude: float) -> Place | None:
        """Return the place with weather that is nearest."""

    async def places(self) -> list[Place]:
        """Return all places."""

    async def extents(self) -> dict[str, list[Extent]]:
        """Return from when to when each place was observed that was."""

    async def counts(self, place_id: str, resolution: Resolution) -> dict[str, int]:
        """Return of how many steps each column of a place was observed."""


@dataclass(frozen=True, kw_only=True)
class Weathered:
    """The weather of a place on a grid.

    Attributes:
        place_id: None where there is no place with weather at all; then nothing is known.
        origins: (hours,): which of ``NAMES`` each hour's temperature is.
        newest: when the newest of what was told became known; None where nothing was.
    """

    place_id: str | None
    weather: Weather
    origins: Ints
    newest: datetime | None = None

    @property
    def shares(self) -> Mapping[str, float]:
        """How much of the hours is of which origin, by name; 0 to 1."""
        counts = np.bincount(self.origins, minlength=len(NAMES))
        return {
            name: float(count) / max(1, len(self.origins))
            for name, count in zip(NAMES, counts, strict=True)
        }


class Weathering:
    """Tells the weather of a series or a place, as it was known when a forecast is issued."""

    def __init__(self, database: Database, source: Source) -> None:
        self._database = database
        self._source = source

    async def weather(
        self, of: Series | str, hours: Hours, known_at: datetime | None = None
    ) -> Weathered:
        """Return the weather over ``hours`` for a series, or at the place with this id."""
        place_id = of if isinstance(of, str) else await self.place_of(of)
        holidays = await self.holidays(hours)
        if place_id is None:
            return Weathered(
                place_id=None,
                weather=Weather(hours=hours, columns=holidays),
                origins=np.zeros(hours.count, np.int64),
            )
        known = await self._source.hours(place_id, hours.start, hours.end, known_at)
        columns = {name: np.array(known.get(name)) for name in MEASURED}
        origins = _origins(known)
        lacking = ~np.isfinite(columns["temperature_c"])
        if lacking.any():
            usual = await self._climatology(place_id, hours, lacking, known_at)
            for name, told in usual.items():
                fits = lacking & ~np.isfinite(columns[name]) & np.isfinite(told)
                columns[name][fits] = told[fits]
            origins[lacking & np.isfinite(columns["temperature_c"])] = CLIMATOLOGY
        return Weathered(
            place_id=place_id,
            weather=Weather(hours=hours, columns=columns | holidays),
            origins=origins,
            newest=known.newest,
        )

    async def holidays(self, hours: Hours) -> dict[str, Floats]:
        """Return the column of holidays; none where the package ``holidays`` isn't there."""
        if not importlib.util.find_spec("holidays"):
            return {}
        return {"holiday": await asyncio.to_thread(holiday, hours)}  # of decades it takes a while

    async def place_of(self, series: Series) -> str | None:
        """Return whose weather a series goes by: its own place, else the nearest with weather.

        Of a district or the city it is the nearest to the middle of its buildings.
        """
        if series.place_id is not None:
            return series.place_id
        async with self._database.transaction(as_system=True) as connection:
            wanted = [series.premises_id] if series.premises_id else None
            ids = wanted or await all_premises_ids(connection)
            found = (await premises_by_id(connection, ids)).values()
        here = [one for one in found if series.district in (None, one.district)] or list(found)
        if not here:
            return min(await self._source.extents(), default=None)
        near = await self._source.nearest(
            float(np.mean([one.latitude for one in here])),
            float(np.mean([one.longitude for one in here])),
        )
        return near.place_id if near else None

    async def _climatology(
        self, place_id: str, hours: Hours, lacking: Floats, known_at: datetime | None
    ) -> dict[str, Floats]:
        """Return the mean of the same hours in earlier years, over the days around them."""
        places = np.flatnonzero(lacking)
        first, last = int(places[0]), int(places[-1]) + 1
        sums = {name: np.zeros(hours.count) for name in MEASURED}
        counts = {name: np.zeros(hours.count) for name in MEASURED}
        reach_h = AROUND_D * 24
        for years in range(1, EARLIER_YEARS + 1):
            back = timedelta(days=round(years * YEAR_D))
            since, until = hours.at(first - reach_h) - back, hours.at(last + reach_h) - back
            told = await self._source.hours(place_id, since, until, known_at)
            for name in MEASURED:
                column = told.get(name)
                for day in range(2 * AROUND_D + 1):
                    part = column[day * 24 : day * 24 + last - first]
                    known = np.isfinite(part)
                    sums[name][first:last][known] += part[known]
                    counts[name][first:last][known] += 1
        return {
            name: np.where(
                counts[name] >= LEAST_TOLD, sums[name] / np.maximum(counts[name], 1), np.nan
            )
            for name in MEASURED
        }

    async def datasets(self) -> list[schemas.Dataset]:
        """Return the data sets of weather: of each place what was observed."""
        extents = await self._source.extents()
        return [
            _dataset(place, [await self._coverage(place, one) for one in extents[place.place_id]])
            for place in await self._source.places()
            if place.place_id in extents
        ]

    async def _coverage(self, place: Place, extent: Extent) -> schemas.Coverage:
        counts = await self._source.counts(place.place_id, extent.resolution)
        step = extent.resolution.step
        expected = (extent.last - extent.first) // step + 1
        return schemas.Coverage(
            resolution=extent.resolution.value,
            first=extent.first,
            until=extent.last + step,
            share=min(1.0, max(counts.values(), default=0) / max(1, expected)),
            years=[],
        )


def _origins(known: Known) -> Ints:
    temperature = known.get("temperature_c")
    origins = np.where(np.isfinite(temperature), OBSERVED, UNKNOWN)
    for masks, origin in ((known.estimated, ESTIMATED), (known.forecast, FORECAST)):
        mask = masks.get("temperature_c")
        if mask is not None:
            origins[mask & np.isfinite(temperature)] = origin
    return np.asarray(origins, dtype=np.int64)


def holiday(hours: Hours) -> Floats:
    """Return 1 in the hours of public holidays by the local calendar, 0 in others.

    Only where the package ``holidays`` is there, which forecasts need anyway.
    """
    import holidays

    dates = hours.dates()
    off = holidays.country_holidays(HOLIDAYS_OF, years=sorted({one.year for one in dates}))
    days, place = np.unique(hours.day, return_inverse=True)
    is_off = np.array([float(one in off) for one in dates]).reshape(len(days))
    return np.asarray(is_off[place], dtype=np.float64)


def _dataset(place: Place, coverage: list[schemas.Coverage]) -> schemas.Dataset:
    return schemas.Dataset(
        dataset_id=f"weather:{place.place_id}",
        kind="weather",
        name=Name(bg=place.name_bg, en=place.name_en),
        what="weather",
        level=place.kind,
        place=place.place_id,
        supplier_id=None,
        source=place.attribution or place.source,
        licence=place.licence,
        unit=None,
        coverage=coverage,
        expected_every_h=24.0 + place.delay_h if place.feed else None,
        age_h=None,
        is_late=None,
        findings=[],
    )
