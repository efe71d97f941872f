# SPDX-License-Identifier: EUPL-1.2
"""Bodies: every request's is limited in size, and may come compressed with zstd or gzip."""

import re
import zlib
from collections.abc import Mapping
from typing import ClassVar, Protocol

import zstandard
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.kit.errors import BodyTooLargeError, CloudError, MalformedBodyError, problem

DEFAULT_LIMIT_BYTES = 64 * 1024
# The most memory that a stranger's frame makes us set aside. Source: RFC 9659, section 3.
ZSTD_WINDOW_BYTES = 8 * 2**20
ZSTD_SLICE_BYTES = 256  # unpacks to 8 MiB at most: a block of 4 bytes may stand for 128 KiB


class UnknownEncodingError(CloudError):
    """A body comes in a compression that we don't read."""

    status = 415
    code = "unknown-encoding"
    headers: ClassVar = {"Accept-Encoding": "zstd, gzip"}

    def __init__(self, encoding: str) -> None:
        super().__init__(
            f"Content-Encoding {encoding!r} is not understood; send zstd, gzip or none."
        )


class LimitBodies:
    """Reads each body once, unpacks it, and refuses it beyond the limit of its path."""

    def __init__(
        self,
        app: ASGIApp,
        limits: dict[str, int],
        by_pattern: Mapping[re.Pattern[str], int] | None = None,
    ) -> None:
        self._app = app
        self._limits = limits
        self._by_pattern = by_pattern or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its whole body, or refuse it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        limit_bytes = self._limit_bytes(scope["path"])
        headers = Headers(scope=scope)
        try:
            body = await _read(receive, headers, limit_bytes)
        except CloudError as error:
            answer = problem(Request(scope), error.status, error.code, str(error), error.headers)
            await answer(scope, receive, send)
            return
        kept = [
            (name, content)
            for name, content in scope["headers"]
            if name not in (b"content-encoding", b"content-length")
        ]
        scope = {**scope, "headers": [*kept, (b"content-length", str(len(body)).encode())]}
        given = False

        async def once() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, once, send)

    def _limit_bytes(self, path: str) -> int:
        for pattern, limit_bytes in self._by_pattern.items():
            if pattern.fullmatch(path):
                return limit_bytes
        return self._limits.get(path, DEFAULT_LIMIT_BYTES)


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool:
        """Tell whether the body is complete."""

    def unpack(self, chunk: bytes, limit_bytes: int) -> bytes:
        """Return what ``chunk`` adds, at least up to the limit; raise MalformedBodyError."""


class _Plain:
    eof = True

    def unpack(self, chunk: bytes, limit_bytes: int) -> bytes:  # noqa: ARG002 - nothing grows
        """Return it as it is."""
        return chunk


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def eof(self) -> bool:
        """Tell whether the stream is complete."""
        return self._stream.eof

    def unpack(self, chunk: bytes, limit_bytes: int) -> bytes:
        """Return what ``chunk`` adds, up to the limit."""
        try:
            return self._stream.decompress(chunk, limit_bytes)
        except zlib.error as error:
            raise MalformedBodyError(f"The body is not gzip: {error}.") from error


class _Zstd:
    def __init__(self) -> None:
        frame = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
        self._stream = frame.decompressobj()

    @property
    def eof(self) -> bool:
        """Tell whether the frame is complete."""
        return self._stream.eof

    def unpack(self, chunk: bytes, limit_bytes: int) -> bytes:
        """Return what ``chunk`` adds, slice by slice until it is over the limit."""
        unpacked = bytearray()
        try:
            for start in range(0, len(chunk), ZSTD_SLICE_BYTES):
                unpacked += self._stream.decompress(chunk[start : start + ZSTD_SLICE_BYTES])
                if len(unpacked) >= limit_bytes:
                    break
        except zstandard.ZstdError as error:
            raise MalformedBodyError(f"The body is not zstd: {error}.") from error
        return bytes(unpacked)


_UNPACKERS: dict[str, type[_Unpacker]] = {"identity": _Plain, "gzip": _Gzip, "zstd": _Zstd}


async def _read(receive: Receive, headers: Headers, limit_bytes: int) -> bytes:
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding not in _UNPACKERS:
        raise UnknownEncodingError(encoding)
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > limit_bytes:
        raise BodyTooLargeError(limit_bytes)
    unpacker = _UNPACKERS[encoding]()
    body = bytearray()
    came_bytes = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedBodyError("The connection ended in the middle of the body.")
        chunk = message.get("body", b"")
        came_bytes += len(chunk)  # also what unpacks to nothing, or follows the end of the stream
        body += unpacker.unpack(chunk, limit_bytes + 1 - len(body))
        more = message.get("more_body", False)
        if max(came_bytes, len(body)) > limit_bytes:
            raise BodyTooLargeError(limit_bytes)
    if not unpacker.eof:
        raise MalformedBodyError(f"The {encoding} body is not complete.")
    return bytes(body)
