# SPDX-License-Identifier: EUPL-1.2
"""The nodes: each keeps every telegram until it is told that it may forget it.

What tells a node so is what the system under test offers: the acknowledgement of our wire, or
MQTT's PUBACK. All else is the same: a window as the firmware's, and everything from the oldest
unacknowledged on again after a reconnect, or, where the acknowledgement is ours, after 5 s without
progress.
"""

import asyncio
import random
import ssl
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simulators.scorecard.fleet import BOOT, Fleet
from simulators.scorecard.mqtt import Connection, MqttError
from wire import acknowledgement, status, topics
from wire.status import Status

WINDOW = 32  # published and unacknowledged; as the firmware's uplink has it
RESEND_AFTER_S = 5.0  # likewise
STATUS_EVERY_S = 60.0  # likewise
RETRY_FIRST_S, RETRY_CAP_S = 0.25, 4.0  # less than the firmware's, for here a day is minutes
_TICK_S = 0.02

Until = Literal["acknowledged", "puback"]


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where nodes find the broker of a system, and by what word they forget."""

    port: int
    until: Until
    server_name: str = ""
    tls: Sequence[ssl.SSLContext] = ()  # a node's own, by its number; empty: no TLS


class Sender:
    """One node: sequences 1 to ``produced`` exist, those to ``forgotten`` are off its journal."""

    def __init__(self, fleet: Fleet, node: int, door: Door) -> None:
        self.produced = self.forgotten = 0
        self.produced_at_s = array("d", [0.0])  # by sequence, Unix time; there is no telegram 0
        self._fleet = fleet
        self._node = node
        self._door = door
        self._sent = 0
        self._in_flight: dict[int, int] = {}  # packet id: sequence
        self._progress_s = 0.0
        self._wake = asyncio.Event()
        self._began_s = time.monotonic()

    def produce(self, up_to: int) -> None:
        """Write the telegrams up to sequence ``up_to`` to the journal."""
        up_to = min(up_to, self._fleet.share(self._node))
        if up_to > self.produced:
            self.produced_at_s.extend([time.time()] * (up_to - self.produced))
            self.produced = up_to
            self._wake.set()

    async def run(self) -> None:
        """Connect, send, and connect again, until cancelled."""
        failures = 0
        while True:
            progress = self.forgotten
            try:
                await self._connect_and_send()
            except MqttError:
                failures = 0 if self.forgotten > progress else failures + 1
            longest_s = min(RETRY_CAP_S, RETRY_FIRST_S * 2 ** min(failures, 8))
            await asyncio.sleep(random.uniform(0, longest_s))  # noqa: S311 - full jitter

    async def _connect_and_send(self) -> None:
        connection = Connection(self._received, self._confirmed)
        tls = self._door.tls[self._node] if self._door.tls else None
        await connection.open(
            self._door.port,
            self._fleet.node_ids[self._node],
            tls=tls,
            server_name=self._door.server_name,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(connection.run())
                group.create_task(self._send(connection))
        except* MqttError as failed:
            raise MqttError(str(failed.exceptions[0])) from failed
        finally:
            connection.close()

    async def _send(self, connection: Connection) -> None:
        is_ours = self._door.until == "acknowledged"
        if is_ours:
            connection.subscribe(self._fleet.topic(self._node, topics.ACKNOWLEDGEMENT))
        self._rewind()
        status_s = 0.0
        while True:
            now_s = time.monotonic()
            stuck = self._sent > self.forgotten and now_s - self._progress_s > RESEND_AFTER_S
            if is_ours and (stuck or now_s - status_s > STATUS_EVERY_S):
                connection.publish([self._status()], retain=True)
                status_s = now_s
                if stuck:
                    self._rewind()
            self._send_window(connection)
            await connection.drain()
            self._wake.clear()
            try:
                async with asyncio.timeout(RESEND_AFTER_S / 4):
                    await self._wake.wait()
            except TimeoutError:
                continue  # to look at the clock

    def _rewind(self) -> None:
        self._sent = self.forgotten
        self._in_flight.clear()
        self._progress_s = time.monotonic()

    def _send_window(self, connection: Connection) -> None:
        up_to = min(self.produced, self.forgotten + WINDOW)
        if up_to <= self._sent or 2 * (up_to - self._sent) < min(
            WINDOW, self.produced - self._sent
        ):
            return  # a few at a time, as the firmware does
        if self._sent == self.forgotten:
            self._progress_s = time.monotonic()
        sequences = range(self._sent + 1, up_to + 1)
        topic = self._fleet.topic(self._node)
        ids = connection.publish((topic, self._fleet.payload(self._node, s)) for s in sequences)
        if self._door.until == "puback":
            self._in_flight.update(zip(ids, sequences, strict=True))
        self._sent = up_to

    def _received(self, _: str, payload: bytes) -> None:
        boot, sequence = acknowledgement.decode(payload)
        if boot == BOOT:
            self._forget(sequence)

    def _confirmed(self, packet_id: int) -> None:
        sequence = self._in_flight.pop(packet_id, None)
        if sequence is not None:  # a broker confirms in order (MQTT 3.1.1, section 4.6)
            self._forget(sequence)

    def _forget(self, sequence: int) -> None:
        if sequence > self.forgotten:
            self.forgotten = sequence
            self._sent = max(self._sent, sequence)
            self._progress_s = time.monotonic()
            self._wake.set()

    def _status(self) -> tuple[str, bytes]:
        up_ms = int((time.monotonic() - self._began_s) * 1000)
        held = self.forgotten + 1
        said = Status(self._fleet.node_ids[self._node], BOOT, status.ONLINE, up_ms, BOOT, held)
        return self._fleet.topic(self._node, topics.STATUS), status.encode(said)


async def produce(senders: Sequence[Sender], fleet: Fleet, per_s: float) -> None:
    """Let all nodes together produce ``per_s`` telegrams a second, until the last is there."""
    began_s = time.monotonic()
    while any(sender.produced < fleet.share(node) for node, sender in enumerate(senders)):
        due = (time.monotonic() - began_s) * per_s
        for node, sender in enumerate(senders):
            sender.produce(int((due - node) // len(senders)) + 1 if due > node else 0)
        await asyncio.sleep(_TICK_S)
