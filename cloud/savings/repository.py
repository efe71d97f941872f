# SPDX-License-Identifier: EUPL-1.2
"""The tables budgets and budget_warnings; all in system transactions."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal

from cloud.kit.database import Connection, row, rows, run
from cloud.savings.models import Budget, Warned

# ruff: noqa: S608 - names of columns are put into queries, nothing else
_BUDGET = ", ".join(Budget.__dataclass_fields__)
_WARNED = ", ".join(Warned.__dataclass_fields__)


async def put(
    connection: Connection,
    owner: str,
    premises_id: str,
    utility: str,
    euro: Decimal | None,
    amount: int | None,
    now: datetime,
) -> Budget:
    """Set somebody's budget for a building's utility, or change it."""
    found = await row(
        connection,
        "insert into budgets (owner, premises_id, utility, euro, amount, changed_at)"
        " values (%(owner)s, %(premises_id)s, %(utility)s, %(euro)s, %(amount)s, %(now)s)"
        " on conflict (owner, premises_id, utility) do update set euro = excluded.euro,"
        f" amount = excluded.amount, changed_at = excluded.changed_at returning {_BUDGET}",
        owner=owner,
        premises_id=premises_id,
        utility=utility,
        euro=euro,
        amount=amount,
        now=now,
    )
    assert found is not None  # noqa: S101 - an upsert returns its row
    return Budget(**found)


async def of_owner(connection: Connection, owner: str, premises_id: str) -> list[Budget]:
    """Return somebody's budgets for a building, by utility."""
    found = await rows(
        connection,
        f"select {_BUDGET} from budgets where owner = %(owner)s and premises_id = %(premises_id)s"
        " order by utility",
        owner=owner,
        premises_id=premises_id,
    )
    return [Budget(**one) for one in found]


async def wishes(connection: Connection) -> list[tuple[str, str]]:
    """Return who has budgets for which building: (owner, premises_id)."""
    found = await rows(
        connection, "select distinct owner, premises_id from budgets order by owner, premises_id"
    )
    return [(one["owner"], one["premises_id"]) for one in found]


async def delete(connection: Connection, owner: str, premises_id: str, utility: str) -> bool:
    """Forget a budget and who was warned by it; tell whether there was one."""
    deleted = await run(
        connection,
        "delete from budgets where owner = %(owner)s and premises_id = %(premises_id)s"
        " and utility = %(utility)s",
        owner=owner,
        premises_id=premises_id,
        utility=utility,
    )
    return deleted > 0


async def locked(connection: Connection, budget_id: int) -> Budget | None:
    """Return a budget, which nobody else changes or warns of until this transaction ends."""
    found = await row(
        connection,
        f"select {_BUDGET} from budgets where budget_id = %(budget_id)s for update",
        budget_id=budget_id,
    )
    return Budget(**found) if found else None


async def of_id(connection: Connection, budget_id: int) -> Budget | None:
    """Return a budget, or None."""
    found = await row(
        connection,
        f"select {_BUDGET} from budgets where budget_id = %(budget_id)s",
        budget_id=budget_id,
    )
    return Budget(**found) if found else None


async def is_warned(connection: Connection, budget_id: int, month: date) -> bool:
    """Tell whether a warning of this month was decided already."""
    found = await row(
        connection,
        "select 1 from budget_warnings where budget_id = %(budget_id)s and month = %(month)s"
        " limit 1",
        budget_id=budget_id,
        month=month,
    )
    return found is not None


async def warned_on(
    connection: Connection, owner: str, premises_id: str, month: date
) -> dict[str, datetime]:
    """Return when somebody was warned of this month, by utility."""
    found = await rows(
        connection,
        "select utility, min(sent_at) as told_at from budget_warnings join budgets using"
        " (budget_id) where budgets.owner = %(owner)s and premises_id = %(premises_id)s"
        " and month = %(month)s and outcome = 'sent' group by utility",
        owner=owner,
        premises_id=premises_id,
        month=month,
    )
    return {one["utility"]: one["told_at"] for one in found}


async def add_warning(
    connection: Connection, warned: Warned, owner: str, now: datetime, due_at: datetime
) -> None:
    """Note that a channel is to be told."""
    values = ", ".join(f"%({name})s" for name in Warned.__dataclass_fields__)
    await run(
        connection,
        f"insert into budget_warnings ({_WARNED}, owner, queued_at, due_at)"
        f" values ({values}, %(owner)s, %(now)s, %(due_at)s) on conflict do nothing",
        owner=owner,
        now=now,
        due_at=due_at,
        **asdict(warned),
    )


async def claim(
    connection: Connection, budget_id: int, month: date, key: str, now: datetime, hold: timedelta
) -> Warned | bool | None:
    """Take a warning in hand; False if another has it, None if there is nothing to send (more)."""
    found = await row(
        connection,
        f"select {_WARNED}, sent_at, claimed_until from budget_warnings where"
        " budget_id = %(budget_id)s and month = %(month)s and subscription_key = %(key)s"
        " for update",
        budget_id=budget_id,
        month=month,
        key=key,
    )
    if found is None or found.pop("sent_at") is not None:
        return None
    claimed_until = found.pop("claimed_until")
    if claimed_until is not None and claimed_until > now:
        return False
    await run(
        connection,
        "update budget_warnings set claimed_until = %(until)s where budget_id = %(budget_id)s"
        " and month = %(month)s and subscription_key = %(key)s",
        budget_id=budget_id,
        month=month,
        key=key,
        until=now + hold,
    )
    return Warned(**found)


async def settle(
    connection: Connection, warned: Warned, outcome: str, sent_at: datetime | None
) -> None:
    """Write down how an attempt ended; with ``sent_at`` it was the last one."""
    await run(
        connection,
        "update budget_warnings set outcome = %(outcome)s, sent_at = %(sent_at)s,"
        " claimed_until = null where budget_id = %(budget_id)s and month = %(month)s"
        " and subscription_key = %(key)s",
        outcome=outcome,
        sent_at=sent_at,
        budget_id=warned.budget_id,
        month=warned.month,
        key=warned.subscription_key,
    )
