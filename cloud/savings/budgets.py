# SPDX-License-Identifier: EUPL-1.2
"""Budgets of people for buildings that they see, and how the running month will end beside them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cloud.demand.bills.service import ExpectedBills
from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import NotFoundError
from cloud.kit.hypertable import ZONE
from cloud.premises.service import one_premises, visible_points
from cloud.readings.service import main_points
from cloud.savings import repository
from cloud.savings.models import Budget
from cloud.savings.outlook import Outlook, outlook
from cloud.tariffs.costs import month_of


@dataclass(frozen=True, kw_only=True)
class Month:
    """The running local month [first, end), somebody's budgets in it, and when they were warned."""

    first: date
    end: date
    outlooks: list[Outlook]
    warned_at: dict[str, datetime]


class Budgets:
    """What people want a building's utility to cost or use at most."""

    def __init__(self, database: Database, clock: Clock, bills: ExpectedBills) -> None:
        self._database = database
        self._clock = clock
        self._bills = bills

    async def put(
        self,
        caller: Principal,
        premises_id: str,
        utility: str,
        euro: Decimal | None,
        amount: int | None,
    ) -> Budget:
        """Set or change the caller's budget for a utility that the building has."""
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            points = main_points(await visible_points(connection, [premises_id], caller))
        if utility not in {one.type.utility for one in points}:
            raise NotFoundError("utility", utility)
        async with self._database.transaction(as_system=True) as connection:
            kept = await repository.put(
                connection, caller.owner, premises_id, utility, euro, amount, self._clock.now()
            )
            about = f"budget:{premises_id}/{utility}"
            await audit.record(
                connection,
                caller,
                "budget.put",
                about,
                premises_id=premises_id,
                personal={"euro": None if euro is None else str(euro), "amount": amount},
            )
        return kept

    async def delete(self, caller: Principal, premises_id: str, utility: str) -> None:
        """Forget the caller's budget, also of a building that they see no more.

        Harmless when repeated.
        """
        async with self._database.transaction(as_system=True) as connection:
            if await repository.delete(connection, caller.owner, premises_id, utility):
                about = f"budget:{premises_id}/{utility}"
                await audit.record(
                    connection, caller, "budget.deleted", about, premises_id=premises_id
                )
                return
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)

    async def this_month(self, caller: Principal, premises_id: str) -> Month:
        """Return how the running month will end beside each of the caller's budgets."""
        first, end = month_of(f"{self._today():%Y-%m}")
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
        async with self._database.transaction(as_system=True) as connection:
            budgets = await repository.of_owner(connection, caller.owner, premises_id)
            warned = await repository.warned_on(connection, caller.owner, premises_id, first)
        found = []
        if budgets:  # else nothing has to be reckoned
            expected = await self._bills.of_premises(caller, premises_id, first, end)
            for budget in budgets:
                of_utility = [
                    one for one in expected if one.so_far.point.type.utility == budget.utility
                ]
                found.append(outlook(budget, of_utility, self._today(), end))
        return Month(first=first, end=end, outlooks=found, warned_at=warned)

    def _today(self) -> date:
        return self._clock.now().astimezone(ZONE).date()
