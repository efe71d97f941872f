# SPDX-License-Identifier: EUPL-1.2
"""A push service on loopback, and a browser that reads what came through it."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


class PushService:
    """Keeps the messages that it is handed, and answers as told, then 201."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)
        self._news = asyncio.Condition()

    def subscription(self) -> dict[str, str]:
        """Return what a browser tells of how it is reached."""
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {"endpoint": self.url, "p256dh": base64url(point), "auth": base64url(self._auth)}

    def read(self, body: bytes) -> Any:
        """Return a message as the browser reads it."""
        return json.loads(http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): content for name, content in (one.split(": ", 1) for one in head[1:-2])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        async with self._news:
            self.got.append((headers, body))
            self._news.notify_all()
        status = self.statuses.pop(0) if self.statuses else 201
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    async def until_got(self, count: int) -> None:
        """Wait until so many messages have arrived."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.got) >= count)


@asynccontextmanager
async def a_push_service(*statuses: int) -> AsyncIterator[PushService]:
    """Yield a push service that listens at its ``url``."""
    service = PushService(*statuses)
    server = await asyncio.start_server(service.answer, "127.0.0.1", 0)
    async with server:
        service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/browser/1"
        yield service


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
