# SPDX-License-Identifier: EUPL-1.2
"""Messages: what webhooks are told when an alert changes."""

from typing import Any

from cloud.alerts.models import CLEARED, GROUPS, METER, Alert
from cloud.kit.clock import Clock
from cloud.kit.database import Connection
from cloud.meters.service import meters_by_id
from cloud.premises.models import ServicePoint
from cloud.premises.service import premises_by_id
from cloud.webhooks.models import Event
from cloud.webhooks.service import Outbox

TOLD = (
    *("kind", "kinds", "state", "raised_at", "cleared_at"),
    *("flow_l_per_h", "flow_low_l_per_h", "flow_high_l_per_h"),
    *("flow_w", "flow_low_w", "flow_high_w"),
    *("volume_l", "energy_wh", "cost_eur", "confidence"),
    *("explanation", "ordinary_use", "clears_when", "hours"),
)
CRITICAL = frozenset({"burst", "gas_flow"})
NOTICE = frozenset({"stuck", "missing", "standby"})


class Messages:
    """Tells webhooks of alerts."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def tell(
        self, connection: Connection, alert: Alert, point: ServicePoint, meter_id: str
    ) -> None:
        """Queue the news that ``alert`` is raised or cleared for every webhook it concerns."""
        about = "meter_fault" if GROUPS[alert.kind] == METER else "leak"
        await self._outbox.publish(
            connection,
            Event(
                type=f"{about}.{'cleared' if alert.state == CLEARED else 'raised'}",
                occurred_at=self._clock.now(),
                supplier_id=point.supplier_id,
                utility=point.type.utility,
                premises_id=alert.premises_id,
                service_point_id=alert.service_point_id,
                kind=alert.kind,
                severity=_severity(alert.kind),
                content=await _content(connection, alert, point, meter_id),
            ),
        )


def _severity(kind: str) -> str:
    if kind in CRITICAL:
        return "critical"
    return "notice" if kind in NOTICE else "warning"


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
