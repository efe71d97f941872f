# SPDX-License-Identifier: EUPL-1.2
"""As much of an MQTT 3.1.1 client as the scorecard needs, for thousands of messages a second.

QoS 1 both ways. Nothing is remembered between connections: whoever publishes keeps its own journal.
Source: MQTT 3.1.1, OASIS 2014, sections 2 and 3.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable

CONNECT_S = 10.0
_CONNACK, _PUBLISH, _PUBACK, _SUBACK = 0x20, 0x30, 0x40, 0x90
_CLEAN_SESSION = 0x02
_MAX_PACKET_ID = 0xFFFF
_READ_BYTES = 65536


class MqttError(Exception):
    """The connection failed, or the broker said what it may not."""


class Connection:
    """One connection to a broker; ``run`` reads it until it ends, which raises MqttError.

    ``received`` is called with (topic, payload), ``confirmed`` with the id of each PUBACK.
    """

    def __init__(
        self,
        received: Callable[[str, bytes], None],
        confirmed: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._received = received
        self._confirmed = confirmed
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._last_id = 0

    async def open(
        self,
        port: int,
        client_id: str,
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        clean: bool = True,
    ) -> None:
        """Connect to ``port`` of loopback, or raise MqttError."""
        try:
            async with asyncio.timeout(CONNECT_S):
                self._reader, self._writer = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=tls, server_hostname=server_name if tls else None
                )
                flags = _CLEAN_SESSION if clean else 0
                # No keep-alive: on loopback a dead peer is noticed at once.
                head = _string("MQTT") + bytes((4, flags, 0, 0))
                self._writer.write(_packet(0x10, head + _string(client_id)))
                kind, body = await self._read()
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            raise MqttError(f"{client_id} could not connect: {error!r}") from error
        if kind & 0xF0 != _CONNACK or body[1]:
            self.close()
            raise MqttError(f"The broker refused {client_id}: {body.hex()}")

    def subscribe(self, *topics: str) -> None:
        """Ask for these at QoS 1."""
        body = self._next_id().to_bytes(2, "big")
        for topic in topics:
            body += _string(topic) + b"\x01"
        self._write(_packet(0x82, body))

    def publish(self, messages: Iterable[tuple[str, bytes]], *, retain: bool = False) -> list[int]:
        """Publish at QoS 1; return the ids by which they will be confirmed."""
        ids, packets = [], bytearray()
        for topic, payload in messages:
            ids.append(self._next_id())
            head = _string(topic) + ids[-1].to_bytes(2, "big")
            packets += _packet(_PUBLISH | 0x02 | retain, head + payload)
        self._write(packets)
        return ids

    async def drain(self) -> None:
        """Wait until the socket takes more."""
        assert self._writer is not None  # noqa: S101 - opened before
        try:
            await self._writer.drain()
        except OSError as error:
            raise MqttError(str(error)) from error

    async def run(self) -> None:
        """Hand on what comes, until the connection ends, which raises MqttError."""
        try:
            while True:
                kind, body = await self._read()
                if kind & 0xF0 == _PUBLISH:
                    self._take(kind, body)
                elif kind & 0xF0 == _PUBACK:
                    self._confirmed(int.from_bytes(body[:2], "big"))
        except (OSError, EOFError) as error:
            raise MqttError(f"The connection ended: {error!r}") from error

    def close(self) -> None:
        """Drop the connection without a word."""
        if self._writer is not None:
            self._writer.transport.abort()

    def _take(self, kind: int, body: bytes) -> None:
        at = 2 + int.from_bytes(body[:2], "big")
        topic = body[2:at].decode()
        if kind & 0x06:
            packet_id, at = body[at : at + 2], at + 2
            self._received(topic, body[at:])
            self._write(_packet(_PUBACK, packet_id))  # after it is recorded, not before
        else:
            self._received(topic, body[at:])

    async def _read(self) -> tuple[int, bytes]:
        assert self._reader is not None  # noqa: S101 - opened before
        kind = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            byte = (await self._reader.readexactly(1))[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return kind, await self._reader.readexactly(length)

    def _write(self, packet: bytes | bytearray) -> None:
        assert self._writer is not None  # noqa: S101 - opened before
        self._writer.write(packet)

    def _next_id(self) -> int:
        self._last_id = self._last_id % _MAX_PACKET_ID + 1
        return self._last_id


def _string(text: str) -> bytes:
    content = text.encode()
    return len(content).to_bytes(2, "big") + content


def _packet(kind: int, body: bytes) -> bytes:
    length, remaining = bytearray(), len(body)
    while True:
        remaining, low = divmod(remaining, 128)
        length.append(low | (0x80 if remaining else 0))
        if not remaining:
            return bytes((kind,)) + bytes(length) + body
