# SPDX-License-Identifier: EUPL-1.2
"""What can be asked of readings: usage, the readings themselves, the ledger, the quarantine."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from cloud.kit.auth.rights import Principal
from cloud.kit.database import Connection, Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import ZONE, is_behind
from cloud.meters.models import Installation
from cloud.meters.service import installations_at
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_premises, one_service_point, visible_points
from cloud.readings import (
    ledger_repository,
    news,
    quarantine_repository,
    repository,
    review_repository,
    usage_repository,
)
from cloud.readings.models import IntervalUsage
from cloud.readings.usage import (
    DAY,
    HOUR,
    MAX_GAP_S,
    MONTH,
    Figure,
    boundaries,
    intervals,
    total,
)
from wire import reading_types

EARLIEST = date(2000, 1, 1)
LATEST = date(2100, 1, 1)
MAX_INTERVALS = 10000  # over a year of hours

NOTHING = Figure(usage=0, covered_s=0, bits=0)

# What flows out of a building is not part of what it used.
NOT_USED = frozenset({reading_types.ELECTRICITY_EXPORT.name})


@dataclass(frozen=True, kw_only=True)
class Span:
    """Local days [first, end) in steps of ``resolution``."""

    resolution: str
    first: date
    end: date

    def cuts(self) -> list[datetime]:
        """Return the boundaries of the steps, or raise InvalidRequestError."""
        if not EARLIEST <= self.first < self.end <= LATEST:
            raise InvalidRequestError(
                f"From {self.first} to {self.end} is not a span of days between {EARLIEST} and"
                f" {LATEST}; the end is not included."
            )
        days = (self.end - self.first).days
        if days * (24 if self.resolution == HOUR else 1) > MAX_INTERVALS:
            raise InvalidRequestError(
                f"{days} days by {self.resolution} are too many; ask for at most {MAX_INTERVALS}"
                " intervals."
            )
        return boundaries(self.resolution, self.first, self.end, ZONE)


class Readings:
    """Usage and readings, for callers who may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def usage_of_point(
        self, caller: Principal, service_point_id: str, span: Span
    ) -> tuple[str, list[IntervalUsage], bool]:
        """Return the unit, the usage at a service point, and whether it is final."""
        cuts = span.cuts()
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            # asked first: what is reviewed in between is in the usage, not the other way round
            final = await is_final(connection, [point], span.resolution)
            usages = await usage(connection, [point], cuts, span.resolution)
        return point.type.unit, usages[service_point_id], final

    async def usage_of_premises(
        self, caller: Principal, premises_id: str, utility: str, span: Span
    ) -> tuple[str, list[IntervalUsage], bool]:
        """Return the unit, the usage of one utility in a building, and whether it is final."""
        cuts = span.cuts()
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            points = [
                point
                for point in main_points(await visible_points(connection, [premises_id], caller))
                if point.type.utility == utility
            ]
            final = await is_final(connection, points, span.resolution)
            usages = await usage(connection, points, cuts, span.resolution)
        return register_unit(utility), total(list(usages.values()), cuts), final

    async def readings_of_point(
        self,
        caller: Principal,
        service_point_id: str,
        *,
        since: datetime | None,
        until: datetime | None,
        after: tuple[datetime, int, int, int] | None,
        limit: int,
    ) -> tuple[ServicePoint, list[DictRow]]:
        """Return the service point and its readings in order."""
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            found = await repository.page_of_readings(
                connection,
                await installations_at(connection, [service_point_id]),
                since=since or datetime(2000, 1, 1, tzinfo=UTC),
                until=until or datetime(2100, 1, 1, tzinfo=UTC),
                after=after,
                limit=limit,
            )
        return point, found

    async def ledger(
        self,
        node_id: str,
        first_boot: int,
        after: tuple[datetime, int, int] | None,
        limit: int,
    ) -> list[DictRow]:
        """Return a page of what a node sent, without the boots before ``first_boot``."""
        async with self._database.transaction() as connection:
            return await ledger_repository.page_of_messages(
                connection, node_id, first_boot, after, limit
            )

    async def quarantine(self, after: int, limit: int) -> list[DictRow]:
        """Return a page of what was refused."""
        async with self._database.transaction() as connection:
            return await quarantine_repository.page_of_quarantine(connection, after, limit)

    async def findings(self, after: int, limit: int) -> list[DictRow]:
        """Return a page of integrity findings."""
        async with self._database.transaction() as connection:
            return await quarantine_repository.page_of_findings(connection, after, limit)


def register_unit(utility: str) -> str:
    """Return the unit that registers of a utility count in."""
    return next(
        one.unit
        for one in reading_types.ALL
        if one.utility == utility and one.kind == reading_types.REGISTER
    )


def main_points(points: Sequence[ServicePoint]) -> list[ServicePoint]:
    """Return the points that make up a building's use: no sub-meters, nothing that flows out.

    Of the points that a caller sees: a tenant's own meter counts where its main isn't seen.
    """
    seen = {(point.premises_id, point.service_point_id) for point in points}
    return [
        point
        for point in points
        if (point.premises_id, point.parent_service_point_id) not in seen
        and point.reading_type not in NOT_USED
    ]


async def usage(
    connection: Connection,
    points: Sequence[ServicePoint],
    cuts: Sequence[datetime],
    resolution: str,
) -> dict[str, list[IntervalUsage]]:
    """Return the usage at each of these service points between each two of ``cuts``."""
    known = await _figures(connection, points, cuts, resolution)
    return {point_id: intervals(cuts, figures) for point_id, figures in known.items()}


async def hours_at(
    connection: Connection, points: Sequence[ServicePoint], starts: Collection[datetime]
) -> dict[str, dict[datetime, Figure]]:
    """Return what is known of the hours with these starts at each of these service points."""
    installations = await installations_at(connection, [one.service_point_id for one in points])
    ids = [one.installation_id for one in installations]
    found = await usage_repository.hours_at(connection, ids, starts)
    return _by_point(points, installations, found)


async def _figures(
    connection: Connection,
    points: Sequence[ServicePoint],
    cuts: Sequence[datetime],
    resolution: str,
) -> dict[str, dict[datetime, Figure]]:
    """Return what is known of each service point's intervals, by their start."""
    installations = await installations_at(connection, [one.service_point_id for one in points])
    ids = [one.installation_id for one in installations]
    of_installation = await usage_repository.figures(connection, resolution, ids, cuts[0], cuts[-1])
    for start, end in _parts_of_months(resolution, cuts):
        days = await usage_repository.figures(connection, DAY, ids, start, end)
        for one in ids:
            of_installation[one].pop(start, None)
            if days[one]:
                of_installation[one][start] = sum(days[one].values(), NOTHING)
    return _by_point(points, installations, of_installation)


def _by_point(
    points: Sequence[ServicePoint],
    installations: Sequence[Installation],
    of_installation: Mapping[int, Mapping[datetime, Figure]],
) -> dict[str, dict[datetime, Figure]]:
    """Return the sum of what hung at each service point, by the starts of intervals."""
    known: dict[str, dict[datetime, Figure]] = {point.service_point_id: {} for point in points}
    for installation in installations:
        at_point = known[installation.service_point_id]
        for start, figure in of_installation[installation.installation_id].items():
            at_point[start] = at_point.get(start, NOTHING) + figure
    return known


def _parts_of_months(
    resolution: str, cuts: Sequence[datetime]
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the intervals that are months cut short by the span that was asked for."""
    if resolution == MONTH:
        ends = {(cuts[0], cuts[1]), (cuts[-2], cuts[-1])}
        yield from (pair for pair in ends if any(cut.astimezone(ZONE).day != 1 for cut in pair))


async def is_final(connection: Connection, points: Sequence[ServicePoint], resolution: str) -> bool:
    """Tell whether everything that came in for these service points is in their usage by now."""
    if resolution != HOUR and await is_behind(connection):
        return False
    installations = await installations_at(connection, [one.service_point_id for one in points])
    return not await review_repository.is_stale(
        connection, [one.installation_id for one in installations]
    )


async def usage_today(
    connection: Connection, points: Sequence[ServicePoint], now: datetime
) -> dict[str, IntervalUsage]:
    """Return what each service point has used since local midnight.

    Missing where more than MAX_GAP_S of the day so far isn't known; readings may be under way.
    """
    today = now.astimezone(ZONE).date()
    cuts = boundaries(DAY, today, today + timedelta(days=1), ZONE)
    known = await _figures(connection, points, cuts, DAY)
    so_far = [cuts[0], max(cuts[0], now - timedelta(seconds=MAX_GAP_S))]
    return {point_id: intervals(so_far, figures)[0] for point_id, figures in known.items()}


async def current_readings(
    connection: Connection, installations: Sequence[Installation]
) -> Mapping[int, Mapping[str, Any]]:
    """Return the newest register, and the newest rate beside it, of each of these installations.

    By installation_id: register, read_at, received_at and quality; rate, rate_type (a reading
    type's name), rate_read_at and rate_quality; None where there is none.
    """
    rates = {one.installation_id: news.rate_beside(one.obis) for one in installations}
    found = await repository.current(connection, installations, rates)
    return {
        fields["installation_id"]: {
            **fields,
            "rate_type": reading_types.parse(rates[fields["installation_id"]])[0].name,
        }
        for fields in found
    }


async def mark_stale(
    connection: Connection, node_id: str, obis: str, since: datetime, until: datetime
) -> None:
    """Have usage by one register of a node made anew, from ``since`` to ``until``, both included.

    To be called by whoever changes what readings mean: installations, exchanges, corrections.
    """
    await repository.add_stale_register(connection, node_id, obis, since, until)


async def highest_boot(connection: Connection, node_id: str) -> int:
    """Return the highest boot that a node ever told of, 0 for none."""
    return await ledger_repository.highest_boot(connection, node_id)
