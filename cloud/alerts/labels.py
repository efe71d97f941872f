# SPDX-License-Identifier: EUPL-1.2
"""Labels: an owner says which alert was ordinary use, may take it back, and gateways are told.

A label stands for what its alert was like: how strong the flow, at what time of day, for how long.
So it is the gateway that tells similar use from other use, also while nobody reaches the cloud.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from cloud.alerts import labels_repository
from cloud.alerts.course import Course
from cloud.alerts.lifecycle import Said
from cloud.alerts.models import GROUPS, METER, Alert, Label, LabelledUse
from cloud.alerts.service import changing
from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError
from cloud.kit.hypertable import ZONE
from cloud.kit.live import announce
from cloud.premises.service import one_service_point

MAX_USES = 16  # of one service point; a gateway keeps them in its small memory, the newest ones
NO_TIME_OF_DAY = timedelta(hours=12)
# What goes on for longer than this after somebody called it ordinary isn't what they spoke of.
MEANT_FOR = timedelta(days=1)


class NotAUseError(CloudError):
    """A fault of a meter is no use of anything, so it can't be an ordinary one."""

    status = 409
    code = "alert-not-a-use"

    def __init__(self, alert: Alert) -> None:
        super().__init__(f"Alert {alert.alert_id} is of the meter ({alert.kind}), not of any use.")


class Labels:
    """What people called ordinary use."""

    def __init__(self, database: Database, clock: Clock, course: Course) -> None:
        self._database = database
        self._clock = clock
        self._course = course

    async def put(self, caller: Principal, alert_id: str, label: str, note: str) -> Alert:
        """Call an alert ordinary use, which also acknowledges it; harmless when repeated."""
        now = self._clock.now()
        async with changing(self._database, caller, alert_id) as (connection, alert):
            if GROUPS[alert.kind] == METER:
                raise NotAUseError(alert)
            standing = await labels_repository.standing(connection, alert_id)
            if standing is not None and (standing.label, standing.note) == (label, note):
                return await self._course.shown(connection, alert)
            await labels_repository.undo(connection, alert_id, caller.signature, now)
            await labels_repository.add(
                connection,
                Label(
                    label_id=str(uuid.uuid4()),
                    alert_id=alert_id,
                    label=label,
                    note=note,
                    labelled_by=caller.signature,
                    labelled_at=now,
                    undone_by=None,
                    undone_at=None,
                ),
            )
            if alert.is_open:
                seen_at = Said(acknowledged_at=max(now, alert.opened_at))
                await self._course.say(connection, alert_id, caller.subject, seen_at, now)
            told = await self._told(connection, alert_id)
            await self._record(connection, caller, alert, "labelled", note, label=label)
            return told

    async def undo(self, caller: Principal, alert_id: str) -> Alert:
        """Take an alert's label back; harmless when there is none."""
        async with changing(self._database, caller, alert_id) as (connection, alert):
            now = self._clock.now()
            if not await labels_repository.undo(connection, alert_id, caller.signature, now):
                return await self._course.shown(connection, alert)
            told = await self._told(connection, alert_id)
            await self._record(connection, caller, alert, "unlabelled")
            return told

    async def of_point(self, caller: Principal, service_point_id: str) -> list[Label]:
        """Return all labels at a service point, the newest first, those taken back too."""
        async with self._database.transaction() as connection:
            await one_service_point(connection, service_point_id, caller)
            return await labels_repository.of_point(connection, service_point_id)

    async def _told(self, connection: Connection, alert_id: str) -> Alert:
        """Return the alert as it is now, once everybody who looks at it is told."""
        changed = await labels_repository.shown_again(connection, alert_id)
        alert = await self._course.shown(connection, changed)
        await announce(connection, [alert.news()])
        return alert

    async def _record(
        self,
        connection: Connection,
        caller: Principal,
        alert: Alert,
        verb: str,
        note: str = "",
        **details: str,
    ) -> None:
        await audit.record(
            connection,
            caller,
            f"alert.{verb}",
            f"alert:{alert.alert_id}",
            premises_id=alert.premises_id,
            personal={"note": note} if note else None,
            **details,
        )


async def labelled_uses(
    connection: Connection, service_point_ids: Collection[str]
) -> dict[str, list[LabelledUse]]:
    """Return by service point what its owners called ordinary, the newest first."""
    uses: dict[str, list[LabelledUse]] = {one: [] for one in service_point_ids}
    for alert, labelled_at in await labels_repository.labelled(connection, service_point_ids):
        of_point = uses[alert.service_point_id]
        # a gateway may have told since then that it is of the meter after all
        if len(of_point) < MAX_USES and GROUPS[alert.kind] != METER:
            of_point.append(use_in(alert, labelled_at))
    return uses


def use_in(alert: Alert, labelled_at: datetime) -> LabelledUse:
    """Return what a labelled alert was like.

    It lasted until it was resolved; as long as it isn't, until somebody labelled it.
    """
    assert alert.label_id is not None  # noqa: S101 - the caller knows that it bears a label
    ended_at = labelled_at
    if alert.resolved_at is not None:
        ended_at = min(alert.resolved_at, labelled_at + MEANT_FOR)
    length = max(ended_at - alert.started_at, timedelta(0))
    has_time = length < NO_TIME_OF_DAY
    flows = [
        *(alert.flow_low_l_per_h, alert.flow_l_per_h, alert.flow_high_l_per_h),
        *(alert.flow_low_w, alert.flow_w, alert.flow_high_w),
    ]
    known = [flow for flow in flows if flow is not None]
    return LabelledUse(
        label_id=alert.label_id,
        group=GROUPS[alert.kind],
        flow_low=min(known),
        flow_high=max(known),
        from_minute=_minute(alert.started_at) if has_time else None,
        to_minute=_minute(alert.started_at + length) if has_time else None,
        length_s=int(length.total_seconds()),
    )


def _minute(at: datetime) -> int:
    local = at.astimezone(ZONE)
    return local.hour * 60 + local.minute
