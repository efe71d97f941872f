# SPDX-License-Identifier: EUPL-1.2
"""Compression: whole JSON answers to reads go gzipped to those who take it.

Streams and exports pass untouched as they are made, and what fits one packet anyway isn't worth the
work. Entity tags name the JSON, not its packing, so a packed answer's tag is weak.

A compressed length tells something of what was compressed, to whoever can put guesses beside a
secret and measure many answers (BREACH). So nothing that gives out a secret is packed: such answers
say ``no-store``, and answers to writes never are. A session's token is in no body, and its cookie
doesn't go along with requests that other sites make.
Source: RFC 9110, 8.8.1, 8.8.3.3 and 12.5.3; Gluck, Harris, Prado: BREACH (2013).
"""

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIN_BYTES = 1400  # less fits one packet of 1,500 bytes
LEVEL = 5
# Beyond this the event loop would wait for it: about 2 ms on a slow core.
APART_FROM_BYTES = 64 * 1024
VARY = "Accept-Encoding"


class Compressed:
    """Packs answers below ``prefix`` and leaves the rest alone."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back smaller where that gains something."""
        is_read = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if not is_read or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        takes = scope["method"] == "GET" and takes_gzip(Headers(scope=scope))
        await self._app(scope, receive, _Answer(send, takes).send)


class _Answer:
    """One answer on its way out; its head waits for the body to be known."""

    def __init__(self, send: Send, takes_gzip: bool) -> None:
        self._send = send
        self._takes_gzip = takes_gzip
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if _may_be_packed(headers) or message["status"] == 304:
                headers.add_vary_header(VARY)
                if self._takes_gzip:
                    self._head = message
                    return
        elif self._head is not None:
            head, self._head = self._head, None
            body = message.get("body", b"")
            if not message.get("more_body", False) and len(body) >= MIN_BYTES:
                message = {**message, "body": await _packed(body)}
                _tell(MutableHeaders(scope=head), len(message["body"]))
            await self._send(head)
        await self._send(message)


def takes_gzip(asked: Headers) -> bool:
    """Tell whether Accept-Encoding names gzip and doesn't refuse it with ``q=0``."""
    for one in ",".join(asked.getlist("accept-encoding")).split(","):
        coding, _, weight = one.partition(";")
        if coding.strip().lower() == "gzip":
            return weight.replace(" ", "").rstrip("0").rstrip(".") not in ("q=", "q=0")
    return False


def _may_be_packed(headers: MutableHeaders) -> bool:
    kind = headers.get("content-type", "").partition(";")[0]
    return (
        kind == "application/json"
        and "content-encoding" not in headers
        and "no-store" not in headers.get("cache-control", "")
    )


async def _packed(body: bytes) -> bytes:
    if len(body) < APART_FROM_BYTES:
        return gzip.compress(body, LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, LEVEL, mtime=0)


def _tell(headers: MutableHeaders, length: int) -> None:
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(length)
    tag = headers.get("etag", "")
    if tag and not tag.startswith("W/"):
        headers["ETag"] = f"W/{tag}"
