# SPDX-License-Identifier: EUPL-1.2
"""The table alerts, as it is looked at; ``course_repository`` has how it changes."""

from datetime import datetime

from cloud.alerts.models import Alert, Wanted
from cloud.kit.database import Connection, row, rows

# Column names of ours are put into queries; what callers say never is.
# ruff: noqa: S608
_STANDING = "from alert_labels l where l.alert_id = alerts.alert_id and l.undone_at is null"
FIGURES = (  # the newest finding's own
    *("kind", "kinds", "flow_l_per_h", "flow_low_l_per_h", "flow_high_l_per_h"),
    *("flow_w", "flow_low_w", "flow_high_w"),
    *("confidence", "explanation", "ordinary_use", "clears_when", "hours"),
)
ALERT = (
    "alerts.alert_id, premises_id, service_point_id, meter_id, utility, state, raised_at,"
    " started_at, opened_at, acknowledged_at, snoozed_until, resolved_at, reported_at,"
    f" volume_l, energy_wh, {', '.join(FIGURES)},"
    f" (select label {_STANDING}) as label, (select label_id {_STANDING}) as label_id"
)


async def alert(connection: Connection, alert_id: str) -> Alert | None:
    """Return one alert, or None."""
    found = await row(
        connection,
        f"select {ALERT} from alerts where alert_id = %(alert_id)s",
        alert_id=alert_id,
    )
    return Alert(**found) if found else None


async def alerts(
    connection: Connection,
    wanted: Wanted,
    limit: int,
    after: tuple[datetime, str] | None = None,
) -> list[Alert]:
    """Return the alerts wanted, newest first, those that follow the key ``after``."""
    if wanted.nothing:
        return []
    raised_at, alert_id = after or (None, None)
    grants = wanted.sight.grants
    found = await rows(
        connection,
        f"select {ALERT} from alerts where"
        " (%(anywhere)s or premises_id = any(%(premises_ids)s))"
        " and (%(sees_all)s or premises_id = any(%(granted)s)"
        " or service_point_id = any(%(granted_points)s) or exists (select from service_points s"
        " where s.service_point_id = alerts.service_point_id and s.supplier_id = %(supplier)s))"
        " and (%(service_point_id)s::text is null or service_point_id = %(service_point_id)s)"
        " and (%(states)s::text[] = '{}' or state = any(%(states)s))"
        " and (%(utilities)s::text[] = '{}' or utility = any(%(utilities)s))"
        " and (%(kinds)s::text[] = '{}' or kind = any(%(kinds)s))"
        " and (%(since)s::timestamptz is null or raised_at >= %(since)s)"
        " and (%(until)s::timestamptz is null or raised_at < %(until)s)"
        " and (%(raised_at)s::timestamptz is null"
        " or (raised_at, alert_id) < (%(raised_at)s, %(alert_id)s))"
        " order by raised_at desc, alert_id desc limit %(limit)s",
        anywhere=wanted.premises_ids is None,
        sees_all=wanted.sight.sees_all,
        granted=[one.premises_id for one in grants if one.service_point_ids is None],
        granted_points=[point for one in grants for point in one.service_point_ids or ()],
        supplier=wanted.sight.supplier_id,
        premises_ids=list(wanted.premises_ids or ()),
        service_point_id=wanted.service_point_id,
        states=list(wanted.states),
        utilities=list(wanted.utilities),
        kinds=list(wanted.kinds),
        since=wanted.since,
        until=wanted.until,
        raised_at=raised_at,
        alert_id=alert_id,
        limit=limit,
    )
    return [Alert(**fields) for fields in found]
