# SPDX-License-Identifier: EUPL-1.2
"""Live feed: what a transaction announces reaches every open stream once it has committed.

It travels by PostgreSQL's NOTIFY, so it reaches the streams of every cloud process. A client that
doesn't keep up is cut off rather than waited for; a browser then connects again.

A stream shows what its caller saw as it began. Triggers of the database announce when somebody's
sight may have shrunk: a grant revoked, a token or session ended, a service point handed to another
supplier. The streams that this may touch end at once, and who may still look connects again.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog

from cloud.kit.database import Connection, run

log = structlog.get_logger(__name__)

CHANNEL = "iskar_live"
MAX_WAITING = 200  # announcements; a phone that is this far behind has lost its connection
RECONNECT_S = 0.3
SIGHT_CHANGED = "sight_changed"  # what triggers of migration 0014 announce; never sent to clients


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """An event's name, whose it is, and what it says."""

    event: str
    premises_id: str
    content: dict[str, Any]  # names its service_point_id

    @property
    def service_point_id(self) -> str | None:
        """What it is about."""
        return self.content.get("service_point_id")


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
    """One client's stream: of what ``subjects`` see of some premises, or of all (None).

    They are a person, a program, or a program and the person whom it acts for.
    Nothing is offered to it before it is told which service points it may show; None for all.
    """

    def __init__(self, subjects: Collection[str], premises_id: str | None) -> None:
        self.subjects = frozenset(subjects)
        self.premises_id = premises_id
        self.service_point_ids: frozenset[str] | None = frozenset()
        self._waiting: asyncio.Queue[Announcement | None] = asyncio.Queue(MAX_WAITING)
        self.over = False

    def offer(self, announcement: Announcement) -> None:
        """Queue an announcement that is this client's, or end the stream if it is too slow."""
        if self.premises_id not in (None, announcement.premises_id) or self.over:
            return
        seen = self.service_point_ids
        if seen is not None and announcement.service_point_id not in seen:
            return
        if self._waiting.qsize() >= MAX_WAITING - 1:
            log.warning("live_client_too_slow", premises=self.premises_id)
            self.end()
        else:
            self._waiting.put_nowait(announcement)

    def is_touched_by(self, change: Announcement) -> bool:
        """Tell whether a change of somebody's sight may have taken something from this stream."""
        subject = change.content.get("subject")
        if subject is not None:  # signed out, disabled, or something else than before
            return subject in self.subjects
        return self.service_point_ids is not None and change.premises_id == self.premises_id

    def end(self) -> None:
        """End the stream after what is queued."""
        if not self.over:
            self.over = True
            self._waiting.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Announcement]:
        while (announcement := await self._waiting.get()) is not None:
            yield announcement


async def within(subscription: Subscription, seconds: float) -> AsyncIterator[Announcement]:
    """Yield a stream's announcements until it ends, for so long at most."""
    ending = asyncio.get_running_loop().call_later(seconds, subscription.end)
    try:
        async for announcement in subscription:
            yield announcement
    finally:
        ending.cancel()


class LiveFeed:
    """Listens to the database and hands on to the streams of this process."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self._hears = asyncio.Event()

    async def hears(self) -> None:
        """Return once the database's news arrive here, at once if they do, or it is closed."""
        await self._hears.wait()

    @contextmanager
    def subscribe(
        self, subjects: Collection[str], premises_id: str | None
    ) -> Iterator[Subscription]:
        """Yield a subscription that is counted as long as it is used."""
        subscription = Subscription(subjects, premises_id)
        if self._closed:
            subscription.end()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every stream, and new ones at once: the process is about to stop."""
        self._closed = True
        self._hears.set()
        self._end_all()

    async def run(self) -> None:
        """Listen until cancelled; connect again when the database was away.

        Streams end then: news and changes of sight may have been missed. A client connects again
        and asks for what is current, as it does when it begins.
        """
        was_lost = False
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._dsn, autocommit=True
                ) as connection:
                    await connection.execute(f"listen {CHANNEL}".encode())
                    if was_lost:
                        self._end_all()
                        was_lost = False
                    self._hears.set()
                    await self._hand_on(connection)
            except (psycopg.Error, TimeoutError) as error:
                log.warning("live_feed_lost", error=str(error).strip()[:200])
            was_lost = True
            if not self._closed:
                self._hears.clear()
            await asyncio.sleep(RECONNECT_S)

    async def _hand_on(self, connection: psycopg.AsyncConnection[Any]) -> None:
        async for notice in connection.notifies():
            event, premises_id, content = json.loads(notice.payload)
            announcement = Announcement(event=event, premises_id=premises_id, content=content)
            if event == SIGHT_CHANGED:
                self._end_touched(announcement)
            else:
                self._offer(announcement)

    def _end_touched(self, change: Announcement) -> None:
        for subscription in tuple(self._subscriptions):
            if subscription.is_touched_by(change):
                subscription.end()

    def _end_all(self) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.end()

    def _offer(self, announcement: Announcement) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.offer(announcement)
