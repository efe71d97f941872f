# SPDX-License-Identifier: EUPL-1.2
"""Checks of the MQTT client on brokers that send what they should not; run on both interpreters."""

import asyncio

from firmware.mqtt import Connection, MqttError

CONNACK = b"\x20\x02\x00\x00"


class FakeStream:
    """Gives out ``arriving``, then ends; keeps what was written."""

    def __init__(self, arriving):
        self._arriving = arriving
        self.asked_bytes = 0
        self.written = b""

    async def readexactly(self, count):
        self.asked_bytes = max(self.asked_bytes, count)
        if len(self._arriving) < count:
            raise EOFError
        piece, self._arriving = self._arriving[:count], self._arriving[count:]
        return piece

    async def write(self, packets):
        self.written += packets


def receive(arriving):
    """Return (the stream, what was delivered, why the connection ended)."""
    stream, delivered, ended = FakeStream(arriving), [], []
    connection = Connection(
        stream,
        lambda: 0,
        lambda topic, payload: delivered.append((topic, payload)),
        lambda: ended.append(True),
    )
    asyncio.run(connection.receive())
    assert ended == [True]
    return stream, delivered, connection.error


def check_a_message_is_delivered_and_confirmed():
    stream, delivered, error = receive(b"\x32\x08\x00\x03a/b\x00\x07!")
    assert delivered == [("a/b", b"!")]
    assert stream.written == b"\x40\x02\x00\x07"
    assert error.startswith("EOFError")


def check_a_length_without_end_is_refused_at_its_fifth_byte():
    assert receive(b"\x30" + b"\x80" * 1000)[2] == "MqttError: A packet's length does not end."


def check_a_huge_packet_is_refused_before_room_is_made_for_it():
    stream, _, error = receive(b"\x30\xff\xff\xff\x7f" + b"x" * 100)
    assert error == "MqttError: A packet of 268435455 bytes is too long."
    assert stream.asked_bytes == 1


def check_malformed_packets_end_the_connection_and_nothing_else():
    for packet in (
        b"\x30\x00",  # a message without topic
        b"\x30\x01\x00",
        b"\x30\x04\x00\x02\xff\xfe",  # a topic that is not UTF-8
        b"\x90\x03\x00\x01\x80",  # a subscription refused
        b"\x30",
        b"\x30\x05abc",
    ):
        _, delivered, error = receive(packet)
        assert delivered == [], packet
        assert error is not None, packet


def check_a_refused_connection_is_an_error():
    for answer in (b"\x20\x02\x00\x05", b"\x20\x00", b"\x30\x02\x00\x00", b"\x20\x03\x00\x00\x00"):
        stream = FakeStream(answer)
        connection = Connection(stream, lambda: 0, None, None)
        try:
            asyncio.run(connection.open("n-1", 30, "t", b"will"))
        except MqttError:
            continue
        raise AssertionError(f"{answer} was taken for a welcome")
    asyncio.run(Connection(FakeStream(CONNACK), lambda: 0, None, None).open("n-1", 30, "t", b"w"))
