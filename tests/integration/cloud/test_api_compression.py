# SPDX-License-Identifier: EUPL-1.2
"""Answers go packed to those who take it; streams, small ones and secrets go as they are."""

import asyncio

import httpx
import pytest

from cloud.kit.compression import MIN_BYTES
from tests.integration.cloud.builders import Caller, CloudInTest, a_telegram

LONG = "/openapi.json"
PACKED = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


async def _asked(caller: Caller, path: str = LONG, **headers: str) -> httpx.Response:
    return await caller.ask("GET", path, headers=headers)


async def test_a_long_answer_goes_packed_and_says_the_same(cloud: CloudInTest) -> None:
    plain = await _asked(cloud.operator, **PLAIN)
    packed = await _asked(cloud.operator, **PACKED)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 4
    assert packed.content == plain.content
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["vary"].split(", ")


async def test_a_tag_holds_for_an_answer_however_it_was_packed(cloud: CloudInTest) -> None:
    plain = (await _asked(cloud.operator, **PLAIN)).headers["etag"]
    packed = (await _asked(cloud.operator, **PACKED)).headers["etag"]
    assert packed == f"W/{plain}"
    for tag in (plain, packed):
        for coding in (PLAIN, PACKED):
            again = await _asked(cloud.operator, **coding, **{"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b"")
            assert "Accept-Encoding" in again.headers["vary"].split(", ")
            assert "content-encoding" not in again.headers


async def test_what_fits_one_packet_goes_as_it_is(cloud: CloudInTest) -> None:
    short = await _asked(cloud.operator, "/premises/p-one", **PACKED)
    assert len(short.content) < MIN_BYTES
    assert "content-encoding" not in short.headers
    assert not short.headers["etag"].startswith("W/")


@pytest.mark.parametrize("coding", ["gzip;q=0", "gzip; q=0.0", "br", "*", ""])
async def test_nobody_gets_gzip_who_does_not_name_it(cloud: CloudInTest, coding: str) -> None:
    answer = await _asked(cloud.operator, **{"Accept-Encoding": coding})
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("coding", ["gzip;q=0.5", "br, GZIP", "deflate,gzip;q=1.0"])
async def test_gzip_may_be_one_of_several(cloud: CloudInTest, coding: str) -> None:
    answer = await _asked(cloud.operator, **{"Accept-Encoding": coding})
    assert answer.headers["content-encoding"] == "gzip"


async def test_a_head_is_answered_without_a_packing(cloud: CloudInTest) -> None:
    answer = await cloud.operator.ask("HEAD", "/premises/p-one", headers=PACKED)
    assert "content-encoding" not in answer.headers


async def test_a_stream_goes_as_it_is_made(served: CloudInTest) -> None:
    headers = {**served.operator.headers, **PACKED}
    async with (
        asyncio.timeout(5),
        served.client.stream("GET", "/api/v1/live", headers=headers) as answer,
    ):
        assert "content-encoding" not in answer.headers
        lines = answer.aiter_lines()
        assert await anext(lines) == ": connected"
        await served.gateway.send(a_telegram())
        assert await anext(line async for line in lines if line) == "event: reading"
