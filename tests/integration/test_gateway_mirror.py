# SPDX-License-Identifier: EUPL-1.2
"""The mirror, into a real server that speaks InfluxDB's write API, and into ones that fail."""

import asyncio
import contextlib
import time

from edge_gateway.clock import SystemClock
from edge_gateway.feed import Feed, Stored
from edge_gateway.neighbours.influx import Mirror
from edge_gateway.store.database import Store
from tests.gateway_builders import (
    GATEWAY,
    NODE,
    SITE,
    a_status,
    a_telegram,
    an_intake,
    rows,
    settings,
    topic,
)
from tests.gateway_process import free_port
from tests.victoria_metrics import VictoriaMetrics
from wire import event, quality, status, telegram


class TrustedClock(SystemClock):
    def is_trusted(self):
        return True


@contextlib.asynccontextmanager
async def mirroring(feed, tmp_path, url):
    mirror = Mirror(settings(tmp_path, influx_url=url), feed, TrustedClock())
    running = asyncio.create_task(mirror.run())
    yield mirror
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@contextlib.asynccontextmanager
async def a_server(answer):
    """Serve every request with these bytes; none: never answer."""
    writers = []

    async def serve(reader, writer):
        writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while answer:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
                await reader.readexactly(int(length))
                writer.write(answer)
            await reader.read()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for writer in writers:
        writer.transport.abort()


def stored(message, read_at_s):
    return Stored(message=message, read_at_s=read_at_s, quality=quality.RECONSTRUCTED)


def a_reading(sequence, read_at_s):
    return stored(telegram.decode(a_telegram(sequence, litres=sequence)), read_at_s)


async def test_what_was_stored_while_the_server_was_away_is_written_when_it_is_back(
    victoria_metrics, tmp_path
):
    server = VictoriaMetrics(victoria_metrics, tmp_path / "server", free_port())
    now_s, feed = int(time.time()) - 60, Feed()
    health = event.Event(
        NODE, 1, 9, now_s, telegram.TIME_KNOWN, event.HEALTH, {"rssi_dbm": -70, "reason": "none"}
    )
    try:
        async with mirroring(feed, tmp_path, server.url) as mirror:
            feed.tell([a_reading(1, now_s), a_reading(2, now_s + 1)])
            await asyncio.sleep(0.3)  # by now it has failed once
            await server.start()
            feed.tell([stored(health, now_s), status.decode(a_status())])
            (volumes,) = await server.series("iskar_reading_volume_ml", at_least=2)
            (signal,) = await server.series("iskar_health_rssi_dbm")
            (online,) = await server.series("iskar_node_online")
    finally:
        await server.stop()
    assert mirror.listener.lost == 0
    assert volumes["values"] == [1000, 2000]
    assert volumes["timestamps"] == [now_s * 1000, (now_s + 1) * 1000]
    labels = {"site": SITE, "gateway": GATEWAY, "node": NODE}
    of_channel = {"reading_type": "cold_water", "channel": "0"}
    assert labels.items() | of_channel.items() <= volumes["metric"].items()
    assert (signal["values"], online["values"]) == ([-70], [1])


async def test_a_server_that_never_answers_holds_up_no_reading(tmp_path):
    store, feed = await Store.open(tmp_path), Feed()
    async with a_server(b"") as url, mirroring(feed, tmp_path, url) as mirror:
        intake = an_intake(store, SystemClock(trust="assumed"), feed=feed)
        for sequence in range(1, 7001):
            intake.offer(topic("telegram"), a_telegram(sequence))
            if sequence % 500 == 0:
                await intake.commit()
                await asyncio.sleep(0)
        assert await rows(store, "SELECT count(*) FROM entry") == [(7000,)]
        assert mirror.listener.lost >= 7000 - 5000 - 500 - 1
    await store.close()


async def test_what_the_server_refuses_for_good_is_counted_and_dams_nothing(tmp_path):
    feed = Feed()
    refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"
    async with a_server(refusal) as url, mirroring(feed, tmp_path, url) as mirror:
        async with asyncio.timeout(20):
            for lost in (1, 2):
                feed.tell([a_reading(lost, int(time.time()))])
                while mirror.listener.lost < lost:
                    await asyncio.sleep(0.01)
