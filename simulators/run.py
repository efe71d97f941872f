# SPDX-License-Identifier: EUPL-1.2
"""One run of the chain: set it up, watch it, open a leak, audit it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from simulators.chain import Chain
from simulators.errors import NotReadyError
from simulators.latency import LatencyTracker
from simulators.observer import Observer
from simulators.report import Report
from simulators.webhook_inbox import Received
from simulators.webhook_receiver import WebhookReceiver

log = structlog.get_logger()

Seen = TypeVar("Seen")

LEAK_AT = "lozenets-canteen"
LEAK_L_PER_H = 1920  # 32 l/min: a burst flexible hose
LEAK_AFTER_S = 60.0
WEBHOOK_PATIENCE_S = 10.0
WATCH_S = 1.0


class Run:
    """Watches a chain that has started; ``begin`` and ``end`` frame what happens in between."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.receiver = WebhookReceiver()
        self.observer = Observer(chain.operator, LatencyTracker(chain.dials()))
        self.leak_opened_s: float | None = None
        self._watching: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Register the receiver with the cloud and follow the live stream."""
        self.receiver.start()
        cloud = self.chain.utility
        for old in (await cloud.get("/api/v1/webhooks"))["items"]:
            await cloud.delete(f"/api/v1/webhooks/{old['webhook_id']}")
        made = await cloud.post(
            "/api/v1/webhooks", {"url": self.receiver.url, "utilities": ["water"]}
        )
        self.receiver.secret = made["secret"]
        self._watching = asyncio.create_task(self.observer.run(), name="observer")

    def open_leak(self) -> None:
        """Break a hose in the school's canteen."""
        self.chain.world.leak_valve(LEAK_AT).open(LEAK_L_PER_H)
        self.leak_opened_s = time.time()
        log.info("leak_opened", service_point_id=LEAK_AT, flow_l_per_h=LEAK_L_PER_H)

    async def leak_seen(self) -> float:
        """Wait for the leak's alert in the live stream; return s since the hose broke."""
        if self.leak_opened_s is None:
            raise NotReadyError("The leak", 0.0, "Call open_leak first.")
        # a node's time is told in whole seconds
        arrived_s, _ = await self.observer.alert_at(LEAK_AT, int(self.leak_opened_s))
        return arrived_s - self.leak_opened_s

    async def webhook_seen(self) -> Received:
        """Wait for the leak's verified webhook at the receiver."""
        while (received := self.receiver.leak_raised(LEAK_AT)) is None:
            await asyncio.sleep(0.1)
        return received

    async def watch(self) -> None:
        """Raise what ended a part of the chain, or this watching of it, for good."""
        while True:
            self.check()
            await asyncio.sleep(WATCH_S)

    def check(self) -> None:
        """Raise what ended a program, the world or the observer."""
        self.chain.check()
        if self._watching is not None and self._watching.done():
            self._watching.result()

    async def end(self) -> Report:
        """Audit the chain and return the figures of the run."""
        verdict = await self.chain.audit()
        self.check()
        for name in ("lost", "duplicated", "phantoms", "altered", "off_dial", "off_chart"):
            if fault := getattr(verdict, name):
                log.error("audit_failed", finding=name, count=len(fault), first=str(fault)[:500])
        detected_s = webhook = None
        if self.leak_opened_s is not None:
            detected_s = await _within(WEBHOOK_PATIENCE_S, self.leak_seen)
            webhook = await _within(WEBHOOK_PATIENCE_S, self.webhook_seen)
        latency = self.observer.latency
        return Report(
            nodes=len(self.chain.nodes),
            telegrams_produced=verdict.produced,
            telegrams_stored=verdict.stored,
            lost=len(verdict.lost),
            duplicated=len(verdict.duplicated),
            dial_mismatches=verdict.mismatches + latency.ahead_of_dial,
            latency_p50_s=latency.quantile_s(0.50),
            latency_p99_s=latency.quantile_s(0.99),
            leak_detected_after_s=detected_s,
            webhook_verified=webhook is not None,
        )

    async def close(self) -> None:
        """Stop watching."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self.receiver.stop()


async def _within(patience_s: float, see: Callable[[], Awaitable[Seen]]) -> Seen | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            return await see()
    return None
