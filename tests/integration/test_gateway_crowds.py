# SPDX-License-Identifier: EUPL-1.2
"""Crowds at the broker: two hundred nodes at once, a hundred thousand messages at once."""

import asyncio
import statistics
import time
from collections import Counter

import psutil
import pytest

from edge_gateway.broker.mosquitto import MAX_INFLIGHT_MESSAGES, MAX_QUEUED_MESSAGES
from tests.fakes.journal_node import JournalNode
from tests.gateway_builders import GATEWAY, a_telegram, topic
from tests.gateway_pki import Authority
from tests.gateway_process import Program, free_port, port_open
from tests.mqtt_wire import publish_all
from tests.storm import RETRY_MS, Crowd

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]

SIZE = 200


async def test_two_hundred_nodes_come_back_spread_out_also_after_being_thrown_off(
    tmp_path,
):  # AC-50
    authority, port = Authority(), free_port()
    authority.issue(GATEWAY, tmp_path / "pki", "broker")
    crowd = Crowd(SIZE, port, tmp_path / "pki", authority)
    broker = Program("broker", tmp_path, BROKER_PORT=port, BROKER_BIND="127.0.0.1")
    broker.start()
    await port_open(port)
    coming_back = asyncio.create_task(crowd.run())
    await crowd.all_connected(within_s=30)
    assert len(crowd.tried_at_s) == SIZE  # the broker is not overrun: nobody had to try twice
    at_first_s = spread_s(crowd.tried_at_s, RETRY_MS[0])
    crowd.tried_at_s.clear()
    broker.kill()  # a moment after CONNACK, for all of them
    while crowd.connected:
        await asyncio.sleep(0.01)
    broker.start()
    await crowd.all_connected(within_s=90)
    assert spread_s(crowd.tried_at_s, RETRY_MS[1]) > at_first_s  # it is given more time
    coming_back.cancel()
    await asyncio.gather(coming_back, return_exceptions=True)
    broker.stop()


def spread_s(tried_at_s, bound_ms):
    """Return the median wait, having checked that the tries were not made together."""
    began_s = min(tried_at_s)
    tenths = Counter(int((at_s - began_s) * 10_000 / bound_ms) for at_s in tried_at_s)
    assert max(tenths.values()) < len(tried_at_s) / 3  # 1/10 is expected, and without jitter all
    return statistics.median(tried_at_s) - began_s


async def test_a_hundred_thousand_messages_for_a_gateway_that_is_away_harm_nobody(
    tmp_path,
):  # AC-51, AC-52
    port = free_port()
    broker = Program("broker", tmp_path, BROKER_PORT=port, BROKER_TLS="false")
    gateway = Program(
        "run",
        tmp_path,
        BROKER_PORT=port,
        BROKER_TLS="false",
        CLOUD_URL="http://127.0.0.1:9",
        CLOUD_TOKEN="token",
    )
    broker.start()
    await port_open(port)
    gateway.start()
    await logged(gateway, "broker_connected")
    gateway.stop()
    empty_bytes = psutil.Process(broker.pid).memory_info().rss
    await publish_all(port, "crowd", list(hundred_thousand_telegrams()))
    assert psutil.Process(broker.pid).memory_info().rss - empty_bytes < 16 * 2**20
    gateway.start()
    node = JournalNode("n-99", port)
    for _ in range(100):
        node.produce()
    speaking = asyncio.create_task(node.run())
    kept = MAX_QUEUED_MESSAGES
    async with asyncio.timeout(60):
        while gateway.status()["stored"] < kept + 100 or node.unacknowledged:
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    found = gateway.status()
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    assert kept + 100 <= found["stored"] <= kept + MAX_INFLIGHT_MESSAGES + 100
    assert found["dropped"] == 0
    assert gateway.log.count("broker_connected") == 2  # once before, once after
    assert "broker_lost" not in gateway.log
    assert gateway.log.count("\n") < 100
    gateway.stop()
    broker.stop()


def hundred_thousand_telegrams():
    names = [f"n-{number:02}" for number in range(40)]
    for sequence in range(1, 2501):
        telegram = a_telegram(sequence, litres=sequence, node_id="n-xx")
        for name in names:
            yield topic("telegram", name), telegram.replace(b"n-xx", name.encode())


async def logged(program, event):
    deadline_s = time.monotonic() + 30
    while event not in program.log:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)
