# SPDX-License-Identifier: EUPL-1.2
"""Server-sent events over HTTP, with a heartbeat so that dead connections show."""

import json
from collections.abc import AsyncIterator
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent

from cloud.kit.live import LiveFeed

HEARTBEAT_S = 15
SEND_TIMEOUT_S = 30

# What a route's ``responses`` say of a stream; it carries no ids, so Last-Event-ID means nothing:
# a client that was away asks for what is current, as it does when it begins.
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events without end: `reading` and `alert`, each with a JSON object.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: reading\ndata: {"service_point_id": "sp-one", "reading_type":'
                ' "cold_water", "register": 1234, "unit": "ml", "quality": [],'
                ' "read_at": "2026-11-21T14:00:00+02:00"}\n\n',
            }
        },
    }
}


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
