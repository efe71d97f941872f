# SPDX-License-Identifier: EUPL-1.2
"""The gateway's session with its MQTT broker."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiomqtt
import structlog

from edge_gateway.broker import certificates
from edge_gateway.clock import Clock, full_jitter_s
from edge_gateway.settings import BrokerSettings
from wire import topics

KEEPALIVE_S = 15
TIMEOUT_S = 5.0
RETRY_FIRST_S = 0.5
STEADY_S = 10.0
RETRY_CAP_S = 3.0  # the broker is next door, and one gateway is no crowd
MAX_UNREAD = 10_000  # between the socket and intake; more than the broker queues, so none is lost

# Telegrams and events at QoS 1 into a persistent session: what comes while the gateway restarts
# waits in the broker. A status at QoS 0: one that waited would be taken for fresh, and its uptime
# would date the node's boot wrongly by just that wait. The next one comes within a minute. A fetch
# is asked again by the node that still wants it.
QOS = {topics.TELEGRAM: 1, topics.EVENT: 1, topics.STATUS: 0, topics.FETCH: 0}

Receive = Callable[[str, bytes, bool], Awaitable[None]]
log = structlog.get_logger(__name__)


def end_if_cancelled() -> None:
    """Raise CancelledError where aiomqtt has swallowed it, so that whoever stops us is not kept.

    It waits by wait_for, which in Python 3.11 loses a cancellation that comes in the same turn as
    the answer; and leaving a connection that has died raises its error in place of the
    cancellation. Source: CPython, issue 86296.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class Session:
    """Keeps connected to the broker, hands on what nodes send, publishes to nodes.

    A message is confirmed to the broker (PUBACK) once it is handed on, which waits while there is
    no room: the broker then sends no more than it may have in flight, and memory stays flat in a
    flood. Nothing else depends on PUBACK: nodes go by our own acknowledgement, which follows the
    commit, and publish again whatever it does not cover.
    """

    def __init__(self, settings: BrokerSettings, clock: Clock) -> None:
        if settings.broker_tls:
            certificates.check(settings, "gateway")
        self._settings = settings
        self._clock = clock
        self._client: _Client | None = None

    def is_connected(self) -> bool:
        """Return whether there is a connection now."""
        return self._client is not None

    async def run(self, receive: Receive) -> None:
        """Stay connected and call ``receive`` with (topic, payload, retained), until cancelled."""
        attempt = 0
        while True:
            began_s = self._clock.monotonic_s()
            try:
                async with self._connection() as client:
                    await self._subscribe(client)
                    log.info("broker_connected", port=self._settings.broker_port)
                    self._client = client
                    await self._hand_on(client, receive)
            except (aiomqtt.MqttError, OSError, ssl.SSLError, TimeoutError) as error:
                end_if_cancelled()
                if self._clock.monotonic_s() - began_s > STEADY_S:
                    attempt = 0  # not at once: a broker may accept and then throw off
                delay_s = full_jitter_s(attempt, RETRY_FIRST_S, RETRY_CAP_S)
                attempt += 1
                log.warning("broker_lost", reason=str(error), retry_in_s=round(delay_s, 1))
                await self._clock.sleep(delay_s)
            finally:
                self._client = None

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 0 if connected: acknowledgements and the time are asked for again."""
        if self._client is None:
            return
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._client.publish(topic, payload, qos=0)
        except (aiomqtt.MqttError, TimeoutError) as error:
            log.debug("publish_failed", topic=topic, reason=str(error))
        end_if_cancelled()

    async def _hand_on(self, client: "_Client", receive: Receive) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            await receive(message.topic.value, payload, bool(message.retain))
            client.confirm(message)

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        filters = [
            (topics.every_node(self._settings.site, self._settings.id, channel), qos)
            for channel, qos in QOS.items()
        ]
        async with asyncio.timeout(TIMEOUT_S):
            await client.subscribe(filters)
        end_if_cancelled()

    def _connection(self) -> "_Client":
        return _Client(
            self._settings.broker_host,
            self._settings.broker_port,
            identifier=self._settings.id,
            clean_session=False,
            keepalive=KEEPALIVE_S,
            timeout=TIMEOUT_S,
            max_queued_incoming_messages=MAX_UNREAD,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            tls_context=tls(self._settings) if self._settings.broker_tls else None,
        )


class _Client(aiomqtt.Client):
    """Confirms a message only when told to."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._client.manual_ack_set(True)

    def confirm(self, message: aiomqtt.Message) -> None:
        """Let the broker forget the message and send another."""
        self._client.ack(message.mid, message.qos)


class NamedPeer(ssl.SSLContext):
    """Expects the certificate of one name, whatever address the broker is reached at.

    A building's network gives the gateway no stable host name; its certificate bears its id.
    """

    server_name = ""

    def wrap_socket(self, sock: socket.socket, *args: Any, **options: Any) -> ssl.SSLSocket:
        """Wrap it, expecting that name."""
        options["server_hostname"] = self.server_name
        return super().wrap_socket(sock, *args, **options)


def tls(settings: BrokerSettings) -> NamedPeer:
    """Return what shows the broker who we are, and knows it by our authority and its name."""
    context = NamedPeer(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = settings.broker_server_name or settings.id
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    authority, certificate, key = certificates.paths(settings, "gateway")
    context.load_verify_locations(authority)
    context.load_cert_chain(certificate, key)
    return context
