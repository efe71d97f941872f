# SPDX-License-Identifier: EUPL-1.2
"""A clock that tests set."""

import asyncio

NOVEMBER_2026_MS = 1_795_000_000_000


class FakeClock:
    """Stands still unless told, or slept on; sleeping costs no real time."""

    def __init__(self, now_ms: int = NOVEMBER_2026_MS, *, trusted: bool = True) -> None:
        self.at_ms = now_ms
        self.trusted = trusted
        self.slept_s: list[float] = []

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_s(self) -> float:
        return sum(self.slept_s)

    def is_trusted(self) -> bool:
        return self.trusted

    def advance(self, elapsed_s: float) -> None:
        self.at_ms += int(elapsed_s * 1000)

    async def sleep(self, delay_s: float) -> None:
        self.slept_s.append(delay_s)
        self.advance(delay_s)
        await asyncio.sleep(0)
