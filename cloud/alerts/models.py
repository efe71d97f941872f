# SPDX-License-Identifier: EUPL-1.2
"""Alerts and webhooks as this module keeps them."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from cloud.kit.live import Announcement

RAISED = "raised"
ACKNOWLEDGED = "acknowledged"
CLEARED = "cleared"
KINDS = ("continuous_flow", "burst")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One state of what a gateway found, as a batch brings it."""

    finding_id: str
    state: str
    node_id: str
    obis: str
    kind: str
    raised_at: datetime
    started_at: datetime
    cleared_at: datetime | None
    flow_l_per_h: int
    volume_l: int
    confidence: int
    explanation: str
    reported_at: datetime


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A leak as the app and the API show it."""

    alert_id: str
    premises_id: str
    service_point_id: str
    kind: str
    state: str
    raised_at: datetime
    started_at: datetime
    cleared_at: datetime | None
    flow_l_per_h: int
    volume_l: int
    confidence: int
    explanation: str

    def news(self) -> Announcement:
        """Return what the live streams tell of it."""
        return Announcement(event="alert", premises_id=self.premises_id, content=self.content())

    def content(self) -> dict[str, Any]:
        """Return its fields as JSON has them."""
        return {
            name: one.astimezone(UTC).isoformat() if isinstance(one, datetime) else one
            for name, one in asdict(self).items()
        }


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Where a utility wants to be told."""

    webhook_id: str
    owner: str
    url: str
    utilities: list[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_because: str | None
