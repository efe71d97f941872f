# SPDX-License-Identifier: EUPL-1.2
"""A node as the gateway sees it: it journals, publishes in order, and goes back N."""

import asyncio
import time
from collections import deque

import aiomqtt

from tests.gateway_builders import a_status, a_telegram, topic
from wire import acknowledgement

WINDOW = 32


class JournalNode:
    """One node over a real MQTT connection; its journal outlives every connection."""

    def __init__(
        self,
        node_id: str,
        port: int,
        *,
        resend_after_s: float = 0.5,
    ) -> None:
        self.node_id = node_id
        self.produced = 0
        self.connections = 0
        self._port = port
        self._resend_after_s = resend_after_s
        self._journal: deque[int] = deque()
        self._published = 0  # up to which sequence since the last going back
        self._progress_s = time.monotonic()

    @property
    def unacknowledged(self) -> int:
        return len(self._journal)

    def produce(self) -> None:
        """Journal one more telegram; the register says its number."""
        self.produced += 1
        self._journal.append(self.produced)

    async def run(self) -> None:
        while True:
            try:
                async with self._connection() as client:
                    self.connections += 1
                    await self._converse(client)
            except* (aiomqtt.MqttError, OSError, TimeoutError):
                pass  # the broker is gone; the journal is not
            await asyncio.sleep(0.1)

    async def _converse(self, client: aiomqtt.Client) -> None:
        await client.subscribe(topic("ack", self.node_id), 1)
        held = self._journal[0] if self._journal else self.produced + 1
        said = a_status(up_ms=1000, held=(1, held), node_id=self.node_id)
        await client.publish(topic("status", self.node_id), said, 1, retain=True)
        self._published = 0
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(client))
            group.create_task(self._publish(client))

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            boot, sequence = acknowledgement.decode(message.payload)
            assert boot == 1
            assert sequence <= self.produced
            while self._journal and self._journal[0] <= sequence:
                self._journal.popleft()
                self._progress_s = time.monotonic()
        raise aiomqtt.MqttError("The connection ended.")

    async def _publish(self, client: aiomqtt.Client) -> None:
        while True:
            if time.monotonic() - self._progress_s > self._resend_after_s:
                self._published = 0
                self._progress_s = time.monotonic()
            for sequence in list(self._journal)[:WINDOW]:
                if sequence > self._published:
                    payload = a_telegram(sequence, litres=sequence, node_id=self.node_id)
                    await client.publish(topic("telegram", self.node_id), payload, 1)
                    self._published = sequence
            await asyncio.sleep(0.01)

    def _connection(self) -> aiomqtt.Client:
        return aiomqtt.Client(
            "127.0.0.1",
            self._port,
            identifier=self.node_id,
            clean_session=True,
            timeout=3,
        )
