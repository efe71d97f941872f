# SPDX-License-Identifier: EUPL-1.2
"""The service of the downlink: fetches orders and packages, tells nodes, answers their fetches."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import structlog

from edge_gateway.clock import Clock, full_jitter_s
from edge_gateway.downlink import steps
from edge_gateway.downlink.commands import Message, Repeats
from edge_gateway.downlink.orders import OrderedRollout, understood
from edge_gateway.downlink.packages import Packages, PackageSource
from edge_gateway.downlink.rollout import Verdict
from edge_gateway.downlink.steps import Step
from edge_gateway.errors import CloudError, PackageRefusedError, StoreError
from edge_gateway.settings import Settings
from edge_gateway.store.database import Store
from wire import status, topics, transfer
from wire.errors import WireError

TICK_S = 1.0
RETRY_FIRST_S = 1.0
RETRY_CAP_S = 60.0
REFUSALS_TO_HALT = 2  # a disk may spoil one copy; a package refused twice is wrong itself

log = structlog.get_logger(__name__)


class OrderSource(PackageSource, Protocol):
    """The cloud, as far as orders go."""

    async def orders(self) -> dict[str, Any]:
        """Return what this gateway is to do, or raise CloudError."""


class Publisher(Protocol):
    """The way to the nodes."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish if there is a connection; a lost one is no error, for it is told again."""


class Downlink:
    """Carries orders to nodes; all that it must not forget is in the store."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        source: OrderSource,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._store = store
        self._source = source
        self._publisher = publisher
        self._clock = clock
        self._packages = Packages(settings.data_dir / "packages", settings.pki_dir / "release.pub")
        self._repeats = Repeats()
        self._refusals: Counter[str] = Counter()
        self._offered: dict[str, str] = {}  # package by node, as it may fetch now
        self._heard_at_ms: dict[str, int] = {}
        self._listening_since_ms: int | None = None  # not before the time is known

    async def run(self) -> None:
        """Carry orders until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fetch_orders(), name="orders")
            tasks.create_task(self._fetch_packages(), name="packages")
            tasks.create_task(self._tell_nodes(), name="telling")

    async def receive(self, topic: str, payload: bytes, retained: bool) -> bool:
        """Take a message from the broker; return whether it was for us alone."""
        if topic.endswith("/" + topics.FETCH):
            await self._answer_fetch(topic, payload)
            return True
        if topic.endswith("/" + topics.STATUS) and not retained and self._clock.is_trusted():
            self._hear(topic, payload)
        return False

    def _hear(self, topic: str, payload: bytes) -> None:
        try:
            said = status.decode(payload)
            node_id = topics.parse(topic)[2]
        except WireError:
            return  # admission counts and keeps it
        if said.state == status.ONLINE and said.node_id == node_id:
            self._heard_at_ms[node_id] = self._clock.now_ms()

    async def _answer_fetch(self, topic: str, payload: bytes) -> None:
        try:
            node_id = topics.parse(topic)[2]
            package_id, offset = transfer.decode_fetch(payload)
        except WireError as error:
            log.info("fetch_not_understood", topic=topic, reason=str(error))
            return
        found = self._packages.there(package_id)
        if found is None or self._offered.get(node_id) != package_id:
            return  # not offered, or not any more: the node gives up when its time is over
        try:
            chunk = await asyncio.to_thread(found.chunk, offset)
        except OSError as error:
            log.error("package_not_read", package=package_id, reason=str(error))
            return
        if chunk:
            answer = transfer.encode_chunk(package_id, offset, chunk)
            await self._publish(node_id, topics.PACKAGE, answer)

    async def _fetch_orders(self) -> None:
        failures = 0
        while True:
            try:
                orders = understood(await self._source.orders())
                await self._store.write_unsynced(partial(steps.take_orders, orders=orders))
                wanted = {one.package_id for one in orders.rollouts}
                await asyncio.to_thread(self._packages.keep_only, wanted)
            except (CloudError, StoreError, OSError) as error:
                log.debug("orders_not_fetched", reason=str(error))  # the forwarder says it louder
                await self._clock.sleep(full_jitter_s(failures, RETRY_FIRST_S, RETRY_CAP_S))
                failures += 1
            else:
                failures = 0
                await self._clock.sleep(self._settings.orders_every_s)

    async def _fetch_packages(self) -> None:
        failures = 0
        while True:
            try:
                for ordered in await self._store.read(steps.open_rollouts):
                    if self._packages.there(ordered.package_id) is None:
                        await self._fetch_package(ordered)
            except (CloudError, StoreError, OSError) as error:
                log.info("package_not_fetched", reason=str(error))
                await self._clock.sleep(full_jitter_s(failures, RETRY_FIRST_S, RETRY_CAP_S))
                failures += 1
            else:
                failures = 0
                await self._clock.sleep(TICK_S)

    async def _fetch_package(self, ordered: OrderedRollout) -> None:
        try:
            await self._packages.fetch(self._source, ordered.package_id, ordered.size)
        except PackageRefusedError as error:
            self._refusals[ordered.package_id] += 1
            log.error("package_refused", package=ordered.package_id, reason=str(error))
            if self._refusals[ordered.package_id] >= REFUSALS_TO_HALT and self._clock.is_trusted():
                verdict = Verdict(halt=str(error))
                step = partial(
                    steps.halt,
                    rollout_id=ordered.rollout_id,
                    verdict=verdict,
                    now_ms=self._clock.now_ms(),
                )
                await self._take(step)
                del self._refusals[ordered.package_id]

    async def _tell_nodes(self) -> None:
        while True:
            if self._clock.is_trusted():
                try:
                    await self._tell_what_is_due()
                except StoreError as error:
                    log.error("store_failed", error=str(error))
            await self._clock.sleep(TICK_S)

    async def _tell_what_is_due(self) -> None:
        now_ms = self._clock.now_ms()
        if self._listening_since_ms is None:
            self._listening_since_ms = now_ms
        if not await self._store.read(steps.is_anything_open):
            self._offered = {}
            return  # and no transaction begun
        now = steps.Now(
            at_ms=now_ms,
            listening_since_ms=self._listening_since_ms,
            heard_at_ms=self._heard_at_ms,
        )
        messages = await self._take(partial(steps.due_commands, now_ms=now_ms))
        offered: dict[str, str] = {}
        for ordered in await self._store.read(steps.open_rollouts):
            found = self._packages.there(ordered.package_id)
            if found is not None:
                step = partial(steps.advance, ordered=ordered, found=found, now=now)
                offers = await self._take(step)
                offered |= {one.node_id: found.package_id for one in offers}
                messages += offers
        self._offered = offered
        for message in self._repeats.due(messages, self._clock.monotonic_s()):
            log.debug("node_told", node=message.node_id, command=message.command_id)
            await self._publish(message.node_id, topics.COMMAND, message.payload)

    async def _take(self, work: Callable[[sqlite3.Connection], Step]) -> list[Message]:
        """Take a step, unsynced: one that a power cut undoes is taken again."""
        step = await self._store.write_unsynced(work)
        if step.has_notice:
            self._store.outbox_grew.set()
        return list(step.messages)

    async def _publish(self, node_id: str, channel: str, payload: bytes) -> None:
        topic = topics.topic(self._settings.site, self._settings.id, node_id, channel)
        await self._publisher.publish(topic, payload)
