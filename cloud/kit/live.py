# SPDX-License-Identifier: EUPL-1.2
"""Live feed: what a transaction announces reaches every open stream once it has committed.

It travels by PostgreSQL's NOTIFY, so it reaches the streams of every cloud process. A client that
doesn't keep up is cut off rather than waited for; a browser then connects again.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import structlog

from cloud.kit.database import Connection, run

log = structlog.get_logger(__name__)

CHANNEL = "iskar_live"
MAX_WAITING = 200  # announcements; a phone that is this far behind has lost its connection
RECONNECT_S = 0.3
SLACK = timedelta(seconds=5)  # a transaction may commit some time after its now()

CatchUp = Callable[[datetime], Awaitable[list["Announcement"]]]


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """An event's name, whose it is, and what it says."""

    event: str
    premises_id: str
    content: dict[str, Any]


async def announce(connection: Connection, announcements: list[Announcement]) -> None:
    """Send these to every stream when the transaction of ``connection`` commits."""
    if announcements:
        await run(
            connection,
            "select pg_notify(%(channel)s, said) from unnest(%(said)s::text[]) said",
            channel=CHANNEL,
            said=[_said(one) for one in announcements],
        )


def _said(one: Announcement) -> str:
    """Return an announcement as it travels; escapes would make six bytes of a Cyrillic letter."""
    return json.dumps([one.event, one.premises_id, one.content], ensure_ascii=False)


class Subscription:
    """One client's stream: of some premises, or of all (None)."""

    def __init__(self, premises_id: str | None) -> None:
        self.premises_id = premises_id
        self._waiting: asyncio.Queue[Announcement | None] = asyncio.Queue(MAX_WAITING)
        self.over = False

    def offer(self, announcement: Announcement) -> None:
        """Queue an announcement that is this client's, or end the stream if it is too slow."""
        if self.premises_id not in (None, announcement.premises_id) or self.over:
            return
        if self._waiting.qsize() >= MAX_WAITING - 1:
            log.warning("live_client_too_slow", premises=self.premises_id)
            self.end()
        else:
            self._waiting.put_nowait(announcement)

    def end(self) -> None:
        """End the stream after what is queued."""
        if not self.over:
            self.over = True
            self._waiting.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Announcement]:
        while (announcement := await self._waiting.get()) is not None:
            yield announcement


class LiveFeed:
    """Listens to the database and hands on to the streams of this process."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscriptions: set[Subscription] = set()
        self._catch_ups: list[CatchUp] = []
        self._closed = False

    @contextmanager
    def subscribe(self, premises_id: str | None) -> Any:
        """Yield a subscription that is counted as long as it is used."""
        subscription = Subscription(premises_id)
        if self._closed:
            subscription.end()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def on_return(self, catch_up: CatchUp) -> None:
        """Ask ``catch_up`` what was announced while the database was away."""
        self._catch_ups.append(catch_up)

    def close(self) -> None:
        """End every stream, and new ones at once: the process is about to stop."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.end()

    async def run(self) -> None:
        """Listen until cancelled; connect again when the database was away."""
        lost_at: datetime | None = None
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._dsn, autocommit=True
                ) as connection:
                    await connection.execute(f"listen {CHANNEL}".encode())
                    if lost_at is not None:
                        await self._catch_up(lost_at - SLACK)
                        lost_at = None
                    await self._hand_on(connection)
            except (psycopg.Error, TimeoutError) as error:
                log.warning("live_feed_lost", error=str(error).strip()[:200])
            lost_at = lost_at or datetime.now(UTC)
            await asyncio.sleep(RECONNECT_S)

    async def _hand_on(self, connection: psycopg.AsyncConnection[Any]) -> None:
        async for notice in connection.notifies():
            event, premises_id, content = json.loads(notice.payload)
            self._offer(Announcement(event=event, premises_id=premises_id, content=content))

    async def _catch_up(self, since: datetime) -> None:
        for catch_up in self._catch_ups:
            for announcement in await catch_up(since):
                self._offer(announcement)

    def _offer(self, announcement: Announcement) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.offer(announcement)
