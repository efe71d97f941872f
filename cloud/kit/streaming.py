# SPDX-License-Identifier: EUPL-1.2
"""Server-sent events over HTTP, with a heartbeat so that dead connections show."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent

from cloud.kit.auth.rights import Principal
from cloud.kit.errors import NotFoundError
from cloud.kit.live import LiveFeed, within

HEARTBEAT_S = 15
SEND_TIMEOUT_S = 30
# Then the client connects again, and shows anew who it is: tokens and sessions have an end, too.
LASTS_S = 900

PointsSeen = Callable[[], Awaitable[frozenset[str] | None]]  # None: all there are

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


def stream(
    feed: LiveFeed, caller: Principal, premises_id: str | None, sight: PointsSeen
) -> EventSourceResponse:
    """Return the live stream of one premises, or of all (None), as far as the caller sees it.

    What that is, is asked once the stream is counted: a change from then on ends it. It begins
    once the feed hears the database, or what is committed meanwhile would be missed.
    """

    async def events() -> AsyncIterator[ServerSentEvent]:
        await feed.hears()
        with feed.subscribe({caller.subject, caller.owner}, premises_id) as subscription:
            try:
                subscription.service_point_ids = await sight()
            except NotFoundError:
                return  # the last of it was taken from the caller since the request was let in
            yield ServerSentEvent(comment="connected")
            async for announcement in within(subscription, LASTS_S):
                yield ServerSentEvent(
                    event=announcement.event, data=json.dumps(announcement.content)
                )

    return EventSourceResponse(events(), ping=HEARTBEAT_S, send_timeout=SEND_TIMEOUT_S)
