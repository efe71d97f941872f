# SPDX-License-Identifier: EUPL-1.2
"""A gateway's own uplink on the real cloud: its database gone, a backlog, a token to be changed."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest_asyncio
from pydantic import SecretStr

from edge_gateway.forwarder import Cloud, Forwarder, Rotation
from edge_gateway.forwarder.token import Tokens
from edge_gateway.settings import Settings
from edge_gateway.store import outbox
from edge_gateway.store.database import Store
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import an_intake
from tests.integration.cloud.builders import COLD, GATEWAY, NODE, NOON, CloudInTest, a_finding, unix
from wire import batch, telegram, topics
from wire.telegram import Telegram

SITE = "sofia"
NOON_MS = unix(NOON) * 1000


class Uplink:
    """A gateway's store, intake and forwarder, on the way to the cloud under test."""

    def __init__(self, served: CloudInTest, store: Store, data_dir: Path) -> None:
        self.settings = Settings(
            id=GATEWAY,
            site=SITE,
            data_dir=data_dir,
            cloud_url=str(served.client.base_url),
            cloud_token=SecretStr(served.gateway.headers["Authorization"].split(" ")[1]),
            batch_entries=500,
            forget_every_s=0,
        )
        self.store = store
        self.clock = FakeClock(NOON_MS)
        self.intake = an_intake(store, self.clock, gateway_id=GATEWAY)
        self.produced = 0

    async def produce(self, count: int) -> None:
        """Let the node send telegrams, and have them stored."""
        for sequence in range(self.produced + 1, self.produced + count + 1):
            registers = {COLD: 40 * sequence}
            at_s = unix(NOON) - 86400 + sequence
            sent = Telegram(NODE, 1, sequence, at_s, telegram.TIME_KNOWN, registers)
            topic = topics.topic(SITE, GATEWAY, NODE, topics.TELEGRAM)
            self.intake.offer(topic, telegram.encode(sent))
            if sequence % 500 == 0:
                await self.intake.commit()
        await self.intake.commit()
        self.produced += count

    async def find(self) -> None:
        """Have a finding stored, as the leak rules do."""

        def append(db: sqlite3.Connection) -> int:
            return outbox.append(
                db,
                kind=batch.FINDING,
                received_at_ms=NOON_MS,
                read_at_s=NOON_MS // 1000,
                body=a_finding()["body"],
            )

        await self.store.write(append)
        self.store.outbox_grew.set()

    @asynccontextmanager
    async def forwarding(self) -> AsyncIterator[None]:
        async with Cloud(self.settings, self.clock) as client:
            forwarder = Forwarder(self.settings, self.store, client, self.clock)
            running = asyncio.create_task(forwarder.run())
            yield
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def depth(self) -> int:
        return await self.store.read(outbox.depth)


@pytest_asyncio.fixture
async def uplink(served: CloudInTest, tmp_path: Path) -> AsyncIterator[Uplink]:
    store = await Store.open(tmp_path / "gateway")
    yield Uplink(served, store, tmp_path / "gateway")
    await store.close()


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.02)


@contextmanager
def database_down(dsn: str) -> Iterator[None]:
    """Let nobody into the cloud's database, and throw out who is in."""
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    elsewhere = psycopg.conninfo.make_conninfo(dsn, dbname="postgres")
    with psycopg.connect(elsewhere, autocommit=True) as server:
        server.execute(f"alter database {name} allow_connections false")
        server.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        yield
        server.execute(f"alter database {name} allow_connections true")


async def test_nothing_is_lost_while_the_clouds_database_is_down_and_it_answers(
    served: CloudInTest, dsn: str, uplink: Uplink
) -> None:
    """AC-04."""
    await uplink.produce(100)
    async with uplink.forwarding():
        await until(lambda: emptied(uplink))
        with database_down(dsn):
            answer = await served.gateway.ask("GET", "/gateways/gw-one/configuration")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            await uplink.produce(300)
            await until(lambda: was_refused(uplink))
            assert await uplink.depth() == 300
        await until(lambda: emptied(uplink))
    ledger = await served.operator.all("/telegrams", node_id=NODE)
    assert [row["sequence"] for row in ledger] == list(range(1, 401))
    assert [row["registers"][COLD] for row in ledger] == [40 * n for n in range(1, 401)]


async def emptied(uplink: Uplink) -> bool:
    return await uplink.depth() == 0


async def was_refused(uplink: Uplink) -> bool:
    """Tell whether the forwarder has heard that it is to come back later."""
    return any(delay_s >= 2 for delay_s in uplink.clock.slept_s)


async def test_an_alert_is_there_while_a_backlog_is_on_its_way(
    served: CloudInTest, uplink: Uplink
) -> None:
    """AC-61: what came last and what is urgent overtake a week."""
    await uplink.produce(6000)
    async with uplink.forwarding():
        await until(lambda: below(uplink, 5000))
        await uplink.find()
        while not (await served.operator.ask("GET", "/premises/p-one/alerts")).json()["items"]:
            assert await uplink.depth() > 0, "the backlog was there first"
        await until(lambda: emptied(uplink))
    ledger = await served.operator.all("/telegrams", node_id=NODE, limit=1000)
    assert [row["sequence"] for row in ledger] == list(range(1, 6001))


async def below(uplink: Uplink, depth: int) -> bool:
    return await uplink.depth() < depth


async def test_a_gateway_learns_the_time_and_changes_its_token_by_itself(
    served: CloudInTest, uplink: Uplink
) -> None:
    enrolled, clock = Tokens(uplink.settings), FakeClock(1, trusted=False)
    async with Cloud(uplink.settings, clock) as client:
        await client.configuration()
        assert (clock.is_trusted(), clock.now_ms()) == (True, NOON_MS)
        rotating = asyncio.create_task(Rotation(uplink.settings, client, clock).run())
        async with asyncio.timeout(60):
            while client.tokens.current == enrolled.current:
                await asyncio.sleep(0)  # a month by this clock is soon over
        rotating.cancel()
        await asyncio.gather(rotating, return_exceptions=True)
        still = await served.gateway.ask("GET", "/gateways/gw-one/configuration")
        assert still.status_code == 200  # the answer might have been lost
        await client.configuration()
    ended = await served.gateway.ask("GET", "/gateways/gw-one/configuration")
    assert ended.status_code == 401
    assert Tokens(uplink.settings).current == client.tokens.current
