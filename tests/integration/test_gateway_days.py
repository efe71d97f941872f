# SPDX-License-Identifier: EUPL-1.2
"""A gateway's day, good and bad: how much it says, and that it outlives a disk that gives out."""

import asyncio
import contextlib
import time

import pytest
import structlog

from edge_gateway import app
from edge_gateway.clock import SystemClock
from edge_gateway.machine import Machine
from tests.fakes.ingest_cloud import IngestCloud
from tests.fakes.journal_node import JournalNode
from tests.gateway_builders import settings
from tests.gateway_process import Program, free_port, port_open
from tests.needs import small_disk

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]

HALF_HOURS = 12  # of a day's 48
SPEED = 14_400  # but for the work itself, six hours pass in two seconds
MOST_LINES = 100


class FastMachine(Machine):
    """This machine, for whose clock a second passes in no time."""

    def up_s(self):
        return super().up_s() * SPEED

    def wall_ms(self):
        return 1_795_000_000_000 + int(self.up_s() * 1000)


class FastClock(SystemClock):
    async def sleep(self, delay_s):
        await asyncio.sleep(delay_s / SPEED)


async def test_a_day_of_a_healthy_gateway_would_be_under_a_hundred_lines(tmp_path):
    port, cloud = free_port(), IngestCloud()
    broker = Program("broker", tmp_path, BROKER_PORT=port, BROKER_TLS="false")
    broker.start()
    await port_open(port)
    await cloud.start()
    told = settings(
        tmp_path,
        broker_port=port,
        broker_tls=False,
        cloud_url=f"http://127.0.0.1:{cloud.port}",
        orders_every_s=3600,  # as often as it is really, the requests would take longest
    )
    node = JournalNode("n-mladost-01", port)
    clock = FastClock(trust="assumed", machine=FastMachine())
    with structlog.testing.capture_logs() as lines:
        running = [asyncio.create_task(one) for one in (app.run(told, clock), node.run())]
        async with asyncio.timeout(120):
            while len(summaries(lines)) < HALF_HOURS:  # the slowest of the loops sets the pace
                node.produce()
                await clock.sleep(60)
        async with asyncio.timeout(30):
            while len(cloud.rows) < node.produced:
                await asyncio.sleep(0.05)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    await cloud.stop()
    broker.stop()
    # At this speed two looks at the clock, one after the other, are up to minutes apart.
    said = [one for one in lines if one["event"] != "clock_stepped" and one["log_level"] != "debug"]
    assert [one for one in said if one["log_level"] != "info"] == []
    assert len(said) < MOST_LINES * HALF_HOURS / 48


def summaries(lines):
    return [line for line in lines if line["event"] == "health"]


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        yield disk


async def test_a_disk_that_is_full_or_read_only_stops_nothing_for_good(disk):
    port, cloud = free_port(), IngestCloud()
    await cloud.start()
    broker = Program("broker", disk.parent / "broker", BROKER_PORT=port, BROKER_TLS="false")
    gateway = Program(
        "run",
        disk,
        log=disk.parent / "run.log",
        BROKER_PORT=port,
        BROKER_TLS="false",
        CLOUD_URL=f"http://127.0.0.1:{cloud.port}",
        CLOUD_TOKEN="token",
        COMMIT_INTERVAL_S=0,
    )
    broker.start()
    await port_open(port)
    gateway.start()
    node = JournalNode("n-mladost-01", port)
    speaking = asyncio.create_task(node.run())
    await delivered(node, cloud)
    fill(disk)
    await produce_for(node, 3)
    assert node.unacknowledged > 0
    (disk / "filler").unlink()
    await delivered(node, cloud)
    assert "disk is full" in gateway.log  # at the write or at the sync, whichever came first
    assert gateway.stop() == 0  # it has run all the while
    await remount(disk, "ro")
    gateway.start()
    async with asyncio.timeout(20):
        while gateway.is_running():
            await asyncio.sleep(0.05)
    assert "read-only" in gateway.log.lower().splitlines()[-1]
    await remount(disk, "rw")
    gateway.start()  # as systemd does, again and again
    await delivered(node, cloud)
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    gateway.stop()
    broker.stop()
    await cloud.stop()
    assert "Traceback" not in gateway.log
    assert gateway.log.count("\n") < MOST_LINES


async def produce_for(node, for_s):
    until_s = time.monotonic() + for_s
    while time.monotonic() < until_s:
        node.produce()
        await asyncio.sleep(0.02)


async def delivered(node, cloud):
    await produce_for(node, 0.5)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(60):
            while node.unacknowledged or len(cloud.rows) < node.produced:
                await asyncio.sleep(0.05)
    assert {sequence for _, _, sequence in cloud.rows} == set(range(1, node.produced + 1))
    assert node.unacknowledged == 0


def fill(disk):
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"\0" * 4096)


async def remount(disk, how):
    mount = await asyncio.create_subprocess_exec("mount", "-o", f"remount,{how}", disk)
    assert await mount.wait() == 0
