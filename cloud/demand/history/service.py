# SPDX-License-Identifier: EUPL-1.2
"""History: which series of use there are, who sees them, and what was used, as it was known when.

A series of Iskar's own is summed from the meters' hours whenever it is asked for, so that it is
never older than they are; an imported one is what its utility brought, the latest word first.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from cloud.demand.history import repository
from cloud.demand.history.coverage import coverage
from cloud.demand.history.models import ISKAR, Intervals, Resolution, Series, Told
from cloud.demand.history.points import groups, per_unit
from cloud.demand.history.sight import check_hours, seen_since, sees
from cloud.demand.series import HOUR, Floats, Hours, Usage
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.auth.sight import Sight
from cloud.kit.database import Connection, Database
from cloud.kit.errors import NotFoundError
from cloud.kit.hypertable import ZONE
from cloud.meters.service import installations_at
from cloud.readings.sums import Group, hourly_sums

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
READ_TIMEOUT_S = 120  # of years of hours of all meters of a city
SINCE_EVER = datetime(1900, 1, 1, tzinfo=UTC)
FOR_EVER = datetime(2200, 1, 1, tzinfo=UTC)


class DemandHistory:
    """Series and their use; what a caller may not see isn't found."""

    def __init__(self, database: Database, at_least: int) -> None:
        self._database = database
        self._at_least = at_least

    async def series(self, caller: Principal) -> list[Series]:
        """Return the series that ``caller`` may see, by id."""
        async with self._database.transaction(as_system=True) as connection:
            found = await repository.all_series(connection)
            return await self._seen(connection, caller, found)

    async def one(self, caller: Principal, series_id: str) -> Series:
        """Return a series if ``caller`` may see it, or raise NotFoundError."""
        async with self._database.transaction(as_system=True) as connection:
            found = await repository.all_series(connection, [series_id])
            seen = await self._seen(connection, caller, found)
        if not seen:
            raise NotFoundError("series", series_id)
        return seen[0]

    async def _seen(
        self, connection: Connection, caller: Principal, found: Sequence[Series]
    ) -> list[Series]:
        if Sight.of(caller).sees_all:
            return list(found)
        summed = {}
        if caller.role in (Role.UTILITY, Role.MUNICIPALITY):
            summed = await groups(connection, [one for one in found if one.origin == ISKAR])
        seen = []
        for one in found:
            points = summed[one.series_id].points if one.series_id in summed else ()
            suppliers = {point.supplier_id for point in points}
            buildings = len({point.premises_id for point in points})
            if sees(caller, one, suppliers, buildings, self._at_least):
                seen.append(one)
        return seen

    async def single(self, caller: Principal, premises_id: str) -> list[tuple[Series, str, float]]:
        """Return the series of a building that are the use of one service point, and of which.

        With how many of the meter's units make one of the series'. Only those that are summed here
        and that ``caller`` may see.
        """
        return [
            (one, group.points[0].service_point_id, per_unit(group))
            for one, group in await self._of_premises(caller, premises_id)
            if len(group.points) == 1
        ]

    async def summing(
        self, caller: Principal, premises_id: str, service_point_ids: Collection[str]
    ) -> list[tuple[Series, float]]:
        """Return the series of a building that are the use of exactly these service points.

        With how many of the meter's units make one of the series'. Only those that are summed here
        and that ``caller`` may see.
        """
        return [
            (one, per_unit(group))
            for one, group in await self._of_premises(caller, premises_id)
            if {point.service_point_id for point in group.points} == set(service_point_ids)
        ]

    async def _of_premises(self, caller: Principal, premises_id: str) -> list[tuple[Series, Group]]:
        async with self._database.transaction(as_system=True) as connection:
            found = await repository.of_premises(connection, premises_id)
            summed = [one for one in found if one.origin == ISKAR]
            members = await groups(connection, summed)
            seen = await self._seen(connection, caller, summed)
        return [(one, members[one.series_id]) for one in seen]

    async def all(self, series_ids: Collection[str] | None = None) -> list[Series]:
        """Return these series, or all for None, whoever asks: for jobs, not for callers."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.all_series(connection, series_ids)

    async def named(self, series_ids: Sequence[str]) -> list[Series]:
        """Return these series in order, whoever asks, or raise NotFoundError."""
        known = {one.series_id: one for one in await self.all(series_ids)}
        missing = [name for name in series_ids if name not in known]
        if missing:
            raise NotFoundError("series", missing[0])
        return [known[name] for name in series_ids]

    async def usage(
        self,
        series_ids: Sequence[str],
        since: datetime,
        until: datetime,
        known_at: datetime | None = None,
    ) -> Usage:
        """Return the hours from ``since`` to ``until``, whoever asks: for jobs, not for callers.

        In each series' unit; NaN where nothing is known in full, or anything waits for review.
        With ``known_at`` it is what was known then; what has been told otherwise since of meters
        here isn't in it, since only their last word is kept.
        """
        hours = grid(since, until)
        async with self._database.transaction(READ_TIMEOUT_S, as_system=True) as connection:
            found = await repository.all_series(connection, series_ids)
            missing = set(series_ids) - {one.series_id for one in found}
            if missing:
                raise NotFoundError("series", min(missing))
            rows = await self._summed(
                connection, [one for one in found if one.origin == ISKAR], hours, known_at
            )
            brought = [one.series_id for one in found if one.origin != ISKAR]
            if brought:
                told = await repository.told(
                    connection, brought, "hour", hours.start, hours.end, known_at
                )
                rows |= {name: laid(told, name, hours) for name in brought}
        amounts = np.stack([rows[name] for name in series_ids]) if rows else None
        empty = np.empty((0, hours.count))
        return Usage(
            series_ids=tuple(series_ids), hours=hours, amounts=empty if amounts is None else amounts
        )

    async def _summed(
        self,
        connection: Connection,
        found: Sequence[Series],
        hours: Hours,
        known_at: datetime | None,
    ) -> dict[str, Floats]:
        if not found:
            return {}
        members = await groups(connection, found)
        sums = await hourly_sums(connection, members, hours.start, hours.end, known_at)
        return {name: one.amounts / per_unit(members[name]) for name, one in sums.items()}

    async def usage_seen(
        self,
        caller: Principal,
        series: Series,
        since: datetime,
        until: datetime,
        known_at: datetime | None = None,
    ) -> Usage:
        """Return the hours of a series that the caller sees, unknown before their own time.

        Raises:
            HoursNotToldError: the caller is a municipality, and these are sums over buildings.
        """
        check_hours(caller, series)
        told = await self.usage([series.series_id], since, until, known_at)
        begun = seen_since(caller, series)
        if begun is None:
            return told
        amounts = told.amounts.copy()
        amounts[:, : max(0, -((told.hours.start - begun) // HOUR))] = np.nan
        return replace(told, amounts=amounts)

    async def intervals_seen(
        self,
        caller: Principal,
        series: Series,
        resolution: Resolution,
        known_at: datetime | None = None,
    ) -> Intervals:
        """Return the days or months of a series that begin in the caller's own time."""
        told = await self.intervals(series.series_id, resolution, known_at)
        begun = seen_since(caller, series)
        kept = [at for at, start in enumerate(told.starts) if begun is None or start >= begun]
        return replace(told, starts=[told.starts[at] for at in kept], amounts=told.amounts[kept])

    async def intervals(
        self, series_id: str, resolution: Resolution, known_at: datetime | None = None
    ) -> Intervals:
        """Return all days or months that were brought for a series, whoever asks."""
        async with self._database.transaction(as_system=True) as connection:
            told = await repository.told(
                connection, [series_id], resolution, SINCE_EVER, FOR_EVER, known_at
            )
        last = latest(told)
        starts = sorted(last)
        return Intervals(
            resolution=resolution,
            starts=[EPOCH + timedelta(seconds=start) for start in starts],
            amounts=np.array([last[start] for start in starts], dtype=np.float64),
        )

    async def edition(self, series_id: str) -> int:
        """Return a number that grows whenever history is brought for a series; 0 for none."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.last_import(connection, series_id)

    async def count(self, series_id: str, until: datetime) -> None:
        """Keep what is known of a series up to ``until``, as the register tells it."""
        [one] = await self.named([series_id])
        async with self._database.transaction(as_system=True) as connection:
            span = await self._span(connection, one, until)
        coarse: tuple[Intervals, ...] = ()
        if one.origin != ISKAR:
            coarse = (
                await self.intervals(series_id, "day"),
                await self.intervals(series_id, "month"),
            )
        used = await self.usage([series_id], *(span or (until, until)))
        told = await asyncio.to_thread(coverage, used, coarse)
        async with self._database.transaction(as_system=True) as connection:
            await repository.put_coverage(connection, series_id, told)

    async def _span(
        self, connection: Connection, one: Series, until: datetime
    ) -> tuple[datetime, datetime] | None:
        if one.origin != ISKAR:
            brought = await repository.span(connection, one.series_id)
            return (brought[0], brought[1] + HOUR) if brought else None
        points = (await groups(connection, [one]))[one.series_id].points
        hung = await installations_at(connection, [point.service_point_id for point in points])
        begun = min((each.valid_from for each in hung), default=until)
        return (min(begun, until), until)


def grid(since: datetime, until: datetime) -> Hours:
    """Return the whole hours that hold [since, until), in the calendar of the city."""
    first, end = (since - EPOCH) // HOUR, -((EPOCH - until) // HOUR)
    return Hours(start=EPOCH + first * HOUR, count=max(0, end - first), zone=ZONE)


def laid(told: Iterable[Told], series_id: str, hours: Hours) -> Floats:
    """Return one series' hours on the grid; of each hour the latest word."""
    amounts = np.full(hours.count, np.nan)
    first_s = int(hours.start.timestamp())
    for one in told:
        if one.series_id == series_id:
            amounts[(one.start_s - first_s) // 3600] = one.amounts
    return amounts


def latest(told: Iterable[Told]) -> dict[int, float]:
    """Return the latest word of each interval, by its start in Unix s."""
    known: dict[int, float] = {}
    for one in told:
        known.update(zip(one.start_s.tolist(), one.amounts.tolist(), strict=True))
    return known
