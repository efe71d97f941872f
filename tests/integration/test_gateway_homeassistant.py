# SPDX-License-Identifier: EUPL-1.2
"""Home Assistant beside the real gateway process, on the real Mosquitto by our configuration."""

import asyncio
import json
import ssl
import time
from functools import partial

import aiomqtt
import httpx
import pytest

from edge_gateway.clock import SystemClock
from edge_gateway.feed import Feed
from edge_gateway.neighbours.homeassistant import HomeAssistant
from tests.gateway_builders import GATEWAY, a_status, a_telegram, settings, topic
from tests.gateway_pki import Authority
from tests.gateway_process import Program, free_port, port_open
from tests.victoria_metrics import VictoriaMetrics
from wire import status

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]
NODE, PASSWORD = "n-a-01", "of-a-test"
HERE = f"iskar/home/{GATEWAY}"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Give a gateway's folder and ports, with its broker running and a guest invited."""
    folder = tmp_path_factory.mktemp("gateway")
    authority = Authority()
    for name, file_name in ((GATEWAY, "gateway"), (GATEWAY, "broker"), (NODE, NODE)):
        authority.issue(name, folder / "pki", file_name)
    told = {
        "BROKER_PORT": free_port(),
        "BROKER_BIND": "127.0.0.1",
        "HOMEASSISTANT_GUEST_PORT": free_port(),
        "HOMEASSISTANT_PASSWORD": PASSWORD,
    }
    broker = Program("broker", folder, **told)
    broker.start()
    asyncio.run(port_open(told["HOMEASSISTANT_GUEST_PORT"]))
    yield folder, told
    assert broker.is_running()
    broker.stop()


def a_guest(place, password=PASSWORD, user="home_assistant"):
    folder, told = place
    context = ssl.create_default_context(cafile=str(folder / "pki" / "ca.crt"))
    port = told["HOMEASSISTANT_GUEST_PORT"]
    return aiomqtt.Client(
        "127.0.0.1", port, username=user, password=password, tls_context=context, timeout=3
    )


def by_certificate(place, name):
    folder, told = place
    context = ssl.create_default_context(cafile=str(folder / "pki" / "ca.crt"))
    context.load_cert_chain(folder / "pki" / f"{name}.crt", folder / "pki" / f"{name}.key")
    return aiomqtt.Client("127.0.0.1", told["BROKER_PORT"], tls_context=context, timeout=3)


async def told_until(listener, said, within_s=20):
    """Return what each topic last said, once ``said`` is true of it."""
    found = {}
    async with asyncio.timeout(within_s):
        async for message in listener.messages:
            found[message.topic.value] = message.payload.decode()
            if said(found):
                return found
    return found


async def test_a_guest_has_its_own_topics_and_nothing_of_the_nodes(place):
    mine = f"{HERE}/{NODE}/mine"
    async with a_guest(place) as guest, by_certificate(place, "gateway") as gateway:
        await guest.subscribe("#", 1)
        await guest.subscribe(topic("telegram", "+"), 1)
        await gateway.subscribe("iskar/v1/#", 1)
        async with by_certificate(place, NODE) as node:
            await node.publish(topic("telegram", NODE), b"private", 1)
        for elsewhere in (
            topic("command", NODE),
            topic("ack", NODE),
            topic("telegram", NODE),
            topic("telegram", "home_assistant"),
            f"iskar/home/gw-other/{NODE}/mine",
        ):
            await guest.publish(elsewhere, b"forged", 1)
        await guest.publish(mine, b"yes", 1)
        assert await told_until(guest, lambda found: mine in found) == {mine: "yes"}
        await gateway.publish(topic("ack", NODE), b"last", 1)
        heard = await told_until(gateway, lambda found: topic("ack", NODE) in found)
        assert heard == {topic("telegram", NODE): "private", topic("ack", NODE): "last"}


@pytest.mark.parametrize(
    ("user", "password"),
    [("home_assistant", "guessed"), (GATEWAY, PASSWORD), (NODE, PASSWORD), (None, None)],
)
async def test_by_the_guests_port_nobody_else_gets_in(place, user, password):
    with pytest.raises(aiomqtt.MqttError):
        async with a_guest(place, password, user) as nobody:
            await nobody.publish("anything", b"", 1)


async def test_the_gateway_shows_all_three_neighbours_what_a_node_sent(
    place, victoria_metrics, tmp_path
):
    folder, told = place
    server = VictoriaMetrics(victoria_metrics, tmp_path, free_port())
    await server.start()
    metrics_port, now_s = free_port(), int(time.time())
    gateway = Program(
        "run",
        folder,
        CLOCK="assumed",
        CLOUD_URL="http://127.0.0.1:1",
        CLOUD_TOKEN="token",
        METRICS_PORT=metrics_port,
        INFLUX_URL=server.url,
        **told,
    )
    gateway.start()
    try:
        async with a_guest(place) as guest, by_certificate(place, NODE) as node:
            await guest.subscribe([("homeassistant/#", 1), (f"{HERE}/#", 1)])
            here = await told_until(guest, lambda found: f"{HERE}/availability" in found)
            assert here[f"{HERE}/availability"] == "online"
            await port_open(metrics_port)
            while not await _scraped(metrics_port, "iskar_broker_connected 1.0"):
                await asyncio.sleep(0.1)  # a status must find the gateway subscribed
            await node.publish(topic("status", NODE), a_status(node_id=NODE), 1)
            message = a_telegram(1, node_id=NODE, time_s=now_s, litres=1234)
            await node.publish(topic("telegram", NODE), message, 1)
            shown = await told_until(guest, lambda found: f"{HERE}/{NODE}/last_reading" in found)
            assert shown[f"{HERE}/{NODE}/availability"] == "online"
            assert shown[f"{HERE}/{NODE}/cold_water"] == "1.234000"
            assert json.loads(shown[f"{HERE}/{NODE}/cold_water_leak"])["leak"] == "OFF"
            announced = shown[f"homeassistant/sensor/iskar_{NODE}_cold_water/config"]
            assert json.loads(announced)["state_topic"] == f"{HERE}/{NODE}/cold_water"
            (series,) = await server.series("iskar_reading_volume_ml")
            assert series["values"] == [1_234_000]
            assert await _scraped(metrics_port, f'iskar_node_online{{node="{NODE}"}} 1.0')
            async with a_guest(place) as late:
                await late.subscribe(f"{HERE}/#", 1)
                seen = await told_until(late, lambda found: len(found) >= 5)
            assert seen[f"{HERE}/{NODE}/cold_water"] == "1.234000"
            gateway.kill()
            await told_until(guest, partial(_says, f"{HERE}/availability", "offline"))
    finally:
        gateway.kill()
        await server.stop()


async def test_a_gateway_that_is_stopped_says_so(place):
    folder, told = place
    gateway = Program("run", folder, CLOUD_URL="http://127.0.0.1:1", CLOUD_TOKEN="token", **told)
    gateway.start()
    try:
        async with a_guest(place) as guest:
            await guest.subscribe(f"{HERE}/availability", 1)
            await told_until(guest, partial(_says, f"{HERE}/availability", "online"))
            assert await asyncio.to_thread(gateway.stop) == 0
            await told_until(guest, partial(_says, f"{HERE}/availability", "offline"))
    finally:
        gateway.kill()


async def _scraped(port, line):
    async with httpx.AsyncClient(timeout=10) as http:
        return line in (await http.get(f"http://127.0.0.1:{port}/metrics")).text.splitlines()


async def test_a_broker_that_has_forgotten_everything_is_told_again(tmp_path):
    port, feed = free_port(), Feed()
    told = settings(
        tmp_path, homeassistant_host="127.0.0.1", homeassistant_port=port, homeassistant_tls=False
    )
    broker = Program("broker", tmp_path, BROKER_PORT=port, BROKER_TLS="false")
    running = asyncio.create_task(HomeAssistant(told, feed, SystemClock()).run())
    announced = f"homeassistant/binary_sensor/iskar_{NODE}_connection/config"
    try:
        for state in (status.ONLINE, status.OFFLINE):
            broker.start()
            await port_open(port)
            feed.tell([status.decode(a_status(node_id=NODE, state=state))])
            async with aiomqtt.Client("127.0.0.1", port) as client:
                await client.subscribe("#", 1)
                shown = await told_until(
                    client, partial(_says, f"{HERE}/{NODE}/availability", state)
                )
            assert announced in shown
            broker.kill()
    finally:
        running.cancel()
        broker.kill()
    done, _ = await asyncio.wait([running], timeout=10)  # though the broker is dead
    assert running in done


def _says(topic, payload, found):
    return found.get(topic) == payload
