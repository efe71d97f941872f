# SPDX-License-Identifier: EUPL-1.2
"""Bodies: what a stranger may make the cloud read and remember before anybody knows who it is."""

import gzip

import zstandard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from cloud.kit.bodies import LimitBodies

LIMIT_BYTES = 10_000
# What such a body begins with, and what may follow without an end and unpacks to nothing.
ENDLESS = {
    "gzip": (gzip.compress(b"{}"), b"after the end of the stream"),
    "zstd": (b"", b"\x50\x2a\x4d\x18\x08\x00\x00\x00skipped!"),
}


async def answered(encoding: str, chunks: list[bytes]) -> tuple[int, int]:
    """Return the status, and how many of the chunks were read for it."""

    async def tell(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    app = LimitBodies(
        Starlette(routes=[Route("/", tell, methods=["POST"])]), limits={"/": LIMIT_BYTES}
    )
    left = list(chunks)
    statuses = []

    async def receive():
        chunk = left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    async def send(message):
        statuses.append(message.get("status"))

    headers = [(b"content-encoding", encoding.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    scope |= {"query_string": b"", "server": ("here", 80), "scheme": "http", "root_path": ""}
    await app(scope, receive, send)
    return statuses[0], len(chunks) - len(left)


async def test_a_body_within_the_limit_is_taken_whatever_its_encoding():
    content = b"a litre " * 1000
    assert await answered("identity", [content[:5000], content[5000:]]) == (200, 2)
    assert await answered("gzip", [gzip.compress(content)]) == (200, 1)
    assert await answered("zstd", [zstandard.compress(content)]) == (200, 1)


async def test_a_small_body_that_unpacks_to_much_is_refused_at_once():
    content = bytes(LIMIT_BYTES + 1)
    for encoding, compress in (("gzip", gzip.compress), ("zstd", zstandard.compress)):
        assert len(compress(content)) < 100
        assert await answered(encoding, [compress(content), b"", b""]) == (413, 1)


async def test_a_body_that_goes_on_and_unpacks_to_nothing_is_read_no_further_than_its_limit():
    for encoding, (begin, nothing) in ENDLESS.items():
        status, read = await answered(encoding, [begin, *[nothing * 100] * 100])
        assert status in (400, 413)
        assert read < 10
