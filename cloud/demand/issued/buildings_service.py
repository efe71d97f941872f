# SPDX-License-Identifier: EUPL-1.2
"""What a building is expected to use, for callers who see all of what it uses."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from cloud.demand.history.models import Series
from cloud.demand.history.service import DemandHistory
from cloud.demand.history.sight import seen_since
from cloud.demand.issued.expected_use import Rest, of_interval, rest
from cloud.demand.runs import repository
from cloud.demand.runs.repository import Run
from cloud.demand.series import Floats
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import ZONE
from cloud.premises.service import one_premises, visible_points
from cloud.readings.service import Span, main_points
from cloud.readings.usage import DAY, boundaries

MAX_DAYS = 62  # two months; each day that has begun has a forecast of its own


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What was expected of [start, end), and by which forecast; ``quantiles``: (levels,)."""

    start: datetime
    end: datetime
    quantiles: Floats
    run: Run


@dataclass(frozen=True, kw_only=True)
class ExpectedUse:
    """What is expected of a building's use, in its registers' unit; nothing where nobody knows.

    Attributes:
        newest: the forecast that tells what is still to come.
        intervals: those that a forecast reaches over, in order.
        rest: all that is still to come of the span.
    """

    newest: Run | None = None
    intervals: Sequence[Expectation] = ()
    rest: Rest | None = None


class BuildingForecasts:
    """The forecasts of buildings, beside what their charts show."""

    def __init__(self, database: Database, clock: Clock, history: DemandHistory) -> None:
        self._database = database
        self._clock = clock
        self._history = history

    async def expected(
        self, caller: Principal, premises_id: str, utility: str, span: Span
    ) -> ExpectedUse:
        """Return what is and was expected of each interval of a span, by local hours or days.

        An interval that has begun is told as it was expected before its day began, one to come by
        the newest forecast. Only of a series of exactly those service points that make up the
        building's use for this caller: a forecast of the whole tells on whom they may not see.
        """
        days = (span.end - span.first).days
        if days > MAX_DAYS:
            raise InvalidRequestError(f"{days} days are too many; ask for at most {MAX_DAYS}.")
        cuts, now = span.cuts(), self._clock.now()
        begun = [at for at in boundaries(DAY, span.first, span.end, ZONE)[:-1] if at <= now]
        found: dict[datetime, Run] = {}
        for series, per_unit in await self._series(caller, premises_id, utility):
            runs = await self._runs(caller, series, [*begun, now])
            if now in runs and (not found or found[now].issued_at < runs[now].issued_at):
                found = {at: _scaled(run, per_unit) for at, run in runs.items()}
        if not found:
            return ExpectedUse()
        return ExpectedUse(
            newest=found[now],
            intervals=list(_told(cuts, begun, found, now)),
            rest=rest(found[now], max(now, cuts[0]), cuts[-1]),
        )

    async def _series(
        self, caller: Principal, premises_id: str, utility: str
    ) -> list[tuple[Series, float]]:
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            seen = main_points(await visible_points(connection, [premises_id], caller))
        points = {one.service_point_id for one in seen if one.type.utility == utility}
        return await self._history.summing(caller, premises_id, points) if points else []

    async def _runs(
        self, caller: Principal, series: Series, cuts: Sequence[datetime]
    ) -> dict[datetime, Run]:
        """Return the newest forecast of a series up to each instant, of those that are theirs."""
        since = seen_since(caller, series)
        async with self._database.transaction(as_system=True) as connection:
            runs = await repository.newest_at(connection, series.series_id, cuts)
        # What was forecast before somebody moved in tells the habits of who lived there then.
        return {at: run for at, run in runs.items() if since is None or run.issued_at >= since}


def _told(
    cuts: Sequence[datetime],
    begun: Sequence[datetime],
    runs: Mapping[datetime, Run],
    now: datetime,
) -> Iterator[Expectation]:
    for start, end in pairwise(cuts):
        at = now if start > now else begun[bisect_right(begun, start) - 1]
        quantiles = of_interval(runs[at], start, end) if at in runs else None
        if quantiles is not None:
            yield Expectation(start=start, end=end, quantiles=quantiles, run=runs[at])


def _scaled(run: Run, per_unit: float) -> Run:
    """Return a forecast in the unit of which so many make one of its own."""
    sums = None if run.sums is None else run.sums * per_unit
    return replace(run, quantiles=run.quantiles * per_unit, sums=sums, peaks=None)
