# SPDX-License-Identifier: EUPL-1.2
"""Messages: who is told when something happens to an alert, and what webhooks read of it."""

from typing import Any

from cloud.alerts.models import Alert, AlertEvent, topic
from cloud.kit.database import Connection
from cloud.kit.jobs import Jobs
from cloud.meters.service import meters_by_id
from cloud.premises.models import ServicePoint
from cloud.premises.service import points_by_id, premises_by_id
from cloud.webhooks.models import Event
from cloud.webhooks.service import Outbox

TELL_PEOPLE = "tell_people"
API = "/api/v1"
TOLD = (
    *("kind", "kinds", "severity", "state"),
    *("raised_at", "opened_at", "acknowledged_at", "snoozed_until", "resolved_at"),
    *("flow_l_per_h", "flow_low_l_per_h", "flow_high_l_per_h"),
    *("flow_w", "flow_low_w", "flow_high_w"),
    *("volume_l", "energy_wh", "cost_eur", "confidence"),
    *("explanation", "ordinary_use", "clears_when", "hours"),
)


class Messages:
    """Tells webhooks and people of alerts; ``base_url`` is where people open the app."""

    def __init__(self, outbox: Outbox, jobs: Jobs, base_url: str) -> None:
        self._outbox = outbox
        self._jobs = jobs
        self._base_url = base_url

    async def tell(self, connection: Connection, alert: Alert, event: AlertEvent) -> None:
        """Queue the news that ``event`` happened for every webhook and person it concerns."""
        found = await points_by_id(connection, [alert.service_point_id])
        point = found[alert.service_point_id]
        verb = alert.state if event.verb == "snoozed" else event.verb
        await self._outbox.publish(
            connection,
            Event(
                type=f"{topic(alert.kind)}.{verb}",
                occurred_at=event.happened_at,
                supplier_id=point.supplier_id,
                utility=alert.utility,
                premises_id=alert.premises_id,
                service_point_id=alert.service_point_id,
                kind=alert.kind,
                severity=alert.severity,
                content=await content(connection, alert, point, self._base_url),
            ),
        )
        await self._jobs.queue(connection, TELL_PEOPLE, event_id=str(event.event_id))


async def content(
    connection: Connection, alert: Alert, point: ServicePoint, base_url: str
) -> dict[str, Any]:
    """Return what a receiver reads of an alert: where, which meter, how much, and the evidence."""
    building = (await premises_by_id(connection, [alert.premises_id]))[alert.premises_id]
    meters = await meters_by_id(connection, [alert.meter_id] if alert.meter_id else [])
    meter = meters.get(alert.meter_id or "")
    told = alert.content()
    api = base_url + API
    return {
        "alert_id": alert.alert_id,
        "premises": {
            "premises_id": building.premises_id,
            "name": {"bg": building.name_bg, "en": building.name_en},
            "address": building.address,
            "district": building.district,
        },
        "service_point": {
            "service_point_id": point.service_point_id,
            "name": {"bg": point.name_bg, "en": point.name_en},
            "utility": point.type.utility,
            "reading_type": point.reading_type,
        },
        "meter": meter
        and {
            "meter_id": meter.meter_id,
            "serial": meter.serial,
            "make": meter.make,
            "model": meter.model,
        },
        "first_seen_at": told["started_at"],
        **{name: told[name] for name in TOLD},
        "links": {
            "app": f"{base_url}/#/premises/{building.premises_id}",
            "alert": f"{api}/alerts/{alert.alert_id}",
            "usage": f"{api}/service-points/{point.service_point_id}/usage",
        },
    }
