# SPDX-License-Identifier: EUPL-1.2
"""A network link that can be cut or turned into a black hole: a TCP relay on loopback."""

import asyncio
import contextlib
from typing import Literal

State = Literal["up", "cut", "black_hole"]

_CHUNK_BYTES = 65536


class Link:
    """Relays a local port to a target port.

    ``cut`` resets what is open and refuses what is new, as a pulled cable with an honest router
    does. ``black_hole`` keeps every connection and passes nothing, as a dead radio link does; what
    was swallowed is gone, so ``restore`` resets those connections.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.state: State = "up"
        self._passing = asyncio.Event()
        self._passing.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen on a free port, told by ``port``."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close all."""
        self._reset()
        if self._server is not None:
            self._server.close()

    def cut(self) -> None:
        """Reset every connection and refuse new ones until ``restore``."""
        self.state = "cut"
        self._reset()

    def black_hole(self) -> None:
        """Accept, and pass nothing either way until ``restore``."""
        self.state = "black_hole"
        self._passing.clear()

    def restore(self) -> None:
        """Be a good link again."""
        if self.state == "black_hole":
            self._reset()
        self.state = "up"
        self._passing.set()

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.state == "cut":
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            await self._passing.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(far_writer)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer))
                group.create_task(self._pump(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A reset on either side is what this class is for: it ends the pair, and no more.
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(_CHUNK_BYTES):
                await self._passing.wait()
                writer.write(chunk)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
