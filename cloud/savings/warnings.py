# SPDX-License-Identifier: EUPL-1.2
"""Early warnings: people are told once a month of a budget that will probably be passed.

Each morning the running month is reckoned for everybody who set a budget, by what they may see, and
a warning is a row before it is a letter. Who is killed in between sends it again under the same
name, never a second one. Somebody without a channel is warned the morning after they chose one.
"""

import hashlib
from datetime import date, timedelta
from decimal import Decimal

import structlog

from cloud.accounts.readers import people
from cloud.alerts.letters import LANGUAGES
from cloud.alerts.notes import Note, Notes
from cloud.alerts.notices import NoticeInHandError, after_quiet
from cloud.alerts.push import PushGoneError, PushRefusedError
from cloud.kit.auth.rights import SEES_ALL, Principal
from cloud.kit.auth.row_security import seen_as
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import CloudError, NotFoundError
from cloud.kit.hypertable import ZONE
from cloud.kit.jobs import Jobs
from cloud.kit.mail import MailRefusedError
from cloud.premises.service import one_premises, premises_by_id
from cloud.savings import letters, repository
from cloud.savings.budgets import Budgets
from cloud.savings.models import Warned
from cloud.savings.outlook import Outlook

log = structlog.get_logger(__name__)

WARN = "savings.warn"
HOLD = timedelta(seconds=60)  # longer than any attempt takes
NAME_LENGTH = 16


class Warnings:
    """Warns people of months that will pass their budgets."""

    def __init__(
        self, database: Database, clock: Clock, jobs: Jobs, budgets: Budgets, notes: Notes
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._budgets = budgets
        self._notes = notes

    async def wishes(self) -> list[tuple[str, str]]:
        """Return who has budgets for which building: (owner, premises_id)."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.wishes(connection)

    async def look(self, owner: str, premises_id: str) -> None:
        """Queue a warning for each of somebody's budgets that the month will probably pass."""
        async with self._database.transaction(as_system=True) as connection:
            reader = (await people(connection, [owner])).get(owner)
        if reader is None:  # a program, or somebody who may not sign in any more
            return
        with seen_as(_sight(reader)):
            try:
                month = await self._budgets.this_month(reader, premises_id)
            except NotFoundError:  # not theirs to see any more
                return
        for one in month.outlooks:
            if one.is_worth_a_warning:
                await self._queue(reader, one, month.first)

    async def _queue(self, reader: Principal, found: Outlook, month: date) -> None:
        now, budget = self._clock.now(), found.budget
        async with self._database.transaction(as_system=True) as connection:
            if await repository.locked(connection, budget.budget_id) != budget:
                return  # changed meanwhile: tomorrow is another look
            if await repository.is_warned(connection, budget.budget_id, month):
                return
            for channel in await self._notes.channels(
                connection, reader.subject, budget.premises_id, budget.utility
            ):
                due_at = after_quiet(channel, now)
                warned = _warned(found, month, channel.subscription_key)
                await repository.add_warning(connection, warned, budget.owner, now, due_at)
                await self._jobs.queue_at(
                    connection,
                    WARN,
                    due_at,
                    budget_id=str(budget.budget_id),
                    month=month.isoformat(),
                    key=channel.subscription_key,
                )

    async def send(self, budget_id: int, month: date, key: str) -> None:
        """Make one attempt to send a warning, or raise why it is to be tried again."""
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            warned = await repository.claim(connection, budget_id, month, key, now, HOLD)
            if warned is None:
                return
            if isinstance(warned, bool):
                raise NoticeInHandError
            budget = await repository.of_id(connection, budget_id)
            channel = await self._notes.of_key(connection, key)
            known = await people(connection, [budget.owner] if budget else [])
        reader = known.get(budget.owner) if budget else None
        if budget is None or channel is None or reader is None:
            await self._settle(warned, "nobody to tell", over=True)
            return
        if now.astimezone(ZONE).date().replace(day=1) != month:
            await self._settle(warned, "the month is over", over=True)
            return
        try:
            with seen_as(_sight(reader)):
                async with self._database.transaction() as connection:
                    await one_premises(connection, budget.premises_id, reader)
                    building = await premises_by_id(connection, [budget.premises_id])
        except NotFoundError:
            await self._settle(warned, "not theirs to see any more", over=True)
            return
        say = LANGUAGES[channel.language]
        note = Note(
            name=_name(warned),
            lines=letters.lines(
                warned, budget.utility, building[budget.premises_id], channel.language
            ),
            address=f"#/premises/{budget.premises_id}/saving",
            see=letters.SEE[say],
        )
        try:
            await self._notes.send(channel, reader, note)
        except (MailRefusedError, PushRefusedError, PushGoneError) as error:
            await self._settle(warned, str(error), over=True)
        except CloudError as error:
            await self._settle(warned, str(error), over=False)
            raise
        else:
            await self._settle(warned, "sent", over=True)

    async def _settle(self, warned: Warned, outcome: str, *, over: bool) -> None:
        now = self._clock.now() if over else None
        async with self._database.transaction(as_system=True) as connection:
            await repository.settle(connection, warned, outcome, now)
        log.info("budget_warning_attempted", budget=warned.budget_id, is_over=over)


def _sight(reader: Principal) -> str | None:
    return None if reader.role in SEES_ALL else reader.subject


def _warned(found: Outlook, month: date, key: str) -> Warned:
    return Warned(
        budget_id=found.budget.budget_id,
        month=month,
        subscription_key=key,
        unit=found.unit,
        budget=found.limit,
        so_far=found.so_far or Decimal(0),
        low=found.low,
        middle=found.middle,
        high=found.high,
        days_left=found.days_left,
        is_passed=found.so_far is not None and found.so_far > found.limit,
    )


def _name(warned: Warned) -> str:
    """Return the same name for every attempt; the key itself is nobody's but the reader's."""
    digest = hashlib.sha256(warned.subscription_key.encode()).hexdigest()[:NAME_LENGTH]
    return f"b{warned.budget_id}-{warned.month:%y%m}-{digest}"[:32]
