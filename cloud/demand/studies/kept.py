# SPDX-License-Identifier: EUPL-1.2
"""Answers that take long: worked out behind the request, and kept for a time in this process.

Nothing of it is stored: what is lost with a process is worked out anew when somebody asks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from cloud.kit.clock import Clock

log = structlog.get_logger(__name__)

Told = dict[str, Any]
MOST_KEPT = 500  # a few kB each
MOST_WAITING = 20  # who asks when so many wait has to ask again
FAILED_FOR = timedelta(minutes=30)  # what failed would fail again, and costs a core meanwhile
FAILED: Told = {"failed": True}


@dataclass(frozen=True, kw_only=True)
class _Kept:
    told: Told
    until: datetime


class KeptAnswers:
    """Works out answers one after the other, each once, and keeps them until they are old."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Hashable, _Kept] = {}
        self._under_way: dict[Hashable, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(1)

    def told(
        self, key: Hashable, until: datetime, work: Callable[[], Awaitable[Told]]
    ) -> Told | None:
        """Return the answer of this key; None while it is being worked out, which this begins.

        ``until``: how long it holds. It is ``FAILED`` for a while if its program came to grief.
        """
        now = self._clock.now()
        found = self._kept.get(key)
        if found is not None and now < found.until:
            return found.told
        if key not in self._under_way and len(self._under_way) < MOST_WAITING:
            task = asyncio.create_task(self._work(key, until, work), name="demand_study")
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return None

    async def stop(self) -> None:
        """Break off what is under way; its programs end with it."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(
        self, key: Hashable, until: datetime, work: Callable[[], Awaitable[Told]]
    ) -> None:
        try:
            async with self._turn:  # before anything is read: who waits holds no memory
                told = await work()
        except Exception as error:  # nobody awaits this task: what it met has to be told here
            log.error("study_failed", key=str(key), exc_info=error)
            told, until = FAILED, self._clock.now() + FAILED_FOR
        self._keep(key, _Kept(told=told, until=until))

    def _keep(self, key: Hashable, kept: _Kept) -> None:
        now = self._clock.now()
        self._kept = {name: one for name, one in self._kept.items() if now < one.until}
        while len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))  # the oldest
        self._kept[key] = kept
