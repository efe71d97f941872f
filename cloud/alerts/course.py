# SPDX-License-Identifier: EUPL-1.2
"""The course of an alert: what gateways tell and people say is joined, and news goes out.

Everything happens in the caller's transaction: alert, history, messages to webhooks and notices to
people come to be together or not at all.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from cloud.alerts import course_repository as repository
from cloud.alerts.cost import all_costed, costed
from cloud.alerts.lifecycle import (
    Said,
    Standing,
    State,
    Told,
    flowed_at,
    is_same_story,
    standing,
)
from cloud.alerts.messages import Messages
from cloud.alerts.models import CLEARED, GROUPS, Alert, Finding
from cloud.alerts.switches import is_silenced
from cloud.kit.database import Connection
from cloud.kit.errors import NotFoundError
from cloud.kit.live import announce
from cloud.premises.models import ServicePoint
from cloud.tariffs.costs import Costs

SNOOZED = "snoozed"
NOBODY = Said()


class Course:
    """Moves alerts on."""

    def __init__(self, messages: Messages, costs: Costs) -> None:
        self._messages = messages
        self._costs = costs

    async def report(
        self,
        connection: Connection,
        gateway_id: str,
        finding: Finding,
        point: ServicePoint,
        meter_id: str,
    ) -> bool:
        """Take in one report of a finding; False if it says nothing new.

        A new one of rules that are switched off isn't; an alert that was raised goes on.
        """
        await repository.lock_point(connection, point.service_point_id)
        told = _told(gateway_id, finding)
        alert_id = await repository.story_of(connection, gateway_id, finding.finding_id)
        if alert_id is None:
            if await is_silenced(connection, point, finding.kinds):
                return False
            alert_id = await _same_story(connection, finding, point, meter_id, told)
        is_new = alert_id is None
        if alert_id is None:
            alert_id = str(uuid.uuid4())
            await repository.add_alert(
                connection,
                finding,
                alert_id=alert_id,
                gateway_id=gateway_id,
                premises_id=point.premises_id,
                service_point_id=point.service_point_id,
                utility=point.type.utility,
                meter_id=meter_id,
            )
        alert, said = await locked(connection, alert_id)
        if not await _joined(connection, alert_id, gateway_id, finding, told):
            return False
        changed = await _stood(connection, alert_id, said, alert.snoozed_until)
        if is_new or changed.state != alert.state:
            verb = _verb(None if is_new else alert.state, changed.state)
            at = finding.raised_at if is_new else finding.cleared_at or finding.reported_at
            await self._happened(connection, changed, verb, at, f"gateway:{gateway_id}")
        else:
            shown = await self.shown(connection, changed)
            await announce(connection, [shown.news()])
        return True

    async def say(
        self,
        connection: Connection,
        alert_id: str,
        actor: str,
        said: Said,
        now: datetime,
        *,
        note: str = "",
        snoozed_until: datetime | None = None,
    ) -> Alert:
        """Take in what somebody says of an alert; return it as it stands then."""
        alert, before = await locked(connection, alert_id)
        changed = await _stood(connection, alert_id, before.joined(said), snoozed_until)
        if changed.state != alert.state or snoozed_until is not None:
            verb = SNOOZED if snoozed_until is not None else _verb(alert.state, changed.state)
            await self._happened(connection, changed, verb, now, actor, note)
        return await self.shown(connection, changed)

    async def shown(self, connection: Connection, alert: Alert) -> Alert:
        """Return an alert with what it has cost."""
        return await costed(connection, self._costs, alert)

    async def all_shown(self, connection: Connection, alerts: Sequence[Alert]) -> list[Alert]:
        """Return these alerts with what each has cost."""
        return await all_costed(connection, self._costs, alerts)

    async def _happened(
        self,
        connection: Connection,
        alert: Alert,
        verb: str,
        at: datetime,
        actor: str,
        note: str = "",
    ) -> None:
        """Write down what happened, and tell everybody who wants to hear of it."""
        event = await repository.add_event(connection, alert, verb, at, actor, note)
        alert = await self.shown(connection, alert)
        await announce(connection, [alert.news()])
        if verb != SNOOZED or alert.state == State.ACKNOWLEDGED:
            await self._messages.tell(connection, alert, event)


def _told(gateway_id: str, finding: Finding) -> Told:
    is_over = finding.state == CLEARED
    since = finding.raised_at
    return Told(
        gateway_id=gateway_id,
        raised_at=since,
        flowed_at=since if is_over else flowed_at(since, finding.reported_at),
        cleared_at=finding.cleared_at if is_over else None,
    )


async def _same_story(
    connection: Connection, finding: Finding, point: ServicePoint, meter_id: str, told: Told
) -> str | None:
    """Return the alert that a new finding goes on with, or None."""
    kinds = [kind for kind, group in GROUPS.items() if group == finding.group]
    known = await repository.stories(connection, point.service_point_id, meter_id, kinds)
    for one in known:
        if is_same_story(one.raised_at, one.resolved_at, told.raised_at, told.cleared_at):
            return one.alert_id
    return None


async def locked(connection: Connection, alert_id: str) -> tuple[Alert, Said]:
    """Return an alert that nobody else changes meanwhile, and what was said of it."""
    found = await repository.locked(connection, alert_id)
    if found is None:
        raise NotFoundError("alert", alert_id)
    return found


async def _joined(
    connection: Connection, alert_id: str, gateway_id: str, finding: Finding, told: Told
) -> bool:
    """Write down what a report adds to its finding; tell whether that is anything to show.

    Cleared is a finding's last word, a clearing always counts, and otherwise a report that is not
    later than the one known shows nothing.
    """
    known = await repository.findings(connection, alert_id)
    before = known.get((gateway_id, finding.finding_id))
    if before is not None:
        told = before.told.joined(told)
        is_later = (finding.reported_at, finding.lost) > (before.reported_at, before.lost)
        if before.told.cleared_at is not None or not (is_later or finding.state == CLEARED):
            await repository.flowed(connection, finding.finding_id, told)
            return False
    await repository.put_finding(connection, alert_id, finding, told)
    newest = max(
        [*((one.told.raised_at, *key) for key, one in known.items())],
        default=(told.raised_at, gateway_id, finding.finding_id),
    )
    if (told.raised_at, gateway_id, finding.finding_id) >= newest:
        await repository.show_finding(connection, alert_id, gateway_id, finding)
    await repository.add_up(connection, alert_id)
    return True


async def _stood(
    connection: Connection, alert_id: str, said: Said, snoozed_until: datetime | None
) -> Alert:
    """Work out where an alert stands, write it down, and return the alert."""
    known = await repository.findings(connection, alert_id)
    where: Standing = standing([one.told for one in known.values()], said)
    is_asleep = where.state == State.ACKNOWLEDGED
    return await repository.stand(
        connection, alert_id, where, said, snoozed_until if is_asleep else None
    )


def _verb(before: str | None, after: str) -> str:
    """Return what happened when a state became another."""
    if before == State.RESOLVED and after == State.RAISED:
        return State.REOPENED  # whoever was told that it is over is told that it isn't
    return after
