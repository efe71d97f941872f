# SPDX-License-Identifier: EUPL-1.2
"""The weather of places, as it was known at any time: recorded, read, and filled where it lacks."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import numpy as np
import polars as pl

from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import NotFoundError
from cloud.weather import assembly, filling, findings_repository, importing, repository
from cloud.weather.importing import Imported
from cloud.weather.models import (
    HOUR,
    Decision,
    Extent,
    Flag,
    Grid,
    Ints,
    Place,
    Resolution,
    Weather,
)
from cloud.weather.sources import Told

EARTH_RADIUS_KM = 6371.0
CHUNK_ROWS = 50_000
CHUNK_TIMEOUT_S = 120.0
# As long as an estimate learns how neighbours differ before what it is asked for.
LEARNING = timedelta(days=366)
# Weather further away says little of this place's; Sofia to Musala is 57 km.
MAX_NEIGHBOUR_KM = 100.0
MAX_NEIGHBOURS = 4
THINNED_SPAN = timedelta(days=31)
# Anybody may ask, and decades of hours take a second: who asks for them waits for others.
READ_AT_ONCE = 2

Progress = Callable[[Resolution, int, int], None]  # rows so far, of how many


class WeatherRecords:
    """All that was told of the weather."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._reading = asyncio.Semaphore(READ_AT_ONCE)

    async def places(self) -> list[Place]:
        """Return all places, by id."""
        async with self._database.transaction() as connection:
            return await repository.places(connection)

    async def place(self, place_id: str) -> Place:
        """Return a place, or raise NotFoundError."""
        async with self._database.transaction() as connection:
            return await _place(connection, place_id)

    async def put_place(self, place: Place) -> None:
        """Add a place, or change what is said of it."""
        async with self._database.transaction(as_system=True) as connection:
            await repository.put_place(connection, place)

    async def nearest(self, latitude: float, longitude: float) -> Place | None:
        """Return the place that is nearest on the map and has weather, or None."""
        observed = await self.extents()
        known = [one for one in await self.places() if one.place_id in observed]
        return min(known, key=partial(distance_km, latitude, longitude), default=None)

    async def extents(self) -> dict[str, list[Extent]]:
        """Return from when to when each place was observed that was."""
        async with self._database.transaction() as connection:
            found = await repository.extents(connection)
            places = await repository.places(connection)
        return {one.place_id: found[one.place_key] for one in places if one.place_key in found}

    async def counts(self, place_id: str, resolution: Resolution) -> dict[str, int]:
        """Return of how many steps each column of a place was observed."""
        async with self._database.transaction(CHUNK_TIMEOUT_S) as connection:
            place = await _place(connection, place_id)
            return await repository.counts(connection, place.place_key, resolution)

    async def take_in(
        self,
        place_id: str,
        told: Told,
        *,
        run_at: datetime | None = None,
        progress: Progress | None = None,
    ) -> Imported:
        """Record what a source told of a place; forecasts as those of the run at ``run_at``.

        In parts, each in a transaction of its own: a part that failed is done by doing it again.
        """
        place = await self.place(place_id)
        now = self._clock.now()
        if told.is_forecast:
            rows, notes = told.rows, dict(told.notes)
            if "known_at" not in rows.columns:
                at = pl.lit(run_at or now).cast(rows["at"].dtype)
                rows = rows.unique("at", keep="last").with_columns(known_at=at)
        else:
            rows, notes = importing.observations(told, place.delay_h * HOUR, now)
        spans: importing.Spans = {}
        if not told.is_forecast:
            async with self._database.transaction(as_system=True) as connection:
                spans = await repository.spans(connection, place.place_key, told.resolution)
        added = corrected = 0
        for first in range(0, len(rows), CHUNK_ROWS):
            part = rows[first : first + CHUNK_ROWS]
            async with self._database.transaction(CHUNK_TIMEOUT_S, as_system=True) as connection:
                new, other = await _recorded(connection, place, told, part, spans, now)
            added += new
            corrected += other
            if progress is not None:
                progress(told.resolution, first + len(part), len(rows))
        return Imported(
            resolution=told.resolution,
            read=len(told.rows),
            added=added,
            corrected=corrected,
            notes=notes,
        )

    async def hours(
        self,
        place_id: str,
        since: datetime,
        until: datetime,
        known_at: datetime | None = None,
        *,
        fill: bool = True,
    ) -> Weather:
        """Return the hours that begin in [since, until), as known at ``known_at`` (now for None).

        Observations, else the last run's forecast by then; with ``fill`` gaps before the last
        observation are estimated from the hours around them and from neighbours.
        """
        grid = Grid.between(Resolution.HOUR, since, until)
        return await self._on(place_id, grid, known_at, fill=fill)

    async def days(
        self,
        place_id: str,
        first: date,
        end: date,
        known_at: datetime | None = None,
        *,
        fill: bool = True,
    ) -> Weather:
        """Return the days of the place's calendar from ``first`` to before ``end``.

        As told by day, else made of its hours, else the last run's forecast, else estimated.
        """
        since, until = (datetime(one.year, one.month, one.day, tzinfo=UTC) for one in (first, end))
        grid = Grid.between(Resolution.DAY, since, until)
        return await self._on(place_id, grid, known_at, fill=fill)

    async def decide(self, place_id: str, decision: Decision, decided_by: str) -> int:
        """Record how a column is to be read from now on, and return the decision's id."""
        decision = replace(decision, decided_at=self._clock.now())
        async with self._database.transaction(as_system=True) as connection:
            place = await _place(connection, place_id)
            return await findings_repository.decide(
                connection, place.place_key, decision, decided_by
            )

    async def withdraw(self, decision_id: int, withdrawn_by: str) -> bool:
        """Let a decision count no more; tell whether it did."""
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            return await findings_repository.withdraw(connection, decision_id, withdrawn_by, now)

    async def decisions(self, place_id: str) -> list[Decision]:
        """Return the decisions that count."""
        async with self._database.transaction() as connection:
            place = await _place(connection, place_id)
            found = await findings_repository.decisions(connection, [place.place_key], None)
        return found.get(place.place_key, [])

    async def flags(
        self, place_id: str, resolution: Resolution, since: datetime, until: datetime
    ) -> list[Flag]:
        """Return what the last check found in [since, until)."""
        async with self._database.transaction() as connection:
            place = await _place(connection, place_id)
            return await findings_repository.flags(
                connection, place.place_key, resolution, since, until
            )

    async def put_flags(self, place_id: str, resolution: Resolution, flags: Sequence[Flag]) -> None:
        """Keep what a check found, in the place of what the last one did."""
        async with self._database.transaction(CHUNK_TIMEOUT_S, as_system=True) as connection:
            place = await _place(connection, place_id)
            await findings_repository.put_flags(
                connection, place.place_key, resolution, flags, self._clock.now()
            )

    async def thin_runs(self, thinned: datetime, dropped: datetime) -> int:
        """Drop runs before ``dropped``, and before ``thinned`` all but each day's first.

        Runs that are a month older than ``thinned`` have been thinned already.
        """
        since = (thinned - THINNED_SPAN).replace(hour=0, minute=0, second=0, microsecond=0)
        async with self._database.transaction(CHUNK_TIMEOUT_S, as_system=True) as connection:
            return await repository.thin_runs(connection, since, thinned, dropped)

    async def neighbours(self, place: Place) -> list[Place]:
        """Return the nearest other places that have weather, at most four within 100 km."""
        observed = await self.extents()
        away = partial(distance_km, place.latitude, place.longitude)
        near = [
            one
            for one in await self.places()
            if one.place_id != place.place_id
            and one.place_id in observed
            and away(one) <= MAX_NEIGHBOUR_KM
        ]
        return sorted(near, key=away)[:MAX_NEIGHBOURS]

    async def told(
        self, place: Place, grid: Grid, known_at: datetime | None = None, *, as_decided: bool = True
    ) -> Weather:
        """Return what was told on a grid, without estimates; days also as hours make them."""
        async with self._database.transaction(CHUNK_TIMEOUT_S) as connection:
            found = await findings_repository.decisions(connection, [place.place_key], known_at)
            decisions = found.get(place.place_key, []) if as_decided else []
            weather = await _told(connection, place, grid, known_at, decisions)
            if grid.resolution is Resolution.DAY:
                weather = await _with_hours(connection, place, weather, known_at, decisions)
        return weather

    async def _on(
        self, place_id: str, grid: Grid, known_at: datetime | None, *, fill: bool
    ) -> Weather:
        place = await self.place(place_id)
        async with self._reading:
            return await self._read(place, grid, known_at, fill=fill)

    async def _read(
        self, place: Place, grid: Grid, known_at: datetime | None, *, fill: bool
    ) -> Weather:
        if not fill:
            return await self.told(place, grid, known_at)
        learning = LEARNING // grid.resolution.step
        wide = grid.wider(learning, 0)
        target = await self.told(place, wide, known_at)
        if not filling.lacks(target, learning):
            return filling.last(target, learning)
        others = [
            (one, await self.told(one, wide, known_at)) for one in await self.neighbours(place)
        ]
        filled = await asyncio.to_thread(filling.filled, place, target, others)
        return filling.last(filled, learning)


async def _place(connection: Connection, place_id: str) -> Place:
    found = await repository.place(connection, place_id)
    if found is None:
        raise NotFoundError("place", place_id)
    return found


async def _recorded(
    connection: Connection,
    place: Place,
    told: Told,
    part: pl.DataFrame,
    spans: importing.Spans,
    now: datetime,
) -> tuple[int, int]:
    """Write what of a part is new; return how many rows are, and how many cells say otherwise."""
    write = partial(
        repository.write, connection, place.place_key, told.resolution, is_forecast=told.is_forecast
    )
    if told.is_forecast or "known_at" in told.rows.columns:
        return await write(part), 0
    columns = told.columns
    first, last = part["at"].min(), part["at"].max()
    assert isinstance(first, datetime)  # noqa: S101 - parts aren't empty
    assert isinstance(last, datetime)  # noqa: S101
    standing = await repository.observed(
        connection, place.place_key, told.resolution, first, last + told.resolution.step, None
    )
    known = standing.group_by("at", maintain_order=True).agg(
        pl.col(name).drop_nulls().last() for name in columns
    )
    timely, late = importing.changes(part, known, spans, columns, now)
    added = 0
    for rows in (timely, late):
        if len(rows):
            added += await write(rows)
    return added, importing.cells(late, columns)


async def _told(
    connection: Connection,
    place: Place,
    grid: Grid,
    known_at: datetime | None,
    decisions: Sequence[Decision],
) -> Weather:
    margin = assembly.reach(decisions, grid.resolution)
    wide = grid.wider(margin, margin)
    span = (wide.start, wide.end, known_at)
    observed = await repository.observed(connection, place.place_key, grid.resolution, *span)
    runs = await repository.forecast(connection, place.place_key, grid.resolution, *span)
    columns = assembly.on_grid(observed, wide)
    assembly.decided(columns, wide, decisions)
    by_run = assembly.with_forecast(columns, assembly.on_grid(runs, wide))
    return Weather(
        grid=grid,
        columns=assembly.cut(columns, margin),
        forecast={name: where[margin : margin + grid.count] for name, where in by_run.items()},
        newest=assembly.newest(observed, runs),
    )


async def _with_hours(
    connection: Connection,
    place: Place,
    days: Weather,
    known_at: datetime | None,
    decisions: Sequence[Decision],
) -> Weather:
    """Return days, also those that hours make where no day was told."""
    around = Grid.between(
        Resolution.HOUR, days.grid.start - timedelta(days=1), days.grid.end + timedelta(days=1)
    )
    hours = await _told(connection, place, around, known_at, decisions)
    if all(np.isnan(column).all() for column in hours.columns.values()):
        return days
    offsets = await asyncio.to_thread(_offsets_h, place, around)
    made = await asyncio.to_thread(assembly.days_of_hours, hours, days.grid, offsets)
    by_run = {
        name: assembly.days_touched(where, days.grid, around, offsets)
        for name, where in hours.forecast.items()
    }
    columns, forecast = dict(days.columns), dict(days.forecast)
    nothing = np.zeros(days.grid.count, dtype=np.bool_)
    for name, column in made.items():
        # what was observed, by day or by hour, goes before what was only forecast
        of_run = by_run.get(name, nothing)
        lacks = np.isnan(columns[name]) | (forecast.get(name, nothing) & ~of_run)
        use = lacks & ~np.isnan(column)
        columns[name] = np.where(use, column, columns[name])
        forecast[name] = np.where(use, of_run, forecast.get(name, nothing))
    known = [one for one in (days.newest, hours.newest) if one is not None]
    return replace(
        days,
        columns=columns,
        forecast={name: where for name, where in forecast.items() if where.any()},
        newest=max(known, default=None),
    )


def _offsets_h(place: Place, hours: Grid) -> Ints:
    """Return what the place's days are ahead of UTC, in each hour."""
    utc = pl.datetime_range(hours.start, hours.end, HOUR, closed="left", eager=True)
    local = utc.dt.convert_time_zone(place.zone.key).dt.replace_time_zone("UTC")
    ahead_s = local.dt.epoch("s").to_numpy() - utc.dt.epoch("s").to_numpy()
    return np.asarray(ahead_s // 3600, dtype=np.int64)


def distance_km(latitude: float, longitude: float, place: Place) -> float:
    """Return the distance to a place along the ground (haversine)."""
    there, here = math.radians(place.latitude), math.radians(latitude)
    across = math.radians(place.longitude - longitude)
    chord = (
        math.sin((there - here) / 2) ** 2
        + math.cos(there) * math.cos(here) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(chord))
