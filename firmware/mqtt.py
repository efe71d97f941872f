# SPDX-License-Identifier: EUPL-1.2
"""MQTT 3.1.1, as much as a node needs: QoS 1 out, QoS 0 and 1 in, a last will, no session.

PUBACK is only counted: what a broker confirms it may still lose, so our own acknowledgement decides
what is forgotten. Source: MQTT Version 3.1.1, OASIS Standard (2014).
"""

import asyncio
import struct

ANSWER_MS = 10000  # anything that asks for an answer and gets no packet for so long is dead air
_CONNECT = 0x10
_CONNACK = 0x20
_PUBLISH = 0x30
_PUBACK = 0x40
_SUBSCRIBE = 0x82
_SUBACK = 0x90
_PINGREQ = b"\xc0\x00"
_QOS1 = 0x02
_RETAIN = 0x01
_MAX_PACKET_BYTES = 4096  # twice the largest message of ours
_MAX_LENGTH_SHIFT = 21  # MQTT 3.1.1, 2.2.3: the length has at most four bytes, seven bits each


class MqttError(Exception):
    """The broker refused us, broke the protocol or fell silent."""


_ENDS = (OSError, EOFError, ValueError, MemoryError, MqttError, asyncio.TimeoutError)


class Connection:
    """One connection from CONNECT to its end; make another for the next."""

    def __init__(self, stream, up_ms, on_message, on_end):
        self._stream = stream
        self._up_ms = up_ms
        self._on_message = on_message  # (topic, payload)
        self._on_end = on_end
        self._lock = asyncio.Lock()
        self._packet_id = 0
        self._asked_at_ms = None  # since when an answer is due
        self.heard_at_ms = up_ms()
        self.unconfirmed = 0  # published, no PUBACK yet
        self.error = None  # why it ended

    async def open(self, client_id, keepalive_s, will_topic, will):
        """Introduce ourselves; ``will`` is published retained when the connection dies."""
        flags = 0x02 | 0x04 | (1 << 3) | 0x20  # clean session, will, its QoS 1, its retain
        body = b"\x00\x04MQTT\x04" + struct.pack(">BH", flags, keepalive_s)
        body += _text(client_id) + _text(will_topic) + _text(will)
        await self._send(_packet(_CONNECT, body))
        header, answer = await self._receive_packet()
        if header != _CONNACK or len(answer) != 2 or answer[1]:
            raise MqttError("The broker refused the connection: %s." % list(answer))

    async def subscribe(self, names):
        """Ask for the topics ``names`` with QoS 1; the answer is checked as it arrives."""
        body = struct.pack(">H", self._next_id())
        for name in names:
            body += _text(name) + b"\x01"
        await self._ask(_packet(_SUBSCRIBE, body))

    async def publish(self, messages):
        """Send ``messages``, (topic, payload, retain) each, with QoS 1; returns once written."""
        for topic, payload, retain in messages:
            header = _PUBLISH | _QOS1 | (_RETAIN if retain else 0)
            body = _text(topic) + struct.pack(">H", self._next_id()) + payload
            self.unconfirmed += 1
            await self._ask(_packet(header, body))  # one by one: a long buffer may not fit the heap

    async def ping(self):
        """Ask whether anybody is there."""
        await self._ask(_PINGREQ)

    def check(self):
        """Raise MqttError if the connection has ended or an answer is overdue."""
        if self.error is not None:
            raise MqttError(self.error)
        if self._asked_at_ms is not None and self._up_ms() - self._asked_at_ms > ANSWER_MS:
            raise MqttError("No answer for %d ms." % ANSWER_MS)

    async def receive(self):
        """Take what the broker sends until the connection ends; then ``error`` says why."""
        try:
            while True:
                header, body = await self._receive_packet()
                self.heard_at_ms = self._up_ms()
                await self._take(header, body)
                self._asked_at_ms = self.heard_at_ms if self.unconfirmed else None
        except _ENDS as error:
            self.error = "%s: %s" % (type(error).__name__, error)
        self._on_end()

    async def _take(self, header, body):
        kind = header & 0xF0
        if kind == _PUBACK:
            self.unconfirmed -= 1
        elif kind == _SUBACK and 0x80 in body[2:]:
            raise MqttError("The broker refused a subscription.")
        elif kind == _PUBLISH:
            length = int.from_bytes(body[:2], "big")
            if len(body) < 2 + length:
                raise MqttError("A message is cut short.")
            topic = body[2 : 2 + length].decode()
            rest = body[2 + length :]
            if header & 0x06:
                await self._send(_packet(_PUBACK, rest[:2]))
                rest = rest[2:]
            self._on_message(topic, rest)

    async def _ask(self, packets):
        if self._asked_at_ms is None:
            self._asked_at_ms = self._up_ms()
        await self._send(packets)

    async def _send(self, packets):
        async with self._lock:
            await asyncio.wait_for(self._stream.write(packets), ANSWER_MS // 1000)

    async def _receive_packet(self):
        header = (await self._stream.readexactly(1))[0]
        length = shift = 0
        while True:
            if shift > _MAX_LENGTH_SHIFT:
                raise MqttError("A packet's length does not end.")
            byte = (await self._stream.readexactly(1))[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        if length > _MAX_PACKET_BYTES:
            raise MqttError("A packet of %d bytes is too long." % length)
        return header, await self._stream.readexactly(length) if length else b""

    def _next_id(self):
        self._packet_id = self._packet_id % 65535 + 1
        return self._packet_id


def _text(content):
    if isinstance(content, str):
        content = content.encode()
    return struct.pack(">H", len(content)) + content


def _packet(header, body):
    length = len(body)
    start = bytearray([header])
    while True:
        start.append((length & 0x7F) | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return bytes(start) + body
