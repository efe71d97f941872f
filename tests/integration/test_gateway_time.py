# SPDX-License-Identifier: EUPL-1.2
"""The real gateway process on a machine without the time, which the cloud then tells."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio

from tests.fakes.ingest_cloud import IngestCloud
from tests.gateway_builders import NODE, a_status, a_telegram, topic
from tests.gateway_process import Program, free_port, port_open
from wire import acknowledgement, telegram

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]

AHEAD_S = 400 * 86_400  # of this machine's clock, says the cloud: so much the machine is behind
SLOW_S = 60  # a machine under load may take as long to start what a test starts


class Node:
    """A node that knows only how long it has been up."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._began_s = time.monotonic()
        self._sequence = 0

    def up_s(self) -> float:
        return time.monotonic() - self._began_s

    async def says(self, telegrams: int) -> None:
        """Send its status and telegrams until all of them are acknowledged."""
        self._sequence += telegrams
        first, up_s = self._sequence - telegrams + 1, int(self.up_s())
        while True:
            said = a_status(up_ms=int(self.up_s() * 1000))
            await self._client.publish(topic("status"), said, 1)
            for sequence in range(first, self._sequence + 1):
                read = a_telegram(
                    sequence,
                    time_s=up_s,
                    time_quality=telegram.TIME_SINCE_BOOT,
                    litres=sequence,
                )
                await self._client.publish(topic("telegram"), read, 1)
            try:
                async with asyncio.timeout(1):
                    await self._acknowledged()
            except TimeoutError:
                continue
            return

    async def _acknowledged(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            if acknowledgement.decode(message.payload) == (1, self._sequence):
                return


@pytest_asyncio.fixture
async def broker_port(tmp_path: Path) -> AsyncIterator[int]:
    """Yield where a broker listens."""
    port = free_port()
    broker = Program("broker", tmp_path, BROKER_PORT=port, BROKER_TLS="false")
    broker.start()
    await port_open(port)
    yield port
    broker.kill()


async def test_what_two_processes_recorded_without_the_time_is_dated_once_the_cloud_tells_it(
    tmp_path: Path, broker_port: int
) -> None:
    """AC-31, with a kill in between; and a process after that still knows the time."""
    cloud = IngestCloud()
    cloud.now_ms = lambda: int((time.time() + AHEAD_S) * 1000)
    cloud_port = free_port()
    gateway = Program(
        "run",
        tmp_path,
        BROKER_PORT=broker_port,
        BROKER_TLS="false",
        CLOUD_URL=f"http://127.0.0.1:{cloud_port}",
        CLOUD_TOKEN="token",
        CLOCK="cloud",
        COMMIT_INTERVAL_S=0,
        UPLINK_RETRY_CAP_S=0.2,
    )
    async with aiomqtt.Client("127.0.0.1", broker_port, identifier=NODE) as client:
        await client.subscribe(topic("ack"), 1)
        node = Node(client)
        began_s = time.time() + AHEAD_S
        gateway.start()
        await node.says(3)
        gateway.kill()
        gateway.start()
        await node.says(2)
        told = gateway.status()
        assert (told["waiting_for_time"], told["outbox"]) == (5, 0)

        await cloud.start(cloud_port)
        async with asyncio.timeout(SLOW_S):
            while len(cloud.rows) < 5 or not cloud.notices:
                await asyncio.sleep(0.05)
        gateway.kill()
        await cloud.stop()
        gateway.start()
        await node.says(1)
        assert gateway.status()["waiting_for_time"] == 0
        gateway.kill()

    ended_s = time.time() + AHEAD_S
    entries = [cloud.rows[key] for key in sorted(cloud.rows)]
    times = [entry["read_at_s"] for entry in entries]
    assert began_s - 2 <= times[0] <= times[-1] <= ended_s + 2
    assert times == sorted(times)
    assert all(began_s - 2 <= one["received_at_ms"] / 1000 <= ended_s + 2 for one in entries)
    [step] = [one["detail"] for one in cloud.notices.values() if one["notice"] == "clock_stepped"]
    assert abs(step["by_ms"] - AHEAD_S * 1000) < 5000
