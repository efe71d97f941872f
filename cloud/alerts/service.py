# SPDX-License-Identifier: EUPL-1.2
"""Alerts, for callers who may see them: listed, looked at, and what people say of them."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cloud.alerts import course_repository, repository
from cloud.alerts.course import Course, locked
from cloud.alerts.lifecycle import Said, State
from cloud.alerts.models import Alert, AlertEvent, Wanted
from cloud.kit import audit, pagination
from cloud.kit.auth.rights import Principal
from cloud.kit.auth.sight import Sight
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, InvalidRequestError, NotFoundError
from cloud.kit.jobs import Jobs
from cloud.premises.service import one_premises, point_behind

WAKE = "wake_alert"
MAX_OPEN_SHOWN = 1000
OPEN = (State.RAISED, State.ACKNOWLEDGED, State.REOPENED)


class AlertResolvedError(CloudError):
    """An alert that is over can't be acknowledged or put off."""

    status = 409
    code = "alert-resolved"

    def __init__(self, alert_id: str) -> None:
        super().__init__(f"Alert {alert_id} is resolved already.")


class Alerts:
    """What was found, and what people say of it."""

    def __init__(self, database: Database, clock: Clock, course: Course, jobs: Jobs) -> None:
        self._database = database
        self._clock = clock
        self._course = course
        self._jobs = jobs

    async def page(
        self, caller: Principal, wanted: Wanted, limit: int, cursor: str | None
    ) -> tuple[list[Alert], str | None]:
        """Return alerts that the caller may see, newest first, and where the next ones begin."""
        async with self._database.transaction() as connection:
            return await self._page(connection, caller, wanted, limit, cursor)

    async def of_premises(
        self, caller: Principal, premises_id: str, wanted: Wanted, limit: int, cursor: str | None
    ) -> tuple[list[Alert], str | None]:
        """Return a building's alerts, newest first, and where the next ones begin."""
        wanted = replace(wanted, premises_ids=[premises_id])
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            return await self._page(connection, caller, wanted, limit, cursor)

    async def _page(
        self,
        connection: Connection,
        caller: Principal,
        wanted: Wanted,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[Alert], str | None]:
        after = None if cursor is None else _key(cursor)
        wanted = replace(wanted, sight=Sight.of(caller))
        found = await repository.alerts(connection, wanted, limit, after)
        last = found[-1] if len(found) == limit else None
        shown = await self._course.all_shown(connection, found)
        if last is None:
            return shown, None
        return shown, pagination.encode(last.raised_at.isoformat(), last.alert_id)

    async def still_open(
        self, connection: Connection, premises_ids: Collection[str]
    ) -> list[Alert]:
        """Return the alerts of these premises that are not resolved."""
        wanted = Wanted(premises_ids=premises_ids, states=OPEN)
        found = await repository.alerts(connection, wanted, MAX_OPEN_SHOWN)
        return await self._course.all_shown(connection, found)

    async def one(self, caller: Principal, alert_id: str) -> tuple[Alert, list[AlertEvent]]:
        """Return an alert and what happened to it so far."""
        async with self._database.transaction() as connection:
            alert = await seen(connection, caller, alert_id)
            shown = await self._course.shown(connection, alert)
        async with self._database.transaction(as_system=True) as connection:
            history = await course_repository.events(connection, alert_id)
        return shown, history

    async def acknowledge(self, caller: Principal, alert_id: str, note: str = "") -> Alert:
        """Note that somebody has seen the alert; harmless when repeated."""
        async with self._changing_open(caller, alert_id) as (connection, alert):
            if alert.state == State.ACKNOWLEDGED and alert.snoozed_until is None:
                return await self._course.shown(connection, alert)
            return await self._said(connection, caller, alert, "acknowledged", note)

    async def snooze(self, caller: Principal, alert_id: str, hours: int, note: str = "") -> Alert:
        """Acknowledge the alert for some hours; it is reopened then, unless it is over."""
        until = self._clock.now() + timedelta(hours=hours)
        async with self._changing_open(caller, alert_id) as (connection, alert):
            await self._jobs.queue_at(
                connection, WAKE, until, alert_id=alert_id, until=until.isoformat()
            )
            return await self._said(connection, caller, alert, "snoozed", note, until)

    async def resolve(self, caller: Principal, alert_id: str, note: str = "") -> Alert:
        """Note that somebody says it is over; harmless when repeated.

        The gateway reopens it when it finds that it still flows.
        """
        async with changing(self._database, caller, alert_id) as (connection, alert):
            if not alert.is_open:
                return await self._course.shown(connection, alert)
            return await self._said(connection, caller, alert, "resolved", note)

    async def wake(self, alert_id: str, until: datetime) -> None:
        """Reopen an alert whose snooze has run out, unless somebody said something else since."""
        async with self._database.transaction(as_system=True) as connection:
            alert, _ = await locked(connection, alert_id)
            if alert.snoozed_until != until:
                return
            said = Said(woken_at=max(until, alert.acknowledged_at or until))
            await self._course.say(connection, alert_id, audit.SYSTEM, said, self._clock.now())

    @asynccontextmanager
    async def _changing_open(
        self, caller: Principal, alert_id: str
    ) -> AsyncIterator[tuple[Connection, Alert]]:
        """Yield an open alert that the caller may see and nobody else changes meanwhile."""
        async with changing(self._database, caller, alert_id) as (connection, alert):
            if not alert.is_open:
                raise AlertResolvedError(alert_id)
            yield connection, alert

    async def _said(
        self,
        connection: Connection,
        caller: Principal,
        alert: Alert,
        verb: str,
        note: str,
        snoozed_until: datetime | None = None,
    ) -> Alert:
        now = self._clock.now()
        at = max(now, alert.opened_at)  # a gateway's clock may be ahead of ours
        said = Said(resolved_at=at) if verb == "resolved" else Said(acknowledged_at=at)
        changed = await self._course.say(
            connection,
            alert.alert_id,
            caller.subject,
            said,
            now,
            note=note,
            snoozed_until=snoozed_until,
        )
        await audit.record(
            connection,
            caller,
            f"alert.{verb}",
            f"alert:{alert.alert_id}",
            premises_id=alert.premises_id,
            personal={"note": note} if note else None,
        )
        return changed


async def seen(connection: Connection, caller: Principal, alert_id: str) -> Alert:
    """Return the alert if the caller may see it, or raise NotFoundError."""
    alert = await repository.alert(connection, alert_id)
    if alert is None:
        raise NotFoundError("alert", alert_id)
    await point_behind(connection, alert.service_point_id, caller, "alert", alert_id)
    return alert


@asynccontextmanager
async def changing(
    database: Database, caller: Principal, alert_id: str
) -> AsyncIterator[tuple[Connection, Alert]]:
    """Yield an alert that the caller may see and nobody else changes meanwhile."""
    async with database.transaction() as connection:
        await seen(connection, caller, alert_id)
    async with database.transaction(as_system=True) as connection:
        alert, _ = await locked(connection, alert_id)
        yield connection, alert


def _key(cursor: str) -> tuple[datetime, str]:
    raised_at, alert_id = pagination.decode(cursor, str, str)
    try:
        return datetime.fromisoformat(raised_at).astimezone(UTC), alert_id
    except (ValueError, OverflowError) as error:
        raise InvalidRequestError("The cursor is not one that this route gave out.") from error
