# SPDX-License-Identifier: EUPL-1.2
"""Server-sent events over HTTP, with a heartbeat so that dead connections show."""

import json
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent

from cloud.kit.live import LiveFeed

HEARTBEAT_S = 15
SEND_TIMEOUT_S = 30


def stream(feed: LiveFeed, premises_id: str | None) -> EventSourceResponse:
    """Return the live stream of one premises, or of all (None)."""

    async def events() -> AsyncIterator[ServerSentEvent]:
        with feed.subscribe(premises_id) as subscription:
            yield ServerSentEvent(comment="connected")
            async for announcement in subscription:
                yield ServerSentEvent(
                    event=announcement.event, data=json.dumps(announcement.content)
                )

    return EventSourceResponse(events(), ping=HEARTBEAT_S, send_timeout=SEND_TIMEOUT_S)
