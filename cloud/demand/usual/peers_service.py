# SPDX-License-Identifier: EUPL-1.2
"""A building's last month among those of all buildings of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cloud.demand.usual.kept import Kept
from cloud.demand.usual.peers import Per, Quartiles, Reason, per_of, quartiles, size_of
from cloud.kit.auth.rights import SEES_ALL, Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.hypertable import ZONE
from cloud.premises.models import Premises, ServicePoint
from cloud.premises.service import (
    one_premises,
    premises_by_id,
    service_points,
    visible_points,
    visible_premises,
)
from cloud.readings.kinds import month_of_kind
from cloud.readings.models import IntervalUsage
from cloud.readings.service import main_points, usage
from cloud.readings.usage import MONTH, boundaries, total
from wire import quality

FOR = timedelta(hours=1)
A_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One utility of a building: its month per household or m², and that of its kind.

    ``buildings``: how many the quartiles are of. ``reason``: why there are none.
    """

    utility: str
    unit: str
    own: float | None
    bits: int
    quartiles: Quartiles | None
    buildings: int | None
    reason: Reason | None


@dataclass(frozen=True, kw_only=True)
class Peers:
    """A building's last whole month, from ``first`` on."""

    first: date
    kind: str
    per: Per
    standings: Sequence[Standing]


class PeerBuildings:
    """Compares buildings with their kind; ``at_least`` others that the caller doesn't see."""

    def __init__(self, database: Database, clock: Clock, at_least: int) -> None:
        self._database = database
        self._clock = clock
        self.at_least = at_least
        self._amounts: Kept[dict[str, float]] = Kept(clock, FOR)

    async def of_premises(self, caller: Principal, premises_id: str) -> Peers:
        """Return how a building stands, or raise NotFoundError."""
        today = self._clock.now().astimezone(ZONE).date()
        end = today.replace(day=1)
        first = (end - A_DAY).replace(day=1)
        cuts = boundaries(MONTH, first, end, ZONE)
        async with self._database.transaction() as connection:
            building = await one_premises(connection, premises_id, caller)
            seen = main_points(await visible_points(connection, [premises_id], caller))
            months = await usage(connection, seen, cuts, MONTH)
            buildings = await visible_premises(connection, caller)
        theirs = set() if caller.role in SEES_ALL else {one.premises_id for one in buildings}
        async with self._database.transaction(as_system=True) as connection:
            every = main_points(await service_points(connection, [premises_id]))
            standings = []
            for utility in dict.fromkeys(one.type.utility for one in seen):
                of = [one for one in seen if one.type.utility == utility]
                [month] = total([months[one.service_point_id] for one in of], cuts)
                reason = _reason(building, of, every, month)
                amounts = {}
                if reason is None:
                    amounts = await self._of_kind(connection, building.kind, utility, first, end)
                others = [one for one in amounts if one not in theirs and one != premises_id]
                if reason is None and len(others) < self.at_least:
                    reason = "too_few_buildings"
                told = quartiles(list(amounts.values())) if reason is None else None
                if reason is None and told is None:
                    reason = "too_uneven"
                is_own_known = reason not in ("part_of_building", "size_unknown", "month_unknown")
                standings.append(
                    Standing(
                        utility=utility,
                        unit=of[0].type.unit,
                        own=(month.usage or 0) / size_of(building) if is_own_known else None,
                        bits=month.quality,
                        quartiles=told,
                        buildings=len(amounts) if told is not None else None,
                        reason=reason,
                    )
                )
        return Peers(
            first=first, kind=building.kind, per=per_of(building.kind), standings=standings
        )

    async def _of_kind(
        self, connection: Connection, kind: str, utility: str, first: date, end: date
    ) -> dict[str, float]:
        """Return the month of every building of a kind per household or m², by building."""
        key = (kind, utility, first)
        if key not in self._amounts:
            used = await month_of_kind(connection, kind, utility, first, end)
            known = await premises_by_id(connection, list(used))
            sizes = {name: size_of(one) for name, one in known.items()}
            self._amounts[key] = {
                name: amount / sizes[name] for name, amount in used.items() if sizes[name]
            }
        return self._amounts[key]


def _reason(
    building: Premises,
    seen: Sequence[ServicePoint],
    every: Sequence[ServicePoint],
    month: IntervalUsage,
) -> Reason | None:
    """Return why a building's own month can't be compared, None if it can."""
    utility = seen[0].type.utility
    mains = {one.service_point_id for one in every if one.type.utility == utility}
    if mains != {one.service_point_id for one in seen}:
        return "part_of_building"
    if not size_of(building):
        return "size_unknown"
    if month.usage is None or month.quality & quality.MISSING:
        return "month_unknown"
    return None
