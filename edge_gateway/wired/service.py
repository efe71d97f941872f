# SPDX-License-Identifier: EUPL-1.2
"""The service that reads the meters wired to the gateway itself."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog

from edge_gateway.clock import Clock
from edge_gateway.errors import SettingsError, StoreError
from edge_gateway.settings import Settings
from edge_gateway.store import notices
from edge_gateway.store.database import Store
from edge_gateway.wired import commissioning, register_maps, wiring
from edge_gateway.wired.bus import bus_on
from edge_gateway.wired.line import Line
from edge_gateway.wired.meter import Meter
from edge_gateway.wired.node import OwnNode, next_boot
from edge_gateway.wired.rounds import Rounds
from edge_gateway.wired.wiring import LineTable, WiredMeter, Wiring
from wire import fields, topics

_RETRY_S = 5.0

Offer = Callable[[str, bytes], None]
log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """The way to the nodes."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish if there is a connection."""


class Wired:
    """Reads what ``meters.toml`` names and hands it to intake, as a node of the gateway's own.

    It stands before the broker's session: what is published to its own node stays here, all else
    goes on to ``others``.
    """

    def __init__(self, settings: Settings, store: Store, clock: Clock, others: Publisher) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._others = others
        self._own_topics: dict[str, str] = {}  # topic: channel
        self._node: OwnNode | None = None

    async def publish(self, topic: str, payload: bytes) -> None:
        """Tell a node something, be it our own."""
        if self._node is not None and topic in self._own_topics:
            self._node.hear(self._own_topics[topic], payload)
        else:
            await self._others.publish(topic, payload)

    async def run(self, offer: Offer) -> None:
        """Read the meters until cancelled; return at once if there are none to be read."""
        try:
            wired = wiring.read(self._settings.data_dir)
            lines = self._lines(wired) if wired is not None else []
        except SettingsError as error:  # no reason to leave the nodes alone, too
            log.error("wired_meters_not_read", reason=str(error))
            return
        if wired is None or not lines:
            return
        node = await self._begin(wired, offer)
        count = sum(len(meters) for _, meters in lines)
        log.info("wired_meters_read", node=wired.node_id, lines=len(lines), meters=count)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(node.run(), name="own node")
            for table, meters in lines:
                rounds = self._rounds(table, meters, wired.interval_s, node)
                tasks.create_task(rounds.run(), name=f"meters on {table.name}")

    def _lines(self, wired: Wiring) -> list[tuple[LineTable, list[WiredMeter]]]:
        """Return the lines with their meters that were compared; say which were not."""
        maps = register_maps.read()
        record = commissioning.compared(self._settings.data_dir)
        lines = []
        for table in wired.lines:
            meters = wiring.meters_of(table, maps)
            ready = [one for one in meters if one.fingerprint in record]
            for one in meters:
                if one not in ready:
                    log.warning("meter_not_compared", line=one.line, unit_id=one.unit_id)
            if ready:
                lines.append((table, ready))
        return lines

    async def _begin(self, wired: Wiring, offer: Offer) -> OwnNode:
        """Begin a boot of our own node; wait for the time if only that can tell its number."""
        while (boot := await self._next_boot()) is None:
            log.debug("wired_meters_wait_for_the_time")
            await self._clock.sleep(_RETRY_S)
        own = partial(topics.topic, self._settings.site, self._settings.id, wired.node_id)
        self._own_topics = {own(channel): channel for channel in topics.TO_NODE}
        self._node = OwnNode(
            wired.node_id,
            boot,
            self._clock,
            lambda channel, payload: offer(own(channel), payload),
        )
        self._node.begin()
        return self._node

    async def _next_boot(self) -> int | None:
        now_s = self._clock.now_ms() // 1000 if self._clock.is_trusted() else None
        try:
            return await self._store.write(partial(next_boot, now_s=now_s))
        except StoreError as error:
            log.error("store_failed", error=str(error), retry_in_s=_RETRY_S)
            return None

    def _rounds(
        self, table: LineTable, meters: list[WiredMeter], interval_s: int, node: OwnNode
    ) -> Rounds:
        return Rounds(
            bus_on(Line(table), table),
            [Meter(one) for one in meters],
            interval_s=interval_s,
            clock=self._clock,
            scribe=node,
            tell=self._tell,
        )

    async def _tell(self, kind: str, detail: dict[str, int | str]) -> None:
        """Let the cloud's operators know; the line is looked after even if that can't be stored."""
        short = {
            name: content[: fields.MAX_TEXT] if isinstance(content, str) else content
            for name, content in detail.items()
        }
        now_ms = self._clock.now_ms()
        try:
            await self._store.write(lambda db: notices.append(db, kind, short, now_ms))
        except StoreError as error:
            log.error("store_failed", error=str(error), unsaid=kind)
        self._store.outbox_grew.set()
