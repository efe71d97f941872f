# SPDX-License-Identifier: EUPL-1.2
"""A cloud that takes batches over real HTTP, commits them to a dict, and fails when told to."""

import asyncio
import gzip
import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import zstandard

from wire import batch, block

Key = tuple[str, int, int]
Mood = Callable[[], str]
_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "": lambda body: body,
    "gzip": gzip.decompress,
    "zstd": zstandard.decompress,
}


class IngestCloud:
    """Keeps each key once. A mood, asked for each batch, says how it behaves:

    answer; lose_answer (commit, then hang up); hang_up (before committing); hang; or a status code.
    A token that is asked for is only let in; who comes with none of ``lets_in`` gets 401.
    """

    def __init__(self, mood: Mood = lambda: "answer") -> None:
        self.mood = mood
        self.port = 0
        self.rows: dict[Key, dict[str, Any]] = {}
        self.conflicts: list[Key] = []
        self.findings: list[dict[str, Any]] = []
        self.notices: dict[int, dict[str, Any]] = {}  # by number: repeats are one
        self.batch_sizes: list[int] = []
        self.connections = 0
        self.tokens: set[str] = set()
        self.lets_in: set[str] | None = None  # bearer tokens; None: whoever comes
        self.understands = {"", "zstd", "gzip"}
        self.encodings: list[str] = []
        self.retry_after = ""
        self.now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
        self.notices: dict[int, dict[str, Any]] = {}  # by number: repeats are one
        self.configuration: dict[str, Any] = {"nodes": []}
        self.refuses: Callable[[dict[str, Any]], bool] = lambda _entry: False
        self.most_entries = batch.MAX_ENTRIES
        self.ssl: Any = None
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=self.ssl)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the gateway was killed, or the link cut: what this fake is for
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): rest.strip()
            for name, _, rest in (line.partition(":") for line in head[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        bearer = headers.get("authorization", "")
        self.tokens.add(bearer)
        if self.lets_in is not None and bearer.removeprefix("Bearer ") not in self.lets_in:
            return await _answer(writer, 401, {})
        if head[0].startswith("GET"):
            return await _answer(writer, 200, {"now_ms": self.now_ms(), **self.configuration})
        if "/token " in head[0]:
            return await self._give_token(writer, headers["idempotency-key"])
        encoding = headers.get("content-encoding", "")
        self.encodings.append(encoding)
        if encoding not in self.understands:
            return await _answer(writer, 415, {})
        return await self._take(writer, _entries(json.loads(_UNPACK[encoding](body))))

    async def _give_token(self, writer: asyncio.StreamWriter, request_id: str) -> bool:
        token = f"token-for-{request_id}"
        if self.lets_in is not None:
            self.lets_in.add(token)
        if self.mood() == "lose_answer":
            return False
        return await _answer(writer, 200, {"token": token})

    async def _take(self, writer: asyncio.StreamWriter, entries: list[dict[str, Any]]) -> bool:
        self.batch_sizes.append(len(entries))
        if len(entries) > self.most_entries:
            return await _answer(writer, 413, {})
        if any(self.refuses(entry) for entry in entries):
            return await _answer(writer, 422, {"title": "An entry is not right."})
        mood = self.mood()
        if mood == "hang":
            await asyncio.sleep(3600)
        if mood.isdigit():
            return await _answer(writer, int(mood), {}, {"Retry-After": self.retry_after})
        if mood == "hang_up":
            return False
        for entry in entries:
            self._commit(entry)
        if mood == "lose_answer":
            return False
        word = {"ver": 1, "committed": entries[-1]["n"], "now_ms": self.now_ms()}
        return await _answer(writer, 200, word)

    def _commit(self, entry: dict[str, Any]) -> None:
        body = entry["body"]
        if entry["kind"] == batch.FINDING:
            self.findings.append(body)
            return
        if entry["kind"] == batch.NOTICE:
            self.notices[int(entry["n"])] = body
            return
        key = (body["id"], body["boot"], body["seq"])
        if self.rows.setdefault(key, entry)["body"] != body:
            self.conflicts.append(key)


def _entries(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all that a batch says as entries, in order of their numbers."""
    told: list[Any] = [*request["entries"]]
    for one in request["blocks"]:
        told += block.unpacked(one)
    return sorted(told, key=lambda entry: int(entry["n"]))


async def _answer(
    writer: asyncio.StreamWriter,
    status: int,
    content: dict[str, Any],
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\n"
    head += "".join(f"{name}: {said}\r\n" for name, said in headers.items() if said)
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    return True
