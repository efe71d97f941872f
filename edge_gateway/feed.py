# SPDX-License-Identifier: EUPL-1.2
"""The feed: what has just been stored, told to whoever listens, waiting for nobody."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wire.event import Event
from wire.status import Status
from wire.telegram import Telegram

MAX_WAITING = 5000  # of one listener: some 5 MB, five minutes of a thousand nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A telegram or event that is in the store, and when it was read."""

    message: Telegram | Event
    read_at_s: int
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """A finding as it is now: raised, grown or cleared; the fields of ``edge_gateway.leaks``."""

    finding: Mapping[str, object]


News = Stored | Noticed | Status


class Listener:
    """One neighbour's place in the feed. What it does not take in time, it loses, oldest first."""

    def __init__(self, at_most: int) -> None:
        self.lost = 0
        self._waiting: deque[News] = deque(maxlen=at_most)
        self._came = asyncio.Event()

    def tell(self, news: Iterable[News]) -> None:
        """Put news in line, in place of the oldest where the line is full."""
        for item in news:
            self.lost += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(item)
        if self._waiting:
            self._came.set()

    async def next(self, at_most: int = MAX_WAITING) -> list[News]:
        """Wait for news; return the oldest of it."""
        await self._came.wait()
        taken = [self._waiting.popleft() for _ in range(min(at_most, len(self._waiting)))]
        if not self._waiting:
            self._came.clear()
        return taken


class Feed:
    """Hands the same news to every listener. To be used in the event loop's thread only."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, at_most: int = MAX_WAITING) -> Listener:
        """Return a new listener, to be told everything from now on."""
        self._listeners.append(Listener(at_most))
        return self._listeners[-1]

    def tell(self, news: Iterable[News]) -> None:
        """Tell every listener, whether or not it keeps up."""
        items = list(news)
        for listener in self._listeners:
            listener.tell(items)
