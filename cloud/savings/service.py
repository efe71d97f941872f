# SPDX-License-Identifier: EUPL-1.2
"""Savings of buildings for callers who see what these use: nights, years, and what is worth doing.

All of it is of what the caller sees, from the day on that they see: the database shows no more.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain

from cloud.alerts.models import Alert
from cloud.alerts.service import Alerts
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.hypertable import ZONE
from cloud.premises.models import Premises, ServicePoint
from cloud.premises.service import one_premises, visible_points
from cloud.readings.service import hours_at, main_points
from cloud.readings.usage import Figure, intervals
from cloud.savings import actions
from cloud.savings.actions import Action
from cloud.savings.budgets import Budgets, Month
from cloud.savings.comparing import Comparing, Years
from cloud.savings.nights import NIGHTS, Standing, best_of, hours_of_night, standing_use
from cloud.savings.years import Compared
from cloud.tariffs.costs import Costs
from cloud.tariffs.losses import Loss

STANDING_UTILITIES = ("electricity", "water")  # boilers for gas and heat run at night in winter
SPANS_BEFORE = 5  # of four weeks each: half a year with the newest
NIGHTS_KNOWN = (SPANS_BEFORE + 1) * NIGHTS
A_DAY, A_HOUR = timedelta(days=1), timedelta(hours=1)
ML_PER_L = 1000
A_YEAR_IN_SPANS = Decimal(365) / NIGHTS
CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Night:
    """What runs at night at a service point, and what that costs in a year at present prices.

    ``best`` are the four weeks of the last half year that stood lowest; None where none is known.
    """

    point: ServicePoint
    standing: Standing
    best: Standing | None
    euro_a_year: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Saving:
    """What there is to save in a building, as its caller sees it."""

    month: Month
    nights: list[Night]
    years: list[Years]
    actions: list[Action]


class Savings:
    """What there is to save in buildings."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        costs: Costs,
        alerts: Alerts,
        budgets: Budgets,
        comparing: Comparing,
    ) -> None:
        self._database = database
        self._clock = clock
        self._costs = costs
        self._alerts = alerts
        self._budgets = budgets
        self._comparing = comparing

    async def of_premises(self, caller: Principal, premises_id: str) -> Saving:
        """Return what there is to save; years may still be under way."""
        month = await self._budgets.this_month(caller, premises_id)
        async with self._database.transaction() as connection:
            building = await one_premises(connection, premises_id, caller)
            seen = await visible_points(connection, [premises_id], caller)
            points = main_points(seen)
            nights = await self._nights(connection, points)
            alerts = await self._open_alerts(connection, building, seen)
        years = self._comparing.of_points(caller, building, points)
        async with self._database.transaction() as connection:
            costs = await self._costs_of_years(connection, years)
        return Saving(
            month=month,
            nights=nights,
            years=years,
            actions=_actions(month, nights, years, costs, alerts),
        )

    async def _nights(self, connection: Connection, points: Sequence[ServicePoint]) -> list[Night]:
        wanted = [one for one in points if one.type.utility in STANDING_UTILITIES]
        if not wanted:
            return []
        today = self._clock.now().astimezone(ZONE).date()
        nights = [hours_of_night(today - back * A_DAY) for back in range(1, NIGHTS_KNOWN + 1)]
        # of half a year only these hours: all of them would hold up other callers
        known = await hours_at(connection, wanted, [*chain.from_iterable(nights)])
        stood = await asyncio.to_thread(_stood, known, nights, today)
        losses = [
            _loss(one, (stood[one.service_point_id][0].per_h or 0) * NIGHTS * 24, NIGHTS, today)
            for one in wanted
        ]
        costs = await self._costs.of_losses(connection, losses)
        return [
            Night(
                point=one,
                standing=stood[one.service_point_id][0],
                best=stood[one.service_point_id][1],
                euro_a_year=None
                if cost is None or stood[one.service_point_id][0].per_h is None
                else (cost * A_YEAR_IN_SPANS).quantize(CENT),
            )
            for one, cost in zip(wanted, costs, strict=True)
        ]

    async def _open_alerts(
        self, connection: Connection, building: Premises, seen: Sequence[ServicePoint]
    ) -> list[Alert]:
        ids = {one.service_point_id for one in seen}
        found = await self._alerts.still_open(connection, [building.premises_id])
        return [one for one in found if one.service_point_id in ids and one.label is None]

    async def _costs_of_years(
        self, connection: Connection, years: Sequence[Years]
    ) -> dict[str, Decimal | None]:
        """Return what the last year's use cost, without standing charges, where it rose."""
        rose = [
            (one, one.told.now)
            for one in years
            if isinstance(one.told, Compared) and one.told.by_rest.low > 0
        ]
        losses = [_loss(one.point, now, (one.end - one.first).days, one.end) for one, now in rose]
        costs = await self._costs.of_losses(connection, losses)
        return {
            one.point.service_point_id: cost for (one, _), cost in zip(rose, costs, strict=True)
        }


def _stood(
    known: Mapping[str, Mapping[datetime, Figure]],
    nights: Sequence[Sequence[datetime]],
    today: date,
) -> dict[str, tuple[Standing, Standing | None]]:
    """Return by point what stood in the last four weeks, and in the best ones of those before."""
    found = {}
    for point, figures in known.items():
        hours = [
            hour for starts in nights for hour in intervals([*starts, starts[-1] + A_HOUR], figures)
        ]
        best = best_of(hours, today - NIGHTS * A_DAY, SPANS_BEFORE)
        found[point] = standing_use(hours, today), best
    return found


def _loss(point: ServicePoint, amount: float, days: int, end: date) -> Loss:
    """Return an amount in the reading type's unit as if it ran off over the days before ``end``."""
    until = datetime(end.year, end.month, end.day, tzinfo=ZONE)
    return Loss(
        service_point_id=point.service_point_id,
        utility=point.type.utility,
        amount=round(amount / ML_PER_L if point.type.unit == "ml" else amount),
        started_at=(until - days * A_DAY).astimezone(UTC),
        until=until.astimezone(UTC),
    )


def _actions(
    month: Month,
    nights: Sequence[Night],
    years: Sequence[Years],
    costs: Mapping[str, Decimal | None],
    alerts: Sequence[Alert],
) -> list[Action]:
    """Return what is worth doing; what leaks at night counts as the leak that it is."""
    found = [actions.of_alert(one) for one in alerts]
    leaking = {one.service_point_id for one in found if one.kind == "leak"}
    for night in nights:
        if night.point.service_point_id not in leaking:
            found += _some(
                actions.of_standing(night.point, night.standing, night.best, night.euro_a_year)
            )
    for one in years:
        if isinstance(one.told, Compared):
            cost = costs.get(one.point.service_point_id)
            found += _some(actions.of_years(one.point, one.told, one.first, one.end, cost))
    for outlook in month.outlooks:
        found += _some(actions.of_budget(outlook, month.first, month.end))
    return actions.ranked(found)


def _some(action: Action | None) -> list[Action]:
    return [] if action is None else [action]
