# SPDX-License-Identifier: EUPL-1.2
"""Streams as HTTP: they never end, so they are asked apart from the other routes."""

import asyncio

import pytest

from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import Caller, CloudInTest, a_telegram

PATHS = ("/live", "/premises/p-one/live")


@pytest.mark.parametrize("path", PATHS)
async def test_a_stream_begins_at_once_and_is_not_kept(served: CloudInTest, path: str) -> None:
    # a client that was away names the last event; ours have no ids, so it begins like any other
    headers = {**served.operator.headers, "Last-Event-ID": "7", "If-None-Match": "*"}
    async with (
        asyncio.timeout(5),
        served.client.stream("GET", f"/api/v1{path}", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers
        lines = answer.aiter_lines()
        assert await anext(lines) == ": connected"
        await served.gateway.send(a_telegram())
        assert await anext(line async for line in lines if line) == "event: reading"
        assert (await anext(lines)).startswith("data: {")


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("nobody", "/live", 401),
        ("owner", "/live", 403),
        ("owner", "/premises/p-two/live", 404),
        ("gateway", "/premises/p-one/live", 403),
        ("owner", "/premises/NO/live", 422),
    ],
)
async def test_a_stream_is_refused_with_a_problem(
    served: CloudInTest, who: str, path: str, status: int
) -> None:
    callers: dict[str, Caller] = {
        "nobody": served.nobody,
        "owner": await served.caller(Role.OWNER, "p-one"),
        "gateway": served.gateway,
    }
    refused = await callers[who].ask("GET", path)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
