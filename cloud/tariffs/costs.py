# SPDX-License-Identifier: EUPL-1.2
"""Costs: what was used at service points, at the prices that applied there.

Use is priced by the hour where prices depend on the time of day or hours are asked for, else by
the day; hours are kept for years, days for longer (settings), and what is kept no more has no cost.
Standing charges run up to today: tomorrow's isn't due yet.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cloud.kit.auth.rights import Principal
from cloud.kit.auth.sight import Sight
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import ZONE
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_premises, one_service_point, visible_points
from cloud.readings.models import IntervalUsage
from cloud.readings.service import EARLIEST, NOT_USED, Span, is_final, main_points, usage
from cloud.readings.usage import DAY, HOUR, boundaries
from cloud.tariffs.book import PriceBook
from cloud.tariffs.losses import Loss, cost_of
from cloud.tariffs.models import Period, Use
from cloud.tariffs.pricing import Bill, IntervalPricing, bill

MAX_DAYS_BY_HOUR = 3 * 366  # hours are kept no longer unless the settings say so


@dataclass(frozen=True, kw_only=True)
class Reckoned:
    """What a service point paid over a span: ``uses`` of hours or days, by ``periods``."""

    point: ServicePoint
    periods: Sequence[Period]
    uses: Sequence[Use]
    bill: Bill
    is_final: bool

    @property
    def is_assumed(self) -> bool:
        """Tell whether nobody said which tariff it has."""
        return any(one.is_assumed for one in self.periods)

    @property
    def has_price(self) -> bool:
        """Tell whether any of it has a price at all."""
        return any(one.version is not None for one in self.periods)

    @property
    def usage(self) -> int | None:
        """What was used, in the reading type's unit; None where nothing is known."""
        known = [one.amount for one in self.uses if one.amount is not None]
        return sum(known) if known else None

    @property
    def leaves_out(self) -> list[tuple[str, str]]:
        """What isn't in the prices though it is on a bill, in Bulgarian and English."""
        said = [
            (one.version.leaves_out_bg or "", one.version.leaves_out_en or "")
            for one in self.periods
            if one.version is not None and one.version.leaves_out_en is not None
        ]
        return list(dict.fromkeys(said))


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a service point has used so far, and what it pays over a span that may lie ahead.

    ``periods`` are those of the whole span; ``days`` are local days up to and with today, ``hours``
    the last weeks' up to the running one, both as far as the caller sees them.
    """

    point: ServicePoint
    periods: Sequence[Period]
    days: Sequence[IntervalUsage]
    hours: Sequence[IntervalUsage]
    so_far: Reckoned


@dataclass(frozen=True, kw_only=True)
class PricedInterval:
    """The usage of an interval and what it costs, standing charges and VAT included."""

    usage: IntervalUsage
    cost_eur: Decimal | None


class Costs:
    """What use costs, for callers who may see it."""

    def __init__(self, database: Database, clock: Clock, book: PriceBook) -> None:
        self._database = database
        self._clock = clock
        self._book = book

    async def of_losses(
        self, connection: Connection, losses: Sequence[Loss]
    ) -> list[Decimal | None]:
        """Return about what each of these losses costs, VAT included; None without any price."""
        utilities = {one.service_point_id: one.utility for one in losses}
        timelines = await self._book.timelines(connection, utilities) if losses else {}
        return [cost_of(one, timelines[one.service_point_id]) for one in losses]

    async def of_point(
        self, caller: Principal, service_point_id: str, span: Span
    ) -> tuple[Reckoned, list[PricedInterval]]:
        """Return what a service point's use costs in all, and by each of the span's intervals."""
        cuts = span.cuts()
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            [reckoned] = await self._reckoned(
                connection, caller, [point], span.first, span.end, by_hour=span.resolution == HOUR
            )
            usages = await usage(connection, [point], cuts, span.resolution)
        priced = await asyncio.to_thread(_intervals, reckoned, usages[service_point_id])
        return reckoned, priced

    async def of_premises(
        self, caller: Principal, premises_id: str, utility: str | None, first: date, end: date
    ) -> list[Reckoned]:
        """Return what each main service point of a building cost; of one utility, or of all."""
        Span(resolution=DAY, first=first, end=end).cuts()
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            points = [
                point
                for point in main_points(await visible_points(connection, [premises_id], caller))
                if utility in (None, point.type.utility)
            ]
            return await self._reckoned(connection, caller, points, first, end)

    async def courses(
        self, caller: Principal, premises_id: str, first: date, end: date, *, days: int, hours: int
    ) -> list[Course]:
        """Return how each main service point of a building goes, and pays over [first, end).

        ``days`` and ``hours``: how much of the past is wanted, as far as it is kept.
        """
        Span(resolution=DAY, first=first, end=end).cuts()
        now = self._clock.now()
        today = now.astimezone(ZONE).date()
        day_cuts = boundaries(DAY, today - timedelta(days=days), today + timedelta(days=1), ZONE)
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        hour_cuts = [this_hour - timedelta(hours=back) for back in range(hours, -1, -1)]
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            points = [
                point
                for point in main_points(await visible_points(connection, [premises_id], caller))
                if point.reading_type not in NOT_USED
            ]
            reckoned = await self._reckoned(connection, caller, points, first, end)
            by_day = await usage(connection, points, day_cuts, DAY)
            by_hour = await usage(connection, points, hour_cuts, HOUR)
            timelines = await self._book.timelines(
                connection, {one.service_point_id: one.type.utility for one in points}
            )
        return [
            Course(
                point=one.point,
                periods=timelines[one.point.service_point_id].periods(
                    min(max(first, seen_from(caller, one.point)), end), end
                ),
                days=by_day[one.point.service_point_id],
                hours=by_hour[one.point.service_point_id],
                so_far=one,
            )
            for one in reckoned
        ]

    async def _reckoned(
        self,
        connection: Connection,
        caller: Principal,
        points: Sequence[ServicePoint],
        first: date,
        end: date,
        *,
        by_hour: bool = False,
    ) -> list[Reckoned]:
        end = max(min(end, self._clock.now().astimezone(ZONE).date() + timedelta(days=1)), first)
        utilities = {
            one.service_point_id: one.type.utility
            for one in points
            if one.reading_type not in NOT_USED
        }
        timelines = await self._book.timelines(connection, utilities)
        found = []
        for point in points:
            begin = min(max(first, seen_from(caller, point)), end)
            timeline = timelines.get(point.service_point_id)
            periods = timeline.periods(begin, end) if timeline else []
            is_banded = any(one.version and one.version.has_bands for one in periods)
            resolution = HOUR if by_hour or is_banded else DAY
            # asked first: what is reviewed in between is in the usage, not the other way round
            final = await is_final(connection, [point], resolution)
            uses = await _uses(connection, point, periods, begin, end, resolution)
            made = await asyncio.to_thread(bill, point.type.utility, uses, periods)
            found.append(
                Reckoned(point=point, periods=periods, uses=uses, bill=made, is_final=final)
            )
        return found


def seen_from(caller: Principal, point: ServicePoint) -> date:
    """Return the local day from which on a caller's use and costs begin: a tenant's moving in.

    The database shows no usage before it; standing charges are somebody else's, too.
    """
    since = Sight.of(caller).since(point.premises_id, point.service_point_id)
    return EARLIEST if since is None else since.astimezone(ZONE).date()


async def _uses(
    connection: Connection,
    point: ServicePoint,
    periods: Sequence[Period],
    first: date,
    end: date,
    resolution: str,
) -> list[Use]:
    """Return what was used over the local days [first, end), by hour or by day."""
    if first >= end:
        return []
    if resolution == HOUR and (end - first).days > MAX_DAYS_BY_HOUR:
        raise InvalidRequestError(
            f"{(end - first).days} days are too many where prices depend on the time of day; ask"
            f" for at most {MAX_DAYS_BY_HOUR}."
        )
    has_blocks = any(one.version and one.version.has_blocks for one in periods)
    since = first.replace(day=1) if has_blocks else first
    cuts = boundaries(resolution, since, end, ZONE)
    known = await usage(connection, [point], cuts, resolution)
    begin = boundaries(DAY, first, first, ZONE)[0]
    return [one for one in _counted(known[point.service_point_id]) if one.start >= begin]


def _counted(usages: Sequence[IntervalUsage]) -> list[Use]:
    """Return uses with what their local month had used before each."""
    found = []
    month, so_far = None, 0
    for one in usages:
        local = one.start.astimezone(ZONE)
        if (local.year, local.month) != month:
            month, so_far = (local.year, local.month), 0
        found.append(
            Use(start=one.start, end=one.end, amount=one.usage, quality=one.quality, before=so_far)
        )
        so_far += one.usage or 0
    return found


def _intervals(reckoned: Reckoned, usages: Sequence[IntervalUsage]) -> list[PricedInterval]:
    """Return the cost of each interval, from the finer uses that lie in it."""
    pricing = IntervalPricing(reckoned.point.type.utility, reckoned.periods)
    uses = iter(reckoned.uses)
    use = next(uses, None)
    found = []
    for one in usages:
        within = []
        while use is not None and use.start < one.end:
            within.append(use)
            use = next(uses, None)
        found.append(PricedInterval(usage=one, cost_eur=pricing.cost(within)))
    return found


def month_of(text: str) -> tuple[date, date]:
    """Return the first day of the month "2026-10" and that of the month after."""
    first = date.fromisoformat(f"{text}-01")
    return first, (first + timedelta(days=31)).replace(day=1)
