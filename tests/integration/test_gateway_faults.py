# SPDX-License-Identifier: EUPL-1.2
"""The real gateway process under kills and cuts, between real Mosquitto and a cloud that fails."""

import asyncio
import contextlib
import random
import time

import aiomqtt
import psutil
import pytest

from simulators.link import Link
from tests.fakes.ingest_cloud import IngestCloud
from tests.fakes.journal_node import JournalNode
from tests.gateway_builders import topic
from tests.gateway_process import Program, free_port, port_open

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]


class Chain:
    """Three nodes, a broker, a gateway, a link and a cloud."""

    def __init__(self, data_dir):
        self.broker_port = free_port()
        self.cloud = IngestCloud()
        self.link: Link
        self.gateway: Program
        self.broker = Program("broker", data_dir, BROKER_PORT=self.broker_port, BROKER_TLS="false")
        self.nodes = [JournalNode(f"n-test-{n:02}", self.broker_port) for n in (1, 2, 3)]
        self.data_dir = data_dir
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self):
        await self.cloud.start()
        self.link = Link(self.cloud.port)
        await self.link.start()
        self.gateway = Program(
            "run",
            self.data_dir,
            BROKER_PORT=self.broker_port,
            BROKER_TLS="false",
            CLOUD_URL=f"http://127.0.0.1:{self.link.port}",
            CLOUD_TOKEN="token",
            UPLINK_TIMEOUT_S=2,
            UPLINK_RETRY_CAP_S=1,
        )
        self.broker.start()
        await port_open(self.broker_port)
        self.gateway.start()
        self._tasks = [asyncio.create_task(node.run()) for node in self.nodes]

    async def stop(self):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.gateway.kill()
        self.broker.kill()
        await self.link.stop()
        await self.cloud.stop()

    async def produce(self, for_s, per_s=100):
        """Let the nodes read their meters for a while, as many times a second together."""
        until_s = time.monotonic() + for_s
        while time.monotonic() < until_s:
            for node in self.nodes:
                node.produce()
            await asyncio.sleep(len(self.nodes) / per_s)

    async def connected(self, times):
        """Wait until every node has found the broker so many times."""
        async with asyncio.timeout(60):
            while any(node.connections < times for node in self.nodes):
                await asyncio.sleep(0.05)

    async def delivered(self, within_s=60):
        """Wait until the cloud has what the nodes made, and check that it is just that."""
        made = {
            (node.node_id, 1, sequence)
            for node in self.nodes
            for sequence in range(1, node.produced + 1)
        }
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self.cloud.rows.keys() != made or any(n.unacknowledged for n in self.nodes):
                    await asyncio.sleep(0.05)
        assert made - self.cloud.rows.keys() == set(), "lost"
        assert self.cloud.rows.keys() - made == set(), "invented"
        assert self.cloud.conflicts == []
        assert [node.unacknowledged for node in self.nodes] == [0, 0, 0]
        for (_, _, sequence), entry in self.cloud.rows.items():
            assert entry["body"]["reg"] == {"8-0:1.0.0": sequence * 1000}
        return len(made)


@pytest.fixture
async def chain(tmp_path):
    chain = Chain(tmp_path)
    await chain.start()
    yield chain
    await chain.stop()


async def test_twenty_kills_at_random_moments_lose_and_double_nothing(chain):
    chance = random.Random(20)  # noqa: S311
    moods = ("answer", "answer", "answer", "lose_answer", "hang_up", "500")
    chain.cloud.mood = lambda: chance.choice(moods)
    producing = asyncio.create_task(chain.produce(for_s=1000))
    for _ in range(20):
        await asyncio.sleep(chance.uniform(0.1, 2.5))
        chain.gateway.kill()
        chain.gateway.start()
    await asyncio.sleep(2)
    producing.cancel()
    chain.cloud.mood = lambda: "answer"
    assert await chain.delivered() > 500


async def test_a_cut_and_a_black_hole_of_the_uplink_lose_nothing_and_collection_goes_on(chain):
    await chain.produce(for_s=3)
    await chain.delivered()
    for break_link in (chain.link.cut, chain.link.black_hole):
        break_link()
        had = len(chain.cloud.rows)
        await chain.produce(for_s=4)
        async with asyncio.timeout(5):
            while any(node.unacknowledged for node in chain.nodes):
                await asyncio.sleep(0.05)  # the gateway still takes and acknowledges everything
        assert len(chain.cloud.rows) == had
        chain.link.restore()
        began_s = time.monotonic()
        await chain.delivered(within_s=10)
        assert time.monotonic() - began_s < 5


async def test_a_cloud_that_hangs_does_not_stop_collection(chain):
    await chain.produce(for_s=2)
    chain.cloud.mood = lambda: "hang"
    await chain.produce(for_s=4)
    async with asyncio.timeout(5):
        while any(node.unacknowledged for node in chain.nodes):
            await asyncio.sleep(0.05)
    chain.cloud.mood = lambda: "answer"
    await chain.delivered()


async def test_broker_kills_lose_nothing(chain):
    for kill in range(3):
        await chain.connected(times=kill + 1)
        await chain.produce(for_s=1.5)
        chain.broker.kill()
        await chain.produce(for_s=0.5)
        chain.broker.start()
    await chain.delivered()


async def test_asked_to_stop_it_stops_cleanly_and_goes_on_later(chain):
    await chain.produce(for_s=2)
    assert chain.gateway.stop() == 0
    assert "gateway_stopped" in chain.gateway.log
    assert "Traceback" not in chain.gateway.log
    await chain.produce(for_s=1)
    chain.gateway.start()
    await chain.delivered()


async def test_random_bytes_on_its_topics_are_counted_and_the_rest_goes_on(chain):
    chance = random.Random(120)  # noqa: S311
    async with asyncio.timeout(10):
        while "broker_connected" not in chain.gateway.log:
            await asyncio.sleep(0.05)
    async with aiomqtt.Client("127.0.0.1", chain.broker_port, timeout=3) as vandal:
        for _ in range(400):
            channel = chance.choice(("telegram", "event", "status"))
            node_id = chance.choice(("n-test-01", "n-nobody", "Ünknown", "%u", "*"))
            payload = chance.randbytes(chance.choice((0, 1, 50, 3000)))
            await vandal.publish(topic(channel, node_id), payload, 1)
    await chain.produce(for_s=1)
    await chain.delivered()
    assert chain.gateway.is_running()
    found = chain.gateway.status()
    assert found["quarantined"] == 400
    assert found["stored"] == sum(node.produced for node in chain.nodes)


async def test_a_flood_leaves_memory_flat(chain):
    await chain.produce(for_s=2)
    await chain.delivered()
    before_bytes = psutil.Process(chain.gateway.pid).memory_info().rss
    async with aiomqtt.Client("127.0.0.1", chain.broker_port, timeout=30) as vandal:
        vandal.pending_calls_threshold = 10_000
        for _ in range(10):
            await asyncio.gather(
                *(vandal.publish(topic("telegram", "n-mad"), b"x" * 4000, 1) for _ in range(2000))
            )
    grown_mb = (psutil.Process(chain.gateway.pid).memory_info().rss - before_bytes) / 2**20
    await chain.produce(for_s=1)
    await chain.delivered()
    assert grown_mb < 100
