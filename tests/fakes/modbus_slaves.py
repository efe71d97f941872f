# SPDX-License-Identifier: EUPL-1.2
"""A line whose slaves answer late, damaged or not at all; register ``n`` always holds ``n``."""

import asyncio
import struct
from collections.abc import Callable, Iterable
from typing import Any

from edge_gateway.wired.framing import _crc

Damage = Callable[[bytes], bytes]


class SlaveLine:
    """Stands for ``edge_gateway.wired.line.Line``.

    ``delays_s`` is consumed, one per request, None for no answer; then it is ``usual_s``. Units in
    ``unplugged`` are silent. ``framing`` tcp: slaves behind a converter, which gives a reply the
    number of the question it holds for open, and that is the last one (``forgetful``), or its own.
    """

    def __init__(
        self,
        *,
        units: Iterable[int] = (1,),
        delays_s: Iterable[float | None] = (),
        usual_s: float = 0.01,
        damage: Damage | None = None,
        echo: bool = False,
        framing: str = "rtu",
        forgetful: bool = False,
    ) -> None:
        self.name = "line"
        self.receive: Any = None
        self.is_open = True
        self.units = set(units)
        self.unplugged: set[int] = set()
        self.delays_s = list(delays_s)
        self.usual_s = usual_s
        self.damage = damage
        self.echo = echo
        self.framing = framing
        self.forgetful = forgetful
        self.requests: list[tuple[int, float]] = []  # unit, when
        self.content: Callable[[int, int], bytes] = lambda _unit, n: struct.pack(">H", n)
        self._transaction = 0

    async def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def write(self, frame: bytes) -> None:
        loop = asyncio.get_running_loop()
        if self.echo:
            loop.call_soon(self.receive, frame)
        if self.framing == "tcp":
            (self._transaction,) = struct.unpack_from(">H", frame)
            frame = frame[6:]
        unit_id, function, address, count = struct.unpack_from(">BBHH", frame)
        self.requests.append((unit_id, loop.time()))
        delay_s = self.delays_s.pop(0) if self.delays_s else self.usual_s
        if unit_id not in self.units - self.unplugged or delay_s is None:
            return
        body = struct.pack(">BBB", unit_id, function, 2 * count)
        body += b"".join(self.content(unit_id, address + n) for n in range(count))
        loop.call_later(delay_s, self._answer, body, self._transaction)

    def _answer(self, body: bytes, transaction: int) -> None:
        if self.framing == "tcp":
            number = self._transaction if self.forgetful else transaction
            reply = struct.pack(">HHH", number, 0, len(body)) + body
        else:
            reply = body + _crc(body)
        self.receive(reply if self.damage is None else self.damage(reply))
