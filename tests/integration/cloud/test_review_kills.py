# SPDX-License-Identifier: EUPL-1.2
"""Two processes take in and review, and are killed at it: the figures are those of a quiet run."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from cloud.app.services import Services
from cloud.kit.auth.rights import Role
from cloud.kit.database import run
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.settings import CloudSettings
from tests.integration.cloud.builders import (
    COLD,
    NOON,
    Caller,
    CloudInTest,
    FakeClock,
    a_telegram,
    blocks_of,
)
from tests.integration.cloud.process import CloudProcess
from tests.integration.cloud.review_builders import derived, told

BUILDINGS = ("one", "two", "three")
TELEGRAMS = 1500  # of each building, one each 20 min: three weeks
AT_ONCE = 20
PAUSE_S = 0.1
KILLS = 3
LAST = 5 * AT_ONCE
# So that a kill most often finds a review half done.
SLOW = """
create function take_long() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.4); return null; end $$;
create trigger take_long after insert on hourly_usage execute function take_long();
"""
EXPECTED = (TELEGRAMS - 1) * 50


def history(name: str) -> list[dict[str, object]]:
    """Return what a node sends: a day is missing, some registers are false, and late."""
    rng = random.Random(name)  # noqa: S311 - a test
    sent = []
    for n in range(TELEGRAMS):
        if not 700 <= n < 772:
            false = 10**12 if 9 < n < TELEGRAMS - 9 and rng.random() < 0.02 else 0
            at = NOON + (n - TELEGRAMS) * timedelta(minutes=20)
            registers = {COLD: n * 50 + false}
            sent.append(a_telegram(n + 1, node=f"n-{name}", at=at, registers=registers))
    late = [one for one in sent if rng.random() < 0.1]
    return [one for one in sent if one not in late] + late


async def post(
    name: str, caller: Caller, clients: list[httpx.AsyncClient], kills_over: asyncio.Event
) -> None:
    """Post a node's history, each batch until one of the processes has committed it.

    The last batches wait until nobody is killed any more.
    """
    rest = history(name)
    rng = random.Random(name)  # noqa: S311 - a test
    while rest:
        if len(rest) < LAST:
            await kills_over.wait()
        request = {
            "ver": 1,
            "gateway": f"gw-{name}",
            "store": "s",
            "entries": [],
            "blocks": blocks_of(*rest[:AT_ONCE]),
        }
        answer = None
        with suppress(httpx.TransportError):
            answer = await rng.choice(clients).post(
                "/api/v1/ingest/batches", json=request, headers=caller.headers
            )
        if answer is not None and answer.status_code == 200:
            rest = rest[AT_ONCE:]
        await asyncio.sleep(PAUSE_S)


@pytest.mark.timeout(120)
async def test_figures_after_many_kills_are_those_worked_out_from_scratch(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "pg", {"fsync": "off"})
    await postgres.start(must_own=True)
    clouds = [CloudProcess(tmp_path / name, CLOUD_DATABASE_URL=postgres.dsn) for name in ("a", "b")]
    try:
        for one in clouds:
            one.directory.mkdir()
            await one.start()
            await one.until_ready()
        settings = CloudSettings(data_dir=tmp_path)
        async with (
            httpx.AsyncClient(base_url=clouds[0].url, timeout=10) as first,
            httpx.AsyncClient(base_url=clouds[1].url, timeout=10) as second,
            Services.opened(settings, postgres.dsn) as services,
        ):
            cloud = CloudInTest(services, first, FakeClock())
            cloud.operator = await cloud.caller(Role.OPERATOR)
            gateways = {name: await cloud.register(name) for name in BUILDINGS}
            kills_over = asyncio.Event()
            async with services.database.transaction() as connection:
                await connection.execute(SLOW.encode())
            posting = [
                asyncio.create_task(post(name, gateway, [first, second], kills_over))
                for name, gateway in gateways.items()
            ]
            await _kill_in_turn(clouds)
            kills_over.set()
            await asyncio.gather(*posting)
            for one in clouds:
                await one.kill()
            async with services.database.transaction() as connection:
                await run(connection, "drop trigger take_long on hourly_usage")
            await _compare(cloud)
    finally:
        for one in clouds:
            await one.stop()
        await postgres.stop()


async def _kill_in_turn(clouds: list[CloudProcess]) -> None:
    rng = random.Random(7)  # noqa: S311 - a test
    for kill in range(KILLS):
        await asyncio.sleep(rng.uniform(0.1, 0.6))
        victim = clouds[kill % 2]
        await victim.kill()
        await victim.start()
        await victim.until_ready()


async def _compare(cloud: CloudInTest) -> None:
    """Compare what two killed processes left with what one makes of the raw readings at once."""
    await cloud.services.reviewer.drain()
    assert await told(cloud, "select 1 from stale_usage") == []
    piecemeal = await derived(cloud)
    assert len(piecemeal["exclusions"]) > KILLS
    async with cloud.services.database.transaction() as connection:
        for table in piecemeal:
            await run(connection, f"delete from {table}")  # noqa: S608 - names of our tables
        await run(
            connection,
            "insert into stale_usage (channel_id, since, until)"
            " select channel_id, min(read_at), max(read_at) from readings group by 1",
        )
    await cloud.services.reviewer.drain()
    from_scratch = await derived(cloud)
    for table, expected in from_scratch.items():
        assert piecemeal[table] == expected, table
    sums = "select sum(usage)::bigint from daily_usage group by installation_id"
    assert await told(cloud, sums) == [EXPECTED] * len(BUILDINGS)
