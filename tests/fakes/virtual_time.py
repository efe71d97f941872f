# SPDX-License-Identifier: EUPL-1.2
"""An event loop in which waiting costs no time: for what has to wait through many timeouts."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

from tests.fakes.gateway_clock import FakeClock


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(None if timeout is None else 0)
        if not ready and timeout:
            self.now_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Jumps to whatever is due next. Nothing outside the loop may be waited for."""

    def __init__(self) -> None:
        self._jumping = _Selector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


class LoopClock(FakeClock):
    """A gateway's clock that runs with the loop."""

    def now_ms(self) -> int:
        return self.at_ms + int(self.monotonic_s() * 1000)

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run ``work`` in virtual time and return what it returns."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
