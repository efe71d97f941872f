# SPDX-License-Identifier: EUPL-1.2
"""A balancer over TCP: each connection to the next server, past those that don't answer.

With ``checked_every_s`` it asks each for ``/health/ready``, as real ones do, and leads nobody to
one that is not.
"""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK_BYTES = 65536


class Balancer:
    """Listens on a port of its own; ``served`` counts the connections of each server."""

    def __init__(self, ports: list[int], checked_every_s: float | None = None) -> None:
        self._ports = ports
        self._checked_every_s = checked_every_s
        self._checking: asyncio.Task[None] | None = None
        self._unready: set[int] = set()
        self._turn = 0
        self._server: asyncio.Server | None = None
        self.served = [0 for _ in ports]
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        if self._checked_every_s is not None:
            self._checking = asyncio.create_task(self._check(self._checked_every_s))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._checking is not None:
            self._checking.cancel()
        if self._server is not None:
            self._server.close()

    async def _check(self, every_s: float) -> None:
        while True:
            for port in self._ports:
                if await _is_ready(port):
                    self._unready.discard(port)
                else:
                    self._unready.add(port)
            await asyncio.sleep(every_s)

    async def _lead(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        for _ in self._ports:
            self._turn = turn = (self._turn + 1) % len(self._ports)
            if self._ports[turn] in self._unready:
                continue
            try:
                server, forth = await asyncio.open_connection("127.0.0.1", self._ports[turn])
            except OSError:
                continue
            self.served[turn] += 1
            await asyncio.gather(
                _pass_on(client, forth), _pass_on(server, back), return_exceptions=True
            )
            break
        back.transport.abort()


async def _is_ready(port: int) -> bool:
    with suppress(OSError):
        answer, question = await asyncio.open_connection("127.0.0.1", port)
        question.write(b"GET /health/ready HTTP/1.1\r\nHost: cloud\r\nConnection: close\r\n\r\n")
        told = await answer.readline()
        question.close()
        return b" 200 " in told
    return False


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(CHUNK_BYTES):
            sink.write(chunk)
            await sink.drain()
    finally:
        sink.close()
