# SPDX-License-Identifier: EUPL-1.2
"""Who may say and hear what on a building's broker: every role, every topic, real Mosquitto."""

import asyncio
import contextlib
import ssl
from itertools import product

import aiomqtt
import pytest

from tests.gateway_builders import GATEWAY, SITE
from tests.gateway_pki import Authority
from tests.gateway_process import Program, free_port, port_open
from tests.mqtt_wire import allowed, connected
from wire import topics

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]

A, B = "n-a-01", "n-b-01"
OTHER_GATEWAY = "gw-other"
ODD_NAMES = ("+", "#", f"{A}/telegram", f"{GATEWAY}/{A}", "%u", "$SYS")
ROLES = (GATEWAY, A, B, OTHER_GATEWAY, *ODD_NAMES)
CHANNELS = (*topics.FROM_NODE, *topics.TO_NODE)
OF_NODES = [topics.topic(SITE, GATEWAY, *one) for one in product((A, B), CHANNELS)]
ELSEWHERE = [
    *(topics.topic(SITE, OTHER_GATEWAY, A, channel) for channel in CHANNELS),
    *(topics.topic("plovdiv", GATEWAY, A, channel) for channel in CHANNELS),
    f"{topics.ROOT}/{SITE}/{GATEWAY}",
    f"{topics.ROOT}/{SITE}",
    f"{topics.ROOT}/{SITE}/{GATEWAY}x/{A}/telegram",
    f"iskar/v2/{SITE}/{GATEWAY}/{A}/telegram",
    topics.topic(SITE, GATEWAY, A, "telegram") + "/more",
    topics.topic(SITE, GATEWAY, A, "firmware"),
    A,
    "anything",
    "$SYS/broker/uptime",
    "$CONTROL/dynamic-security/v1",
    "homeassistant/sensor/iskar/config",
]


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway") / "pki"
    authority = Authority()
    authority.issue(GATEWAY, folder, "broker")
    for number, role in enumerate(ROLES):
        authority.issue(role, folder, f"role-{number}")
    return folder


@pytest.fixture(scope="module")
def port(pki):
    port = free_port()
    broker = Program("broker", pki.parent, BROKER_PORT=port, BROKER_BIND="127.0.0.1")
    broker.start()
    asyncio.run(port_open(port))
    yield port
    broker.stop()


def context(pki, role):
    made = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    file = pki / f"role-{ROLES.index(role)}"
    made.load_cert_chain(f"{file}.crt", f"{file}.key")
    return made


def may_publish(role):
    """The table of rights: what each role may say."""
    if role == GATEWAY:
        own = f"{topics.ROOT}/{SITE}/{GATEWAY}"
        return {one for one in [*OF_NODES, *ELSEWHERE] if one == own or one.startswith(own + "/")}
    return {topics.topic(SITE, GATEWAY, role, channel) for channel in topics.FROM_NODE} & {
        *OF_NODES
    }


def may_hear(role):
    """The table of rights: what each role may hear."""
    if role == GATEWAY:
        return may_publish(GATEWAY)
    return {topics.topic(SITE, GATEWAY, role, channel) for channel in topics.TO_NODE} & {*OF_NODES}


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_say_just_what_the_table_says(port, pki, role):
    asked = [*OF_NODES, *ELSEWHERE]
    assert await allowed(port, role, context(pki, role), asked) == may_publish(role)


async def test_a_role_hears_just_what_the_table_says(port, pki):
    heard = {role: set() for role in ROLES}
    async with contextlib.AsyncExitStack() as stack:
        clients = {}
        for role in ROLES:
            tls = context(pki, role)
            client = aiomqtt.Client("127.0.0.1", port, tls_context=tls, timeout=5)
            clients[role] = await stack.enter_async_context(client)
            for everything in ("#", "$SYS/#", "+/+/+/+/+/+", *OF_NODES):
                await client.subscribe(everything, 1)
        for speaker in (A, B, GATEWAY):
            for one in may_publish(speaker):
                await clients[speaker].publish(one, speaker, 1)
        listening = [asyncio.create_task(listen(clients[role], heard[role])) for role in ROLES]
        async with asyncio.timeout(20):
            while any(heard[role] < may_hear(role) for role in ROLES):
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)  # what must not come would come now
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    assert heard == {role: may_hear(role) for role in ROLES}


async def listen(client, heard):
    async for message in client.messages:
        heard.add(message.topic.value)


async def test_a_last_will_speaks_for_its_own_node_only(port, pki):
    async with aiomqtt.Client("127.0.0.1", port, tls_context=context(pki, GATEWAY)) as gateway:
        await gateway.subscribe(topics.every_node(SITE, GATEWAY, topics.STATUS), 1)
        for of_whom in (B, A):
            with contextlib.suppress(ConnectionError):  # it may refuse such a client at once
                will = topics.topic(SITE, GATEWAY, of_whom, topics.STATUS)
                _, writer = await connected(port, A, context(pki, A), will_topic=will)
                writer.transport.abort()
        async with asyncio.timeout(10):
            message = await anext(aiter(gateway.messages))
    assert message.topic.value == topics.topic(SITE, GATEWAY, A, topics.STATUS)
