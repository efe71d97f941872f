# SPDX-License-Identifier: EUPL-1.2
"""Bodies: every request's is limited in size, and may come compressed with gzip."""

import zlib
from typing import ClassVar

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.kit.errors import BodyTooLargeError, CloudError, MalformedBodyError, problem

DEFAULT_LIMIT_BYTES = 64 * 1024


class UnknownEncodingError(CloudError):
    """A body comes in a compression that we don't read."""

    status = 415
    code = "unknown-encoding"
    headers: ClassVar = {"Accept-Encoding": "gzip"}

    def __init__(self, encoding: str) -> None:
        super().__init__(f"Content-Encoding {encoding!r} is not understood; send gzip or none.")


class LimitBodies:
    """Reads each body once, unpacks it, and refuses it beyond the limit of its path."""

    def __init__(self, app: ASGIApp, limits: dict[str, int]) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its whole body, or refuse it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        limit_bytes = self._limits.get(scope["path"], DEFAULT_LIMIT_BYTES)
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


async def _read(receive: Receive, headers: Headers, limit_bytes: int) -> bytes:
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise UnknownEncodingError(encoding)
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > limit_bytes:
        raise BodyTooLargeError(limit_bytes)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding == "gzip" else None
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedBodyError("The connection ended in the middle of the body.")
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        try:
            body += unpacker.decompress(chunk, limit_bytes + 1 - len(body)) if unpacker else chunk
        except zlib.error as error:
            raise MalformedBodyError(f"The body is not gzip: {error}.") from error
        if len(body) > limit_bytes:
            raise BodyTooLargeError(limit_bytes)
    if unpacker is not None and not unpacker.eof:
        raise MalformedBodyError("The gzip body is not complete.")
    return bytes(body)
