# SPDX-License-Identifier: EUPL-1.2
"""Two cloud processes on one database, behind a balancer, and one of them killed under load."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from cloud.kit.embedded_postgres import EmbeddedPostgres
from tests.fakes.balancer import Balancer
from tests.integration.cloud.builders import Caller, a_telegram, blocks_of, register
from tests.integration.cloud.process import CloudProcess, two_clouds
from wire import batch

BUILDINGS = ("one", "two", "three")
KILLS = 2  # of each process one
TELEGRAMS = 50  # in a batch
UNREACHABLE_PAUSE_S = 0.02
GOES_ON_S = 20  # on a machine that does much else besides


@pytest_asyncio.fixture
async def clouds(tmp_path: Path) -> AsyncIterator[list[CloudProcess]]:
    """Yield two processes on one PostgreSQL that syncs what it commits."""
    postgres = EmbeddedPostgres(tmp_path / "pg")
    await postgres.start(must_own=True)
    try:
        async with two_clouds(tmp_path, postgres.dsn) as running:
            yield running
    finally:
        await postgres.stop()


class Gateway:
    """Posts batch after batch, each again until it is committed, to wherever the balancer leads."""

    def __init__(self, name: str, caller: Caller) -> None:
        self.name = name
        self.committed = 0
        self.refusals = 0
        self._caller = caller

    async def run(self) -> None:
        while True:
            numbers = range(self.committed + 1, self.committed + 1 + TELEGRAMS)
            blocks = blocks_of(*(a_telegram(n, node=f"n-{self.name}") for n in numbers))
            request = batch.request(f"gw-{self.name}", "s", [], blocks)
            try:
                answer = await self._caller.ask("POST", "/ingest/batches", json=request)
            except httpx.TransportError:
                self.refusals += 1
                await asyncio.sleep(UNREACHABLE_PAUSE_S)
                continue
            if answer.status_code == 200:
                assert answer.json()["quarantined"] == []
                self.committed = batch.committed(answer.json())
            else:
                assert answer.status_code == 503, answer.text
                self.refusals += 1


@pytest.mark.timeout(120)
async def test_one_of_two_processes_killed_again_and_again_loses_and_doubles_nothing(
    clouds: list[CloudProcess],
) -> None:
    async with (
        Balancer([one.port for one in clouds]) as balancer,
        httpx.AsyncClient(base_url=balancer.url, timeout=10) as client,
    ):
        told = await clouds[0].run("token", "add", "--role", "operator", "--label", "t")
        operator = Caller(client, told["token"])
        gateways = [
            Gateway(name, Caller(client, await register(operator, name))) for name in BUILDINGS
        ]
        posting = [asyncio.create_task(one.run()) for one in gateways]
        for kill in range(KILLS):
            victim = clouds[kill % 2]
            await asyncio.sleep(0.5)
            assert all(balancer.served), "both processes have work"
            await victim.kill()
            before = [one.committed for one in gateways]
            async with asyncio.timeout(GOES_ON_S):
                while any(
                    one.committed <= known for one, known in zip(gateways, before, strict=True)
                ):
                    await asyncio.sleep(0.01)
            await victim.start()
            await victim.until_ready()
        for task in posting:
            assert not task.done()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert sum(one.refusals for one in gateways) > 0
        for one in gateways:
            ledger = await operator.all("/telegrams", node_id=f"n-{one.name}")
            stored = [row["sequence"] for row in ledger]
            assert len(stored) == len(set(stored))
            assert set(range(1, one.committed + 1)) <= set(stored)
            assert one.committed >= KILLS * TELEGRAMS
