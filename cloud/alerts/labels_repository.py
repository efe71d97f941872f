# SPDX-License-Identifier: EUPL-1.2
"""The table alert_labels."""

from collections.abc import Collection
from datetime import datetime

from cloud.alerts.models import Alert, Label
from cloud.alerts.repository import ALERT
from cloud.kit.database import Connection, row, rows, run

# Column names of ours are put into queries; what callers say never is.
# ruff: noqa: S608
LABEL = "label_id, alert_id, label, note, labelled_by, labelled_at, undone_by, undone_at"


async def add(connection: Connection, one: Label) -> None:
    """Write a label down; none may stand on its alert."""
    await run(
        connection,
        f"insert into alert_labels ({LABEL}) values (%(label_id)s, %(alert_id)s, %(label)s,"
        " %(note)s, %(labelled_by)s, %(labelled_at)s, %(undone_by)s, %(undone_at)s)",
        **vars(one),
    )


async def undo(connection: Connection, alert_id: str, who: str, now: datetime) -> bool:
    """Undo the label that stands on an alert; tell whether there was one."""
    undone = await run(
        connection,
        "update alert_labels set undone_by = %(who)s, undone_at = %(now)s"
        " where alert_id = %(alert_id)s and undone_at is null",
        alert_id=alert_id,
        who=who,
        now=now,
    )
    return undone > 0


async def shown_again(connection: Connection, alert_id: str) -> Alert:
    """Return an alert whose label has changed, for all who look at it."""
    found = await row(
        connection,
        "update alerts set changed_at = clock_timestamp()"
        f" where alert_id = %(alert_id)s returning {ALERT}",
        alert_id=alert_id,
    )
    assert found is not None  # noqa: S101 - alerts are never deleted
    return Alert(**found)


async def standing(connection: Connection, alert_id: str) -> Label | None:
    """Return the label that stands on an alert, or None."""
    found = await row(
        connection,
        f"select {LABEL} from alert_labels where alert_id = %(alert_id)s and undone_at is null",
        alert_id=alert_id,
    )
    return Label(**found) if found else None


async def of_point(connection: Connection, service_point_id: str) -> list[Label]:
    """Return all labels of a service point's alerts, the newest first, undone ones too."""
    found = await rows(
        connection,
        f"select {LABEL} from alert_labels where alert_id in (select alert_id from alerts"
        " where service_point_id = %(service_point_id)s)"
        " order by labelled_at desc, label_id limit 1000",
        service_point_id=service_point_id,
    )
    return [Label(**fields) for fields in found]


async def labelled(
    connection: Connection, service_point_ids: Collection[str]
) -> list[tuple[Alert, datetime]]:
    """Return the alerts of these points that bear a label and since when, newest label first."""
    found = await rows(
        connection,
        f"select {ALERT}, labels.labelled_at from alerts join (select alert_id as of,"
        " labelled_at from alert_labels where undone_at is null) labels on of = alert_id"
        " where service_point_id = any(%(ids)s) order by labels.labelled_at desc, alert_id",
        ids=list(service_point_ids),
    )
    return [(Alert(**fields), at) for fields in found if (at := fields.pop("labelled_at"))]
