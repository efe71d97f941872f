# SPDX-License-Identifier: EUPL-1.2
"""MQTT by the byte, for tests that need a thousand clients or a hundred thousand messages.

In version 5 where a test asks whether it may publish: only that one says no.

Sources: MQTT Version 3.1.1, OASIS Standard (2014); MQTT Version 5.0, OASIS Standard (2019).
"""

import asyncio
import ssl
import struct
from collections.abc import Sequence

KEEPALIVE_S = 60
_CONNACK = 0x20
_PUBACK = 0x40
_PUBACK_BYTES = 4
_NOT_AUTHORIZED = 0x87
_MAX_PACKET_ID = 65535
_AT_ONCE = 2000  # messages handed to the socket before its acknowledgements are read


async def connected(
    port: int,
    client_id: str,
    context: ssl.SSLContext | None = None,
    *,
    version: int = 4,
    will_topic: str = "",
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the streams of a clean session that the broker has accepted; version 4 is MQTT 3.1.1.

    With ``will_topic`` a last will is left there that says the client's id.

    Raises OSError when the broker cannot be reached or hangs up first.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        flags = 0x0E if will_topic else 0x02  # clean session, will, its QoS 1
        body = b"\x00\x04MQTT" + struct.pack(">BBH", version, flags, KEEPALIVE_S)
        body += _no_properties(version) + _text(client_id)
        if will_topic:
            body += _no_properties(version) + _text(will_topic) + _text(client_id)
        writer.write(_packet(0x10, body))
        kind, answer = await _received(reader)
    except (asyncio.IncompleteReadError, OSError) as error:
        writer.transport.abort()
        raise ConnectionError(f"No CONNACK: {error}") from None
    if kind != _CONNACK or answer[1]:
        writer.transport.abort()
        raise ConnectionRefusedError(f"The broker answered {answer!r}.")
    return reader, writer


async def publish_all(port: int, client_id: str, messages: Sequence[tuple[str, bytes]]) -> None:
    """Publish (topic, payload) in order at QoS 1; return once the broker has acknowledged all."""
    reader, writer = await connected(port, client_id)
    for start in range(0, len(messages), _AT_ONCE):
        some = messages[start : start + _AT_ONCE]
        writer.write(
            b"".join(
                _packet(0x32, _text(topic) + struct.pack(">H", _packet_id(number)) + payload)
                for number, (topic, payload) in enumerate(some, start)
            )
        )
        await reader.readexactly(_PUBACK_BYTES * len(some))
    writer.transport.abort()


async def allowed(
    port: int, client_id: str, context: ssl.SSLContext, topics: Sequence[str]
) -> set[str]:
    """Return the topics that the broker lets this client publish on."""
    reader, writer = await connected(port, client_id, context, version=5)
    for number, topic in enumerate(topics):
        body = _text(topic) + struct.pack(">H", _packet_id(number)) + _no_properties(5)
        writer.write(_packet(0x32, body + client_id.encode()))
    granted = set()
    for topic in topics:
        kind, answer = await _received(reader)
        assert kind == _PUBACK
        if answer[2:3] != bytes([_NOT_AUTHORIZED]):
            granted.add(topic)
    writer.transport.abort()
    return granted


async def _received(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the next packet's first byte and its body; those that a broker answers are short."""
    kind, length = await reader.readexactly(2)
    return kind, await reader.readexactly(length)


def _no_properties(version: int) -> bytes:
    return b"\x00" if version == 5 else b""


def _packet_id(number: int) -> int:
    return number % _MAX_PACKET_ID + 1


def _text(content: str) -> bytes:
    return struct.pack(">H", len(content.encode())) + content.encode()


def _packet(header: int, body: bytes) -> bytes:
    length, start = len(body), bytearray([header])
    while True:
        start.append((length & 0x7F) | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return bytes(start) + body
