# SPDX-License-Identifier: EUPL-1.2
"""The service that commits what arrived and then, and only then, acknowledges it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import Protocol

import structlog

from edge_gateway.clock import Clock, full_jitter_s
from edge_gateway.errors import StoreError
from edge_gateway.feed import Feed
from edge_gateway.intake.admission import Admission
from edge_gateway.intake.arrival import Arrival, Watch
from edge_gateway.intake.progress import BootKey
from edge_gateway.store.database import Store
from edge_gateway.store.quarantine import Kept
from wire import acknowledgement, command, fields, status, topics
from wire.errors import WireError

MAX_WAITING = 5000  # messages; with the broker's limit on their size, at most 20 MB
MAX_BATCH = 500  # messages per transaction: some 50 ms of work, so acknowledgements stay prompt
CLOCK_LOOK_S = 1.0  # between looks at a clock that is not trusted yet
GATHER_S = 0.005  # telegrams of one instant share a transaction
RETRY_CAP_S = 10.0
SETTLE_AFTER = 10_000  # messages: some MB of memory, and half a second more at the next start

log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """The way back to the nodes."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish if there is a connection; a lost one is no error, for nodes ask again."""


class Intake:
    """Stores what nodes send and tells them up to where it is stored.

    What comes is at once in the store, for the forwarder to see, and acknowledged once it is
    synced: after ``commit_interval_s``, or as soon as a few wait. Nodes read their meters on the
    same second, so that a sync serves many. When more comes than the disk takes, the newest is
    dropped unacknowledged, and nodes send it again.
    """

    def __init__(
        self,
        *,
        site: str,
        gateway_id: str,
        store: Store,
        publisher: Publisher,
        clock: Clock,
        watch: Watch,
        feed: Feed,
        commit_interval_s: float = 0.0,
    ) -> None:
        self._site = site
        self._gateway_id = gateway_id
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._feed = feed
        self._commit_interval_s = commit_interval_s
        self._admission = Admission(site, gateway_id, watch)
        store.when_undone(self._admission.forget)
        self._waiting: deque[Arrival] = deque()
        self._arrived = asyncio.Event()
        self._wrote = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._dropped = 0
        self.turns = 0  # how often a commit was tried, for whoever watches that we get on

    @property
    def waiting(self) -> int:
        """Return how many messages wait to be stored."""
        return len(self._waiting)

    async def receive(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a message from the broker, once there is room; tell the time if it asks for it."""
        await self._has_room.wait()
        self.offer(topic, payload, retained=retained)
        if topic.endswith("/" + topics.STATUS) and not retained:
            await self._tell_time(payload, topic)

    def offer(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        """Put a message in line for the next ``commit``."""
        if len(self._waiting) >= MAX_WAITING:
            self._dropped += 1
            return
        self._waiting.append(
            Arrival(
                topic=topic,
                payload=payload,
                retained=retained,
                at=self._clock.moment(),
            )
        )
        self._arrived.set()
        if len(self._waiting) >= MAX_WAITING:
            self._has_room.clear()

    async def run(self) -> None:
        """Store, sync and acknowledge until cancelled."""
        async with asyncio.TaskGroup() as services:
            services.create_task(self._admit_what_comes(), name="admission")
            services.create_task(self._sync_now_and_then(), name="sync")

    async def _admit_what_comes(self) -> None:
        failures = 0
        while True:
            await self._something_to_do()
            try:
                await self._acknowledge(await self.admit())
                if self._admission.unsettled > SETTLE_AFTER:
                    await self.settle()
            except StoreError as error:
                delay_s = full_jitter_s(failures, 0.5, RETRY_CAP_S)
                failures += 1
                log.error("store_failed", error=str(error), retry_in_s=round(delay_s, 1))
                await self._clock.sleep(delay_s)
            else:
                failures = 0

    async def _something_to_do(self) -> None:
        """Wait until something has come, or messages that have can perhaps be dated."""
        if self._admission.is_behind:
            return
        limit_s = CLOCK_LOOK_S if self._admission.awaits_time else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._arrived.wait()
                await self._clock.sleep(GATHER_S)

    async def _sync_now_and_then(self) -> None:
        while True:
            await self._wrote.wait()
            await self._clock.sleep(self._commit_interval_s)
            self._wrote.clear()
            try:
                await self._acknowledge(await self._sync())
            except StoreError as error:
                log.error("store_not_synced", error=str(error))

    @property
    def is_behind(self) -> bool:
        """Return whether messages wait whose time can be told; every ``commit`` dates some."""
        return self._admission.is_behind

    async def commit(self) -> Mapping[BootKey, int]:
        """Store and sync what waits; return the watermarks that are now true on disk.

        Raises StoreError when the disk fails; the messages are dropped and nodes send them again.
        """
        at_once = await self.admit()
        await self._store.write(self._admission.save_tallies)
        return {**at_once, **await self._sync()}

    async def release(self, kept: Kept) -> bool:
        """Take a message out of quarantine; return whether that succeeds, else it stays there."""
        return await self._store.write(
            partial(self._admission.release, kept=kept, now=self._clock.moment())
        )

    async def watch_silence(self) -> None:
        """Raise what is to be said of meters that are silent, once the time is known; settle."""
        now = self._clock.moment()
        if not now.is_trusted:
            await self.settle()
            return
        await self._store.write(partial(self._admission.watch_silence, now=now))
        self._store.outbox_grew.set()
        self._feed.tell(self._admission.take_news())

    async def settle(self) -> None:
        """Write down what else follows from the rows; what is old can be deleted up to here."""
        await self._store.write(self._admission.settle)

    async def admit(self) -> Mapping[BootKey, int]:
        """Store what waits; return what may be acknowledged already."""
        self.turns += 1
        arrivals = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
        if not self._waiting:
            self._arrived.clear()
        self._has_room.set()
        dropped, self._dropped = self._dropped, 0
        at_once = await self._store.write_unsynced(
            partial(
                self._admission.admit,
                arrivals=arrivals,
                dropped=dropped,
                now=self._clock.moment(),
            ),
            unless=self._admission.wants_sync,
        )
        self._store.outbox_grew.set()
        self._feed.tell(self._admission.take_news())
        if at_once is not None:
            return at_once
        if self._admission.wants_sync():
            return await self._sync()
        self._wrote.set()
        return {}

    async def _sync(self) -> Mapping[BootKey, int]:
        return await self._store.sync(self._admission.synced)

    async def _acknowledge(self, watermarks: Mapping[BootKey, int]) -> None:
        for (node_id, boot), sequence in watermarks.items():
            await self._publisher.publish(
                self._topic_of(node_id, topics.ACKNOWLEDGEMENT),
                acknowledgement.encode(boot, sequence),
            )

    async def _tell_time(self, payload: bytes, topic: str) -> None:
        """Answer a live status with the time, before the disk: the node halves the round trip."""
        if not self._clock.is_trusted():
            return
        try:
            said = status.decode(payload)
            asked_by = topics.parse(topic)[2]
        except WireError:
            return  # admission counts and keeps it
        if said.state == status.ONLINE and said.node_id == asked_by:
            await self._publisher.publish(
                self._topic_of(said.node_id, topics.COMMAND),
                command.encode_time(
                    said.up_ms, min(self._clock.now_ms(), fields.MAX_UNIX_S * 1000)
                ),
            )

    def _topic_of(self, node_id: str, channel: str) -> str:
        return topics.topic(self._site, self._gateway_id, node_id, channel)
