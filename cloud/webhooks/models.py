# SPDX-License-Identifier: EUPL-1.2
"""Events and webhooks as this module keeps them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened at a service point; ``content`` is what receivers read as its data.

    ``type`` is a thing and a verb ("leak.raised"). The other fields say whose it is and which
    webhooks want it; they are not sent by themselves.
    """

    type: str
    occurred_at: datetime
    supplier_id: str | None
    utility: str | None
    premises_id: str | None
    service_point_id: str | None
    kind: str | None
    severity: str | None
    content: dict[str, Any] = field(default_factory=dict)


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
