# SPDX-License-Identifier: EUPL-1.2
"""Events, webhooks, messages and deliveries as this module keeps them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TEST = "webhook.test"
FAULT = "fault of ours"
PENDING, DELIVERED, GIVEN_UP = "pending", "delivered", "given_up"


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
    """Where a utility wants to be told, and how that goes.

    ``supplier_id`` is whose events it gets; ``all_suppliers`` is an operator's, which gets all.
    ``public_keys`` are those of signatures made now.
    """

    webhook_id: str
    owner: str
    supplier_id: str | None
    all_suppliers: bool
    url: str
    types: list[str]
    utilities: list[str]
    premises_ids: list[str]
    kinds: list[str]
    severities: list[str]
    description: str
    contact: str | None
    created_at: datetime
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None
    disabled_at: datetime | None
    disabled_because: str | None
    public_keys: list[str]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What an attempt needs to know of a webhook."""

    webhook_id: str
    url: str
    failures: int


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message on its way to one webhook; ``body`` is the same in every attempt."""

    delivery_id: int
    webhook_id: str
    message_id: str
    body: str
    attempts: int
    queued_at: datetime


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of an attempt; ``status`` is None where no answer came.

    ``answer`` is the beginning of what a receiver said with a refusal; ``is_fault`` tells that a
    program of ours failed.
    """

    attempted_at: datetime
    status: int | None
    said: str
    retry_after_s: float = 0
    answer: str = ""
    duration_ms: int = 0
    is_fault: bool = False

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300
