# SPDX-License-Identifier: EUPL-1.2
"""kill -9 of the cloud and of its PostgreSQL: what was acknowledged is there, once."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cloud.kit.postgres_processes import processes_in
from tests.integration.cloud.builders import Caller, a_telegram, register
from tests.integration.cloud.process import CloudProcess
from wire import batch

KILLS_OF_EACH = 20


@pytest_asyncio.fixture
async def process(tmp_path: Path) -> AsyncIterator[CloudProcess]:
    running = CloudProcess(tmp_path)
    await running.start()
    try:
        await running.until_ready()
        yield running
    finally:
        await running.stop()


async def _with_a_building(process: CloudProcess, client: httpx.AsyncClient) -> tuple[Caller, str]:
    """Register building one; return the operator and the gateway's authorization."""
    operator = Caller(
        client, (await process.run("token", "add", "--role", "operator", "--label", "t"))["token"]
    )
    return operator, f"Bearer {await register(operator, 'one')}"


@pytest.mark.timeout(240)
async def test_forty_kills_lose_and_double_nothing(process: CloudProcess) -> None:
    """AC-05: twenty kills of the cloud and twenty of PostgreSQL while a gateway keeps posting."""
    chance = random.Random(5)  # noqa: S311 - reproducible, not secret
    refusals = 0
    async with httpx.AsyncClient(base_url=process.url, timeout=10) as client:
        operator, token = await _with_a_building(process, client)
        committed, killing = 0, True

        async def post_batches() -> None:
            nonlocal committed, refusals
            while killing:
                entries = [a_telegram(n) for n in range(committed + 1, committed + 41)]
                try:
                    answer = await client.post(
                        batch.PATH,
                        json=batch.request("gw-one", "s", entries),
                        headers={"Authorization": token},
                    )
                except httpx.TransportError:
                    refusals += 1
                    await asyncio.sleep(0.05)
                    continue
                if answer.status_code == 200:
                    committed = batch.committed(answer.json())
                else:
                    assert answer.status_code == 503, answer.text
                    refusals += 1
                    await asyncio.sleep(0.05)

        posting = asyncio.create_task(post_batches())
        kills = ["cloud", "postgres"] * KILLS_OF_EACH
        chance.shuffle(kills)
        for victim in kills:
            await asyncio.sleep(chance.uniform(0, 0.5))
            if victim == "postgres":
                process.kill_postgres()
            else:
                await process.kill()
                await process.start()
                if chance.random() < 0.4:  # the others are killed again while they start
                    await process.until_ready()
        await process.until_ready()
        killing = False
        await posting
        stored = [row["sequence"] for row in await operator.all("/telegrams", node_id="n-one")]
        readings = await operator.all("/service-points/sp-one/readings", limit=1000)
    assert refusals > 0
    assert len(stored) == len(set(stored)) >= committed > KILLS_OF_EACH
    assert set(range(1, committed + 1)) <= set(stored)
    assert sorted(one["sequence"] for one in readings) == sorted(stored)


async def test_a_killed_postgres_is_back_within_seconds(process: CloudProcess) -> None:
    killed = process.postgres_pid()
    process.kill_postgres()
    begun = asyncio.get_running_loop().time()
    async with httpx.AsyncClient(base_url=process.url) as client:
        statuses = []
        while not statuses or statuses[-1] != 200:
            statuses.append((await client.get("/health/ready")).status_code)
            await asyncio.sleep(0.02)
    assert set(statuses) <= {200, 503}
    assert asyncio.get_running_loop().time() - begun < 10
    assert process.postgres_pid() not in (None, killed)


async def test_it_stops_within_ten_seconds_with_a_stream_open(process: CloudProcess) -> None:
    token = (await process.run("token", "add", "--role", "operator", "--label", "t"))["token"]
    async with (
        httpx.AsyncClient(base_url=process.url, timeout=10) as client,
        client.stream("GET", "/api/v1/live", headers={"Authorization": f"Bearer {token}"}) as live,
    ):
        lines = live.aiter_lines()
        assert await anext(lines) == ": connected"
        assert await process.stop() < 10  # CLOUD_STOP_GRACE_S, at which streams would be cut
        assert [line async for line in lines if line] == []
    assert processes_in(process.cluster) == []


async def test_a_second_cloud_on_the_same_port_says_what_to_do(process: CloudProcess) -> None:
    second = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cloud", "serve"),
        env=process.environment,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await second.communicate()
    assert second.returncode == 1
    assert said.decode().splitlines()[-1] == (
        f"iskar-cloud: Can't listen on 127.0.0.1 port {process.port}: Address already in use."
        " Stop the program that does, or set CLOUD_HTTP_PORT to another port."
    )
