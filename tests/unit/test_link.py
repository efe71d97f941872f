# SPDX-License-Identifier: EUPL-1.2
import asyncio

import pytest

from simulators.link import Link


@pytest.fixture
async def link():
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(100):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    link = Link(server.sockets[0].getsockname()[1])
    await link.start()
    yield link
    await link.stop()
    server.close()


async def say(link: Link, words: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    try:
        writer.write(words)
        async with asyncio.timeout(0.5):
            return await reader.read(100)
    finally:
        writer.transport.abort()


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Return what came until the connection ended in whatever way."""
    try:
        async with asyncio.timeout(0.5):
            return await reader.read(1)
    except ConnectionError:
        return b""


async def test_a_link_that_is_up_passes_both_ways(link: Link):
    assert await say(link, b"hello") == b"hello"


async def test_a_cut_resets_what_is_open_and_refuses_what_is_new(link: Link):
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    writer.write(b"x")
    await reader.read(1)
    link.cut()
    assert await heard(reader) == b""
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    assert await heard(reader) == b""


async def test_a_black_hole_takes_everything_and_answers_nothing(link: Link):
    link.black_hole()
    with pytest.raises(TimeoutError):
        await say(link, b"hello")


async def test_a_restored_link_passes_again(link: Link):
    link.black_hole()
    link.restore()
    link.cut()
    link.restore()
    assert await say(link, b"hello") == b"hello"
