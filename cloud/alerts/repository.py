# SPDX-License-Identifier: EUPL-1.2
"""The table alerts."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud.alerts.models import Alert, Finding
from cloud.kit.database import Connection, row, rows

# Column names of ours are put into queries; what callers say never is.
# ruff: noqa: S608
TOLD = (  # by a finding, and brought up to its later states
    *("kind", "kinds", "started_at", "cleared_at"),
    *("flow_l_per_h", "flow_low_l_per_h", "flow_high_l_per_h"),
    *("flow_w", "flow_low_w", "flow_high_w", "volume_l", "energy_wh"),
    *("confidence", "explanation", "ordinary_use", "clears_when", "hours", "reported_at"),
)
_STANDING = "from alert_labels l where l.alert_id = alerts.alert_id and l.undone_at is null"
ALERT = (
    "alerts.alert_id, premises_id, service_point_id, utility, state, raised_at,"
    f" {', '.join(TOLD)},"
    f" (select label {_STANDING}) as label, (select label_id {_STANDING}) as label_id"
)


async def add_alert(connection: Connection, finding: Finding, **belongs_to: str) -> Alert | None:
    """Add an alert for a finding that is not known yet; None if it is.

    ``belongs_to`` are its alert_id, gateway_id, premises_id, service_point_id, utility, meter_id.
    """
    told = _told(finding)
    columns = ("finding_id", "state", "raised_at", *told, *belongs_to)
    found = await row(
        connection,
        f"insert into alerts ({', '.join(columns)})"
        f" values ({', '.join(f'%({name})s' for name in columns)})"
        f" on conflict (gateway_id, finding_id) do nothing returning {ALERT}",
        finding_id=finding.finding_id,
        state=finding.state,
        raised_at=finding.raised_at,
        **told,
        **belongs_to,
    )
    return Alert(**found) if found else None


async def update_alert(connection: Connection, gateway_id: str, finding: Finding) -> Alert | None:
    """Bring an alert up to a later state of its finding; None if that says nothing new.

    Cleared is final, a clearing always counts, and otherwise an earlier report than the one known
    changes nothing: however reports are repeated or reordered, the alert ends the same. What people
    said of it stays.
    """
    told = _told(finding)
    changes = ", ".join(f"{name} = %({name})s" for name in told if name != "cleared_at")
    found = await row(
        connection,
        f"update alerts set {changes}, cleared_at = coalesce(%(cleared_at)s, cleared_at),"
        " state = case when %(state)s = 'cleared' then 'cleared' else state end,"
        " changed_at = clock_timestamp()"
        " where gateway_id = %(gateway_id)s and finding_id = %(finding_id)s"
        " and state <> 'cleared' and (%(state)s = 'cleared' or (%(reported_at)s, %(lost)s)"
        " > (reported_at, coalesce(volume_l, energy_wh)))"
        f" returning {ALERT}",
        **told,
        lost=finding.energy_wh if finding.volume_l is None else finding.volume_l,
        state=finding.state,
        finding_id=finding.finding_id,
        gateway_id=gateway_id,
    )
    return Alert(**found) if found else None


def _told(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in TOLD} | {"hours": Jsonb(finding.hours)}


async def acknowledge(
    connection: Connection, alert_id: str, who: str, now: datetime
) -> Alert | None:
    """Mark a raised alert as acknowledged; None if it isn't raised (any more)."""
    found = await row(
        connection,
        "update alerts set state = 'acknowledged', acknowledged_at = %(now)s,"
        " acknowledged_by = %(who)s, changed_at = clock_timestamp()"
        f" where alert_id = %(alert_id)s and state = 'raised' returning {ALERT}",
        alert_id=alert_id,
        who=who,
        now=now,
    )
    return Alert(**found) if found else None


async def alert(connection: Connection, alert_id: str) -> Alert | None:
    """Return one alert, or None."""
    found = await row(
        connection,
        f"select {ALERT} from alerts where alert_id = %(alert_id)s",
        alert_id=alert_id,
    )
    return Alert(**found) if found else None


async def alerts(
    connection: Connection, premises_ids: Collection[str], *, only_open: bool
) -> list[Alert]:
    """Return the alerts of these premises, newest first."""
    found = await rows(
        connection,
        f"select {ALERT} from alerts where premises_id = any(%(premises_ids)s)"
        " and (state <> 'cleared' or not %(only_open)s) order by raised_at desc, alert_id"
        " limit 1000",
        premises_ids=list(premises_ids),
        only_open=only_open,
    )
    return [Alert(**fields) for fields in found]


async def changed_since(connection: Connection, since: datetime) -> list[Alert]:
    """Return the alerts that changed since then, oldest change first."""
    found = await rows(
        connection,
        f"select {ALERT} from alerts where changed_at >= %(since)s order by changed_at",
        since=since,
    )
    return [Alert(**fields) for fields in found]
