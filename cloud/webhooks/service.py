# SPDX-License-Identifier: EUPL-1.2
"""The outbox: events written down, and queued for each webhook that wants them.

All in the transaction of what happened: there is a message exactly when it did.
Source: Standard Webhooks 1.0 for the payload's frame (type, timestamp, data) and the message id.
"""

import json
import secrets
from datetime import UTC

from cloud.kit.database import Connection
from cloud.kit.jobs import Jobs
from cloud.webhooks import repository
from cloud.webhooks.models import Event

DELIVER = "deliver_webhook"


class Outbox:
    """Queues what webhooks are to be told."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def publish(self, connection: Connection, event: Event) -> None:
        """Queue ``event`` for every webhook that wants it; it goes once ``connection`` commits.

        The transaction must be the system's (``as_system``): callers can't see others' webhooks.
        """
        webhook_ids = await repository.webhooks_for(connection, event.utility or "")
        if not webhook_ids:
            return
        message_id = f"msg_{secrets.token_urlsafe(18)}"
        await repository.add_message(connection, message_id, event.type, framed(event))
        for webhook_id in webhook_ids:
            await self._jobs.queue(
                connection, DELIVER, webhook_id=webhook_id, message_id=message_id
            )


def framed(event: Event) -> str:
    """Return the body of an event's message, the same in every attempt."""
    body = {
        "type": event.type,
        "timestamp": event.occurred_at.astimezone(UTC).isoformat(),
        "data": event.content,
    }
    return json.dumps(body, ensure_ascii=False)
