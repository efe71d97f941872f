# SPDX-License-Identifier: EUPL-1.2
"""Messages to webhooks: written down, and queued for each webhook, when an alert changes.

All in the transaction that changes the alert: there is a message exactly when there is the alert.
Source: Standard Webhooks 1.0 for the payload's frame (type, timestamp, data) and the message id.
"""

import json
import secrets
from typing import Any

from cloud.alerts import repository
from cloud.alerts.models import CLEARED, GROUPS, METER, Alert
from cloud.kit.clock import Clock
from cloud.kit.database import Connection
from cloud.kit.jobs import Jobs
from cloud.meters.service import meters_by_id
from cloud.premises.models import ServicePoint
from cloud.premises.service import premises_by_id

DELIVER = "deliver_webhook"
TOLD = (
    *("kind", "kinds", "state", "raised_at", "cleared_at"),
    *("flow_l_per_h", "flow_low_l_per_h", "flow_high_l_per_h"),
    *("flow_w", "flow_low_w", "flow_high_w"),
    *("volume_l", "energy_wh", "cost_eur", "confidence"),
    *("explanation", "ordinary_use", "clears_when", "hours"),
)


class Messages:
    """Queues what webhooks are to be told."""

    def __init__(self, jobs: Jobs, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    async def tell(
        self, connection: Connection, alert: Alert, point: ServicePoint, meter_id: str
    ) -> None:
        """Queue the news that ``alert`` is raised or cleared for every webhook it concerns."""
        webhook_ids = await repository.webhooks_for(connection, point.type.utility)
        if not webhook_ids:
            return
        about = "meter_fault" if GROUPS[alert.kind] == METER else "leak"
        kind = f"{about}.{'cleared' if alert.state == CLEARED else 'raised'}"
        body = {
            "type": kind,
            "timestamp": self._clock.now().isoformat(),
            "data": await _content(connection, alert, point, meter_id),
        }
        message_id = f"msg_{secrets.token_urlsafe(18)}"
        await repository.add_message(
            connection, message_id, kind, json.dumps(body, ensure_ascii=False)
        )
        for webhook_id in webhook_ids:
            await self._jobs.queue(
                connection, DELIVER, webhook_id=webhook_id, message_id=message_id
            )


async def _content(
    connection: Connection, alert: Alert, point: ServicePoint, meter_id: str
) -> dict[str, Any]:
    building = (await premises_by_id(connection, [alert.premises_id]))[alert.premises_id]
    meter = (await meters_by_id(connection, [meter_id]))[meter_id]
    told = alert.content()
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
        "meter": {
            "meter_id": meter.meter_id,
            "serial": meter.serial,
            "make": meter.make,
            "model": meter.model,
        },
        "first_seen_at": told["started_at"],
        **{name: told[name] for name in TOLD},
    }
