# SPDX-License-Identifier: EUPL-1.2
"""What Prometheus is answered, over HTTP and by its own parser."""

import asyncio
import contextlib
import json
import socket
from functools import partial

import httpx
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from edge_gateway.clock import SystemClock
from edge_gateway.feed import Feed, Noticed
from edge_gateway.neighbours import Company
from edge_gateway.neighbours.metrics import Metrics
from edge_gateway.store import facts, outbox
from edge_gateway.store.database import Store
from edge_gateway.store.watermark import Watermark
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import NODE, NOON_S, a_status, a_telegram, an_intake, settings, topic
from tests.gateway_process import free_port, port_open
from wire import status


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(tmp_path)
    yield store
    await store.close()


@contextlib.asynccontextmanager
async def scraping(tmp_path, feed, clock):
    """Give a function that returns {name: {label: amount}} as Prometheus would read it."""
    port = free_port()
    told = settings(tmp_path, metrics_port=port)
    metrics = Metrics(told, feed, clock, lambda: True, lambda: {"influx": 3})
    running = asyncio.create_task(metrics.run())
    await port_open(port)

    async def scrape():
        async with httpx.AsyncClient(timeout=10) as http:
            answer = await http.get(f"http://127.0.0.1:{port}/metrics")
        assert answer.status_code == 200
        return {
            sample.name: {
                next(iter(one.labels.values()), ""): one.value
                for one in family.samples
                if one.name == sample.name
            }
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    yield scrape
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_outage_shows_as_a_growing_outbox_and_its_end_as_an_empty_one(store, tmp_path):
    clock, feed = FakeClock(NOON_S * 1000), Feed()
    intake = an_intake(store, clock, feed=feed)
    async with scraping(tmp_path, feed, clock) as scrape:
        for sequence in (1, 2):
            intake.offer(topic("telegram"), a_telegram(sequence))
        intake.offer(topic("telegram"), b"unreadable")
        await intake.commit()
        clock.advance(90)
        cut = await scrape()
        await store.write(
            partial(outbox.forget, delivered=Watermark(2), acknowledged_at_ms=clock.now_ms())
        )
        back = await scrape()
    assert (cut["iskar_outbox_entries"][""], cut["iskar_outbox_lag_seconds"][""]) == (2, 90)
    assert cut["iskar_messages_total"]["stored"] == 2
    assert cut["iskar_messages_total"]["quarantined"] == 1
    assert cut["iskar_cloud_acknowledged_timestamp_seconds"][""] == 0
    assert (back["iskar_outbox_entries"][""], back["iskar_outbox_lag_seconds"][""]) == (0, 0)
    assert back["iskar_cloud_acknowledged_timestamp_seconds"][""] == NOON_S + 90


async def test_each_node_tells_when_it_was_heard_and_one_never_heard_is_not_online(store, tmp_path):
    clock, feed = FakeClock(NOON_S * 1000), Feed()
    known = json.dumps({"nodes": [{"node_id": "n-silent", "channels": []}]})
    await store.write(partial(facts.write, name=facts.CONFIGURATION, content=known))
    intake = an_intake(store, clock, feed=feed)
    async with scraping(tmp_path, feed, clock) as scrape:
        intake.offer(topic("status"), a_status())
        intake.offer(topic("telegram"), a_telegram(1, time_s=NOON_S - 7))
        await intake.commit()
        await asyncio.sleep(0)
        there = await scrape()
        clock.advance(60)
        intake.offer(topic("status"), a_status(state=status.OFFLINE))
        await intake.commit()
        await asyncio.sleep(0)
        gone = await scrape()
    assert there["iskar_node_online"] == {NODE: 1, "n-silent": 0}
    assert gone["iskar_node_online"] == {NODE: 0, "n-silent": 0}
    assert there["iskar_node_heard_timestamp_seconds"] == {NODE: NOON_S}
    assert gone["iskar_node_heard_timestamp_seconds"] == {NODE: NOON_S}
    assert there["iskar_node_read_timestamp_seconds"] == {NODE: NOON_S - 7}


@pytest.mark.usefixtures("store")
async def test_open_findings_are_counted_by_kind_and_go_to_zero_when_cleared(tmp_path):
    feed = Feed()
    drip = {"finding_id": "f-1", "kind": "continuous_flow", "cleared_at_s": None}
    async with scraping(tmp_path, feed, FakeClock()) as scrape:
        feed.tell([Noticed(finding=drip), Noticed(finding=drip | {"kind": "floor_flow"})])
        await asyncio.sleep(0)
        raised = await scrape()
        feed.tell([Noticed(finding=drip | {"kind": "floor_flow", "cleared_at_s": NOON_S})])
        await asyncio.sleep(0)
        cleared = await scrape()
    assert raised["iskar_findings_open"] == {"continuous_flow": 0, "floor_flow": 1}
    assert cleared["iskar_findings_open"] == {"continuous_flow": 0, "floor_flow": 0}


async def test_clock_broker_disk_and_neighbours_are_told(store, tmp_path):
    clock, feed = FakeClock(trusted=False), Feed()
    async with scraping(tmp_path, feed, clock) as scrape:
        told = await scrape()
    assert (told["iskar_clock_trusted"][""], told["iskar_broker_connected"][""]) == (0, 1)
    assert told["iskar_neighbour_lost_total"] == {"influx": 3}
    assert told["iskar_store_bytes"][""] >= store.path.stat().st_size
    assert 0 < told["iskar_disk_free_bytes"][""] < told["iskar_disk_bytes"][""]
    assert told["process_resident_memory_bytes"][""] > 0


async def test_a_port_that_another_program_has_is_a_line_in_the_log_and_no_more(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        structlog.testing.capture_logs() as logged,
    ):
        told = settings(tmp_path, metrics_port=other.getsockname()[1])
        company = Company(told, Feed(), SystemClock(), lambda: True)
        running = asyncio.create_task(company.run())
        async with asyncio.timeout(5):
            while not logged:
                await asyncio.sleep(0.01)
        assert not running.done()
        running.cancel()
    assert (logged[0]["event"], logged[0]["neighbour"]) == ("neighbour_failed", "metrics")
