# SPDX-License-Identifier: EUPL-1.2
"""Clock: what time it is, whether to believe it, and how long to wait before trying again."""

import asyncio
import random
import time
from typing import Protocol

# No gateway of this release runs before it was written. A Raspberry Pi has no clock of its own and
# wakes up at the time of its last shutdown or of its image, until the network tells it better.
EARLIEST_CREDIBLE_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


class Clock(Protocol):
    """The only way in which the gateway asks for the time."""

    def now_ms(self) -> int:
        """Return Unix time in ms, right or wrong."""

    def monotonic_s(self) -> float:
        """Return seconds that only ever pass; their beginning means nothing."""

    def is_trusted(self) -> bool:
        """Return whether ``now_ms`` may be told to nodes and used to date readings."""

    async def sleep(self, delay_s: float) -> None:
        """Wait, letting other services run."""


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Return Unix time in ms, right or wrong."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Return seconds that only ever pass; their beginning means nothing."""
        return time.monotonic()

    def is_trusted(self) -> bool:
        """Return whether the clock shows a time after this release was written."""
        return self.now_ms() >= EARLIEST_CREDIBLE_MS

    async def sleep(self, delay_s: float) -> None:
        """Wait, letting other services run."""
        await asyncio.sleep(delay_s)


def full_jitter_s(attempt: int, first_s: float, cap_s: float) -> float:
    """Return how long to wait before retry ``attempt`` (0 is the first), in s.

    Uniform between nothing and an exponentially growing bound, so that a thousand clients that lost
    the same server do not come back at the same instant.
    Source: M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog (2015), "full jitter".
    """
    bound_s: float = min(cap_s, first_s * 2 ** min(attempt, 32))
    return random.uniform(0, bound_s)  # noqa: S311 - spreads load, guards no secret
