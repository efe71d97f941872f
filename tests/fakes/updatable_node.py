# SPDX-License-Identifier: EUPL-1.2
"""A node over a real MQTT connection that does as it is told: settings, and packages to its flash.

The node half of an update is not in the firmware yet; this one keeps to the contract in its place.
"""

import asyncio
import contextlib
import hashlib
from typing import Any

import aiomqtt

from tests.gateway_builders import a_status, an_event
from wire import acknowledgement, command, event, package, topics, transfer

STATUS_EVERY_S = 0.3
ASK_AGAIN_S = 1.0


class UpdatableNode:
    """Tells each event until it is acknowledged; remembers what it was told and what it became."""

    def __init__(self, node_id: str, gateway_id: str, port: int, firmware: str) -> None:
        self.node_id = node_id
        self.firmware = firmware
        self.settings: dict[str, Any] = {}
        self.fetched = b""
        self._gateway_id = gateway_id
        self._port = port
        self._boot = 0
        self._sequence = 0
        self._journal: dict[tuple[int, int], bytes] = {}
        self._known: set[str] = set()
        self._update: dict[str, Any] | None = None
        self._start()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            with contextlib.suppress(aiomqtt.MqttError, OSError):
                async with aiomqtt.Client("127.0.0.1", self._port, timeout=3) as client:
                    for channel in topics.TO_NODE:
                        await client.subscribe(self._topic(channel), 1)
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._listen(client))
                        tasks.create_task(self._speak(client))
            await asyncio.sleep(0.2)

    def _start(self) -> None:
        self._boot, self._sequence = self._boot + 1, 0
        self._say(event.BOOT, {"reset": "power_on", "firmware": self.firmware})

    def _say(self, kind: str, detail: dict[str, int | str]) -> None:
        self._sequence += 1
        said = an_event(self._sequence, kind, detail, boot=self._boot, node_id=self.node_id)
        self._journal[(self._boot, self._sequence)] = said

    async def _speak(self, client: aiomqtt.Client) -> None:
        while True:
            boot, sequence = min(self._journal, default=(self._boot, self._sequence + 1))
            said = a_status(boot=self._boot, held=(boot, sequence), node_id=self.node_id)
            await client.publish(self._topic(topics.STATUS), said)
            for payload in list(self._journal.values()):
                await client.publish(self._topic(topics.EVENT), payload, 1)
            if self._update is not None:
                await self._ask(client)  # again: the answer may be lost
            await asyncio.sleep(STATUS_EVERY_S)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            channel = topics.parse(message.topic.value)[3]
            if channel == topics.ACKNOWLEDGEMENT:
                boot, up_to = acknowledgement.decode(message.payload)
                kept = {key: said for key, said in self._journal.items() if key[0] != boot}
                late = {key: said for key, said in self._journal.items() if key[1] > up_to}
                self._journal = kept | late
            elif channel == topics.COMMAND:
                self._obey(command.decode(message.payload))
            else:
                await self._write(client, *transfer.decode_chunk(message.payload))

    def _obey(self, said: dict[str, Any]) -> None:
        if said["command"] == command.TIME or said["id"] in self._known:
            return
        self._known.add(said["id"])
        if said["command"] == command.UPDATE:
            self._update = said
        else:
            self.settings |= said["settings"]
            self._say(event.SETTINGS_APPLIED, {"id": said["id"]} | said["settings"])

    async def _ask(self, client: aiomqtt.Client) -> None:
        assert self._update is not None
        wish = transfer.encode_fetch(self._update["package"], len(self.fetched))
        await client.publish(self._topic(topics.FETCH), wish)

    async def _write(
        self, client: aiomqtt.Client, package_id: str, offset: int, content: bytes
    ) -> None:
        if self._update is None or offset != len(self.fetched):
            return  # a repeat
        assert package_id == self._update["package"]
        self.fetched += content
        if len(self.fetched) < self._update["size"]:
            await self._ask(client)
            return
        assert hashlib.sha256(self.fetched).hexdigest() == package_id
        manifest = package.decode_manifest(package.split(self.fetched)[0])
        self.firmware, self._update = str(manifest["firmware"]), None
        self._start()

    def _topic(self, channel: str) -> str:
        return topics.topic("sofia", self._gateway_id, self.node_id, channel)
