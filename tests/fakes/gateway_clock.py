# SPDX-License-Identifier: EUPL-1.2
"""A clock that tests set, and a machine for the real clock to run on."""

import asyncio

from edge_gateway.clock import Moment
from edge_gateway.machine import Machine

NOVEMBER_2026_MS = 1_795_000_000_000


class FakeClock:
    """Stands still unless told, or slept on; sleeping costs no real time."""

    def __init__(self, now_ms: int = NOVEMBER_2026_MS, *, trusted: bool = True) -> None:
        self.at_ms = now_ms
        self.trusted = trusted
        self.slept_s: list[float] = []
        self.up_s = 100.0
        self.machine_boot = "machine-boot-1"

    def now_ms(self) -> int:
        return self.at_ms

    def moment(self) -> Moment:
        return Moment(
            unix_ms=self.at_ms,
            is_trusted=self.trusted,
            machine_boot=self.machine_boot,
            up_ms=int(self.up_s * 1000),
        )

    def monotonic_s(self) -> float:
        return self.up_s

    def is_trusted(self) -> bool:
        return self.trusted

    def learn(self, now_ms: int, sent_at_s: float) -> None:
        self.at_ms = now_ms + int((self.up_s - sent_at_s) * 500)
        self.trusted = True

    def advance(self, elapsed_s: float) -> None:
        self.at_ms += int(elapsed_s * 1000)
        self.up_s += elapsed_s

    async def sleep(self, delay_s: float) -> None:
        self.slept_s.append(delay_s)
        self.advance(delay_s)
        await asyncio.sleep(0)


class SteppedClock(FakeClock):
    """Time passes from one awakening to the next, and only once everybody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, delay_s: float) -> None:
        awake = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.up_s + delay_s, awake))
        await awake

    async def step(self, services: int) -> None:
        """Wait until so many sleep, then let time pass until the first of them wakes up."""
        while len(self._sleepers) < services:
            await asyncio.sleep(0)
        self.advance(min(until_s for until_s, _ in self._sleepers) - self.up_s)
        due = [awake for until_s, awake in self._sleepers if until_s <= self.up_s]
        self._sleepers = [one for one in self._sleepers if one[0] > self.up_s]
        for awake in due:
            awake.set_result(None)

    def wake_nobody(self) -> None:
        """Forget who sleeps: they were cancelled."""
        self._sleepers.clear()


class FakeMachine(Machine):
    """A machine whose counter, clock and kernel say what a test tells them to."""

    def __init__(self, wall_ms: int = NOVEMBER_2026_MS) -> None:
        self.boot = "machine-boot-1"
        self.has_run_s = 100.0
        self.shows_ms = wall_ms
        self.synchronised = False

    def boot_id(self) -> str:
        return self.boot

    def up_s(self) -> float:
        return self.has_run_s

    def wall_ms(self) -> int:
        return self.shows_ms

    def is_synchronised(self) -> bool:
        return self.synchronised

    def advance(self, elapsed_s: float) -> None:
        self.has_run_s += elapsed_s
        self.shows_ms += int(elapsed_s * 1000)

    def reboot(self, *, wall_ms: int, up_s: float = 10.0) -> None:
        self.boot += "+"
        self.has_run_s, self.shows_ms, self.synchronised = up_s, wall_ms, False
