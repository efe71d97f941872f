# SPDX-License-Identifier: EUPL-1.2
"""The live stream over real HTTP: what is committed arrives, to whom it belongs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from cloud.app.serving import listen, serve
from cloud.kit.auth.rights import Role
from cloud.kit.live import MAX_WAITING, Announcement, Subscription
from tests.integration.cloud.builders import (
    COLD,
    NOON,
    Caller,
    CloudInTest,
    a_finding,
    a_telegram,
)

Events = AsyncIterator[tuple[str, dict[str, Any]]]


@asynccontextmanager
async def listening(cloud: CloudInTest, caller: Caller, path: str) -> AsyncIterator[Events]:
    """Yield the events of a stream, once it is open."""
    async with cloud.client.stream("GET", "/api/v1" + path, headers=caller.headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == ": connected"

        async def events() -> Events:
            name = ""
            async for line in lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))

        async with asyncio.timeout(15):
            yield events()


async def test_a_reading_arrives_at_its_building_with_all_that_the_app_shows(
    served: CloudInTest,
) -> None:
    owner = await served.caller(Role.OWNER, "p-one")
    async with listening(served, owner, "/premises/p-one/live") as events:
        await served.gateway.send(a_telegram(7, registers={COLD: 1234, "8-0:2.0.0": 60}))
        told = [await anext(events), await anext(events)]
    assert told[0] == (
        "reading",
        {
            "premises_id": "p-one",
            "service_point_id": "sp-one",
            "meter_id": "m-one",
            "reading_type": "cold_water",
            "unit": "ml",
            "register": 1234,
            "read_at": "2026-11-21T12:00:00+00:00",
            "received_at": "2026-11-21T12:00:00.250000+00:00",
            "quality": [],
            "node_id": "n-one",
            "boot": 1,
            "sequence": 7,
        },
    )
    assert (told[1][1]["reading_type"], told[1][1]["reading"]) == ("cold_water_flow", 60)


async def test_a_backlog_an_import_and_old_news_do_not_flood_the_stream(
    served: CloudInTest,
) -> None:
    async with listening(served, served.operator, "/live") as events:
        past = [a_telegram(n, boot=0, at=NOON - timedelta(hours=n)) for n in range(1, 50)]
        await served.gateway.send(*past)
        await served.gateway.send(
            *[a_telegram(n, at=NOON + timedelta(seconds=n)) for n in range(1, 30)]
        )
        await served.gateway.send(a_telegram(1, boot=2, at=NOON - timedelta(minutes=1)))
        await served.gateway.send(a_telegram(2, boot=2, at=NOON + timedelta(minutes=1)))
        told = [await anext(events), await anext(events)]
    assert [(one["boot"], one["sequence"]) for _, one in told] == [(1, 29), (2, 2)]


async def test_a_building_hears_nothing_of_another(served: CloudInTest) -> None:
    two = await served.register("two")
    owner = await served.caller(Role.OWNER, "p-two")
    async with listening(served, owner, "/premises/p-two/live") as events:
        await served.gateway.send(a_telegram())
        await two.send(a_telegram(node="n-two"), gateway="gw-two")
        assert (await anext(events))[1]["premises_id"] == "p-two"


async def test_alerts_arrive_as_they_are_raised_and_acknowledged(served: CloudInTest) -> None:
    async with listening(served, served.operator, "/live") as events:
        await served.gateway.send(a_finding())
        name, alert = await anext(events)
        assert (name, alert["state"]) == ("alert", "raised")
        await served.operator.post(f"/alerts/{alert['alert_id']}/acknowledge")
        assert (await anext(events))[1]["state"] == "acknowledged"


async def test_a_stream_that_may_have_missed_something_ends_and_the_next_goes_on(
    served: CloudInTest,
) -> None:
    async with listening(served, served.operator, "/live") as events:
        with psycopg.connect(served.services.database.dsn, autocommit=True) as server:
            server.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        with pytest.raises(StopAsyncIteration):
            await anext(events)
    async with listening(served, served.operator, "/live") as events:
        await served.gateway.send(a_finding())
        name, alert = await anext(events)
        assert (name, alert["kind"]) == ("alert", "continuous_flow")


async def test_a_stream_begins_once_its_process_hears_the_database(cloud: CloudInTest) -> None:
    bound = listen("127.0.0.1", 0, "-")
    serving = asyncio.create_task(serve(cloud.services, bound, None))
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=20) as cloud.client:

        async def hear_of_an_alert() -> str:
            async with listening(cloud, cloud.operator, "/live") as events:
                await cloud.gateway.send(a_finding())
                return (await anext(events))[0]

        heard = asyncio.create_task(hear_of_an_alert())
        await asyncio.wait({heard}, timeout=0.5)
        assert not heard.done()
        assert (await cloud.operator.get("/alerts"))["items"] == []
        feed = asyncio.create_task(cloud.services.live.run())
        assert await heard == "alert"
    feed.cancel()
    serving.cancel()
    await asyncio.gather(feed, serving, return_exceptions=True)


async def test_a_client_that_does_not_keep_up_is_cut_off() -> None:
    slow = Subscription("user:1", None)
    slow.service_point_ids = None
    for n in range(MAX_WAITING + 10):
        slow.offer(Announcement(event="reading", premises_id="p-one", content={"n": n}))
    assert slow.over
    assert len([one async for one in slow]) < MAX_WAITING
