# SPDX-License-Identifier: EUPL-1.2
"""Mutual TLS and the access list, on the real Mosquitto, by the configuration we write."""

import asyncio
import ssl

import aiomqtt
import pytest
import structlog

from edge_gateway.broker.session import Session
from edge_gateway.clock import SystemClock
from tests.gateway_builders import GATEWAY, SITE, a_telegram, settings, topic
from tests.gateway_pki import Authority
from tests.gateway_process import Program, free_port, port_open

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]
A, B = "n-a-01", "n-b-01"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway") / "pki"
    authority = Authority()
    for name, file_name in ((GATEWAY, "gateway"), (GATEWAY, "broker"), (A, A), (B, B)):
        authority.issue(name, folder, file_name)
    return folder


@pytest.fixture(scope="module")
def port(pki):
    port = free_port()
    broker = Program("broker", pki.parent, BROKER_PORT=port, BROKER_BIND="127.0.0.1")
    broker.start()
    asyncio.run(port_open(port))
    yield port
    broker.stop()


def client(port, pki, name, **others):
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    if name is not None:
        context.load_cert_chain(pki / f"{name}.crt", pki / f"{name}.key")
    return aiomqtt.Client("127.0.0.1", port, tls_context=context, timeout=3, **others)


async def received(listener, count):
    """Return what the first ``count`` messages say, or as many as come in a second."""
    found = []
    try:
        async with asyncio.timeout(1):
            async for message in listener.messages:
                found.append((message.topic.value, message.payload))
                if len(found) == count:
                    break
    except TimeoutError:
        pass
    return found


@pytest.mark.parametrize("channel", ["telegram", "event", "status"])
async def test_the_gateway_hears_a_node_and_the_node_cannot_speak_for_another(port, pki, channel):
    async with client(port, pki, "gateway") as gateway, client(port, pki, A) as node:
        await gateway.subscribe("iskar/v1/#", 1)
        await node.publish(topic(channel, B), b"forged", 1)
        await node.publish(topic(channel, A), b"true", 1)
        assert await received(gateway, 2) == [(topic(channel, A), b"true")]


async def test_a_node_cannot_speak_for_the_gateway_or_beside_the_tree(port, pki):
    async with client(port, pki, "gateway") as gateway, client(port, pki, A) as node:
        await gateway.subscribe("#", 1)
        for elsewhere in (
            topic("ack", A),
            topic("command", B),
            "anything",
            f"iskar/v1/{SITE}/gw-other/{A}/telegram",
        ):
            await node.publish(elsewhere, b"forged", 1)
        assert await received(gateway, 1) == []


async def test_a_node_reads_its_own_acknowledgements_and_nobody_elses(port, pki):
    async with client(port, pki, "gateway") as gateway, client(port, pki, A) as node:
        await node.subscribe("#", 1)
        await node.subscribe(topic("ack", B), 1)
        await node.subscribe(topic("telegram", B), 1)
        async with client(port, pki, B) as other:
            await other.publish(topic("telegram", B), b"private", 1)
        await gateway.publish(topic("ack", B), b"not yours", 1)
        await gateway.publish(topic("command", A), b"yours", 1)
        await gateway.publish(topic("ack", A), b"yours", 1)
        assert await received(node, 3) == [
            (topic("command", A), b"yours"),
            (topic("ack", A), b"yours"),
        ]


async def test_without_a_certificate_nobody_gets_in(port, pki):
    with pytest.raises((aiomqtt.MqttError, ssl.SSLError)):
        async with client(port, pki, None) as nobody:
            await nobody.publish("anything", b"", 1)


async def test_a_certificate_of_another_authority_is_refused(port, pki, tmp_path):
    Authority("Iskar test CA").issue(A, tmp_path, A)
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(tmp_path / f"{A}.crt", tmp_path / f"{A}.key")
    with pytest.raises((aiomqtt.MqttError, ssl.SSLError)):
        async with aiomqtt.Client("127.0.0.1", port, tls_context=context, timeout=3) as impostor:
            await impostor.publish(topic("telegram", A), b"", 1)


async def test_nobody_can_throw_another_off_by_taking_its_name(port, pki):
    async with client(port, pki, A) as node:
        await node.subscribe(topic("ack", A), 1)
        async with client(port, pki, B, identifier=A):
            pass
        async with client(port, pki, "gateway") as gateway:
            await gateway.publish(topic("ack", A), b"still here", 1)
        assert await received(node, 1) == [(topic("ack", A), b"still here")]


async def heard_by_session(told, deliver, count):
    heard = []

    async def receive(arrived_on, payload, _retained):
        heard.append((arrived_on, payload))

    session = Session(told, SystemClock())
    running = asyncio.create_task(session.run(receive))
    try:
        async with asyncio.timeout(10):
            while len(heard) < count:
                await deliver(session)
                await asyncio.sleep(0.1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return heard


async def test_the_session_gets_what_came_while_it_was_away_except_statuses(port, pki):
    told = settings(pki.parent, broker_port=port)

    async def nothing(_session):
        pass

    async def send_one(_session):
        async with client(port, pki, A) as node:
            await node.publish(topic("telegram", A), a_telegram(1, node_id=A), 1)

    await heard_by_session(told, send_one, 1)
    async with client(port, pki, A) as node:
        await node.publish(topic("status", A), b"stale by the time it is read", 1)
        for sequence in (2, 3):
            await node.publish(topic("telegram", A), a_telegram(sequence, node_id=A), 1)
    heard = await heard_by_session(told, nothing, 2)
    assert [payload for _, payload in heard if b"tq" in payload][-2:] == [
        a_telegram(2, node_id=A),
        a_telegram(3, node_id=A),
    ]
    assert not any(b"stale" in payload for _, payload in heard)


async def test_the_session_refuses_a_broker_that_bears_another_name(port, pki):
    told = settings(pki.parent, broker_port=port, broker_server_name="gw-other")
    session = Session(told, SystemClock())
    with structlog.testing.capture_logs() as logged:
        running = asyncio.create_task(session.run(lambda *_: asyncio.sleep(0)))
        async with asyncio.timeout(5):
            while not logged:
                await asyncio.sleep(0.05)
        running.cancel()
    assert logged[0]["event"] == "broker_lost"
    assert "gw-other" in logged[0]["reason"]
