# SPDX-License-Identifier: EUPL-1.2
"""The outbox: events written down, and queued for each webhook that wants them.

All in the transaction of what happened: there is a message exactly when it did.
Source: Standard Webhooks 1.0 for the payload's frame (type, timestamp, data) and the message id.
"""

import json
import secrets
from datetime import UTC

from cloud.kit.clock import Clock
from cloud.kit.database import Connection
from cloud.webhooks import deliveries_repository
from cloud.webhooks.models import Event


class Outbox:
    """Queues what webhooks are to be told."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def publish(
        self, connection: Connection, event: Event, *, only_webhook_id: str | None = None
    ) -> str:
        """Queue ``event`` for every webhook that wants it, or for the one that is named.

        It goes once ``connection`` commits. The transaction must be the system's (``as_system``):
        callers can't see others' webhooks. Returns the message's id.
        """
        message_id = f"msg_{secrets.token_urlsafe(18)}"
        await deliveries_repository.publish(
            connection,
            message_id=message_id,
            type=event.type,
            body=framed(event),
            created_at=self._clock.now(),
            occurred_at=event.occurred_at,
            supplier_id=event.supplier_id,
            utility=event.utility,
            premises_id=event.premises_id,
            service_point_id=event.service_point_id,
            kind=event.kind,
            severity=event.severity,
            only_webhook_id=only_webhook_id,
        )
        return message_id


def framed(event: Event) -> str:
    """Return the body of an event's message, the same in every attempt."""
    body = {
        "type": event.type,
        "timestamp": event.occurred_at.astimezone(UTC).isoformat(),
        "data": event.content,
    }
    return json.dumps(body, ensure_ascii=False)
