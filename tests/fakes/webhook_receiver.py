# SPDX-License-Identifier: EUPL-1.2
"""A utility's receiver of webhooks that answers as told and keeps what it got."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How to answer: with ``status`` and ``headers``, or after ``delay_s``, or by a reset."""

    status: int = 200
    headers: str = ""
    body: str = ""
    delay_s: float = 0
    resets: bool = False


Request = tuple[dict[str, str], str]


class Receiver:
    """A web server on loopback; ``answers`` are given in turn, then always ``otherwise``."""

    def __init__(self, answers: list[Answer], otherwise: Callable[[Request], Answer]) -> None:
        self.answers = answers
        self.otherwise = otherwise
        self.got: list[Request] = []
        self.url = ""
        self.is_down = False  # cuts every connection off before it reads
        self._news = asyncio.Condition()
        self._ends = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unasked: set[asyncio.StreamWriter] = set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._tasks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while not self.is_down and await self._take(reader, writer):
                pass
        writer.close()

    async def end(self) -> None:
        """Answer what is asked already, unless that is to be delayed, and cut the rest off."""
        self.is_down = True
        self._ends.set()
        for writer in self._unasked:
            writer.transport.abort()
        await asyncio.gather(*self._tasks)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take one request of a connection; False if it was the last."""
        self._unasked.add(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): content for name, content in (one.split(": ", 1) for one in head[1:-2])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        request = (headers, body.decode())
        self._unasked.discard(writer)
        async with self._news:
            self.got.append(request)
            self._news.notify_all()
        answer = self.answers.pop(0) if self.answers else self.otherwise(request)
        if answer.resets or (answer.delay_s and await self._ended_within(answer.delay_s)):
            writer.transport.abort()
            return False
        length = len(answer.body.encode())
        said = f"HTTP/1.1 {answer.status} X\r\n{answer.headers}Content-Length: {length}\r\n\r\n"
        writer.write(said.encode() + answer.body.encode())
        await writer.drain()
        return True

    async def _ended_within(self, span_s: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ends.wait(), span_s)
        return self._ends.is_set()

    async def until_got(self, count: int, within_s: float = 20) -> None:
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(lambda: len(self.got) >= count)


def _ok(_: Request) -> Answer:
    return Answer()


@asynccontextmanager
async def a_receiver(
    *answers: int | Answer, otherwise: Callable[[Request], Answer] = _ok, port: int = 0
) -> AsyncIterator[Receiver]:
    """Yield a receiver that gives these answers, statuses for short, and then 200."""
    told = [Answer(status=one) if isinstance(one, int) else one for one in answers]
    receiver = Receiver(told, otherwise)
    server = await asyncio.start_server(receiver.take, "127.0.0.1", port)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()
        await receiver.end()
