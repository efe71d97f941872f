# SPDX-License-Identifier: EUPL-1.2
"""The session with Home Assistant's broker, which may be anybody's and may be away."""

import asyncio
import contextlib
import ssl

import aiomqtt
import structlog

from edge_gateway.broker.guests import HOME_ASSISTANT
from edge_gateway.broker.session import end_if_cancelled
from edge_gateway.clock import Clock, full_jitter_s
from edge_gateway.feed import Feed
from edge_gateway.neighbours.homeassistant.entities import Entities
from edge_gateway.neighbours.homeassistant.picture import Picture
from edge_gateway.settings import NeighbourSettings
from wire.status import OFFLINE, ONLINE

TIMEOUT_S = 5.0
REPEAT_S = 30.0  # how soon a lost connection is noticed at the latest
FAREWELL_S = 1.0
STEADY_S = 10.0
RETRY_FIRST_S = 1.0
RETRY_CAP_S = 60.0

log = structlog.get_logger(__name__)


class HomeAssistant:
    """Shows Home Assistant the picture: whole at every connection, and then what changes.

    Everything is retained, at QoS 1. The last will says that the gateway is away, and with it go
    the entities of all its nodes. Nothing is subscribed to: no word of Home Assistant's is heard.
    """

    name = "homeassistant"

    def __init__(self, settings: NeighbourSettings, feed: Feed, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.listener = feed.listen()
        entities = Entities(settings.id, settings.homeassistant_prefix)
        self._availability = entities.availability_topic()
        self._picture = Picture(entities)
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Keep the picture and show it until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._keep_picture())
            both.create_task(self._show())

    async def _keep_picture(self) -> None:
        while True:
            for news in await self.listener.next():
                now_s = self._clock.now_ms() // 1000 if self._clock.is_trusted() else None
                self._picture.take(news, now_s)
            self._changed.set()

    async def _show(self) -> None:
        failures = 0
        while True:
            began_s = self._clock.monotonic_s()
            try:
                async with self._connection() as client:
                    log.info("homeassistant_connected")
                    await self._show_to(client)
            except (aiomqtt.MqttError, OSError, TimeoutError) as error:
                end_if_cancelled()
                if self._clock.monotonic_s() - began_s > STEADY_S:
                    failures = 0
                if failures == 0:  # it may be away for weeks; once is enough to say so
                    log.warning("homeassistant_lost", reason=str(error))
                await self._clock.sleep(full_jitter_s(failures, RETRY_FIRST_S, RETRY_CAP_S))
                failures += 1

    async def _show_to(self, client: aiomqtt.Client) -> None:
        try:
            await self._publish_for_ever(client)
        except asyncio.CancelledError:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(FAREWELL_S):  # a last will is for who dies unawares
                    await client.publish(self._availability, OFFLINE, qos=1, retain=True)
            raise

    async def _publish_for_ever(self, client: aiomqtt.Client) -> None:
        shown: dict[str, str] = {}
        is_idle = True
        while True:
            self._changed.clear()
            for topic, payload in list(self._picture.retained.items()):
                if shown.get(topic) != payload:
                    await _publish(client, topic, payload)
                    shown[topic] = payload
            if is_idle:  # or new here; saying so again finds out whether the connection still is
                await _publish(client, self._availability, ONLINE)
            try:
                async with asyncio.timeout(REPEAT_S):
                    await self._changed.wait()
            except TimeoutError:
                is_idle = True
            else:
                is_idle = False

    def _connection(self) -> aiomqtt.Client:
        told = self._settings
        host, port, user = told.homeassistant_host, told.homeassistant_port, told.homeassistant_user
        encrypted, authority = told.homeassistant_tls, told.homeassistant_ca_file
        if not host:  # then both of us are guests on our own broker
            host, port, user = "127.0.0.1", told.homeassistant_guest_port, HOME_ASSISTANT
            encrypted, authority = True, told.pki_dir / "ca.crt"
        return aiomqtt.Client(
            host,
            port,
            identifier=f"iskar-{told.id}",
            username=user,
            password=told.homeassistant_password.get_secret_value(),
            timeout=TIMEOUT_S,
            will=aiomqtt.Will(self._availability, OFFLINE, qos=1, retain=True),
            tls_context=ssl.create_default_context(cafile=authority) if encrypted else None,
        )


async def _publish(client: aiomqtt.Client, topic: str, payload: str) -> None:
    await client.publish(topic, payload, qos=1, retain=True)
    end_if_cancelled()
