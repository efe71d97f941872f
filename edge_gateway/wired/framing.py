# SPDX-License-Identifier: EUPL-1.2
"""Frames: how a question looks on the line, and which bytes that come back are whole frames.

Source: MODBUS over Serial Line 1.02, 2.5.1 (RTU framing, CRC); MODBUS Messaging on TCP/IP 1.0b,
3.1.3 (MBAP header); MODBUS Application Protocol 1.1b3, 6.3, 6.4 and 7 (replies and exceptions).
"""

import struct
from dataclasses import dataclass
from typing import Protocol

from pymodbus.framer import FramerRTU

_EXCEPTION = 0x80
_READING = (3, 4)
_MBAP = struct.Struct(">HHHB")  # transaction, protocol, length of what follows, unit
_LONGEST_MBAP_LENGTH = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a master asks: ``count`` registers from ``address`` on."""

    unit_id: int
    function: int
    address: int
    count: int

    def body(self) -> bytes:
        """Return the request without its frame."""
        return struct.pack(">BHH", self.function, self.address, self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One whole frame; ``transaction`` is None where the framing has none."""

    unit_id: int
    function: int
    content: bytes  # the byte count and the words, or the code of an exception
    transaction: int | None = None

    @property
    def exception(self) -> int | None:
        """Return the exception's code, None for a plain reply."""
        return self.content[0] if self.function & _EXCEPTION else None

    def fits(self, question: Question) -> bool:
        """Return whether unit, function and length are those asked for."""
        if (self.unit_id, self.function & ~_EXCEPTION) != (question.unit_id, question.function):
            return False
        words = self.content[1:]
        return self.exception is not None or self.content[0] == len(words) == 2 * question.count


class Framing(Protocol):
    """One way to put questions on a line and find replies on it."""

    def request(self, question: Question) -> bytes:
        """Return the bytes to send."""

    def is_answer(self, reply: Reply) -> bool:
        """Return whether the frame itself may belong to the last request."""

    def find(self, received: bytes) -> tuple[Reply | None, bytes]:
        """Return (the first whole frame or None, what is left to be searched)."""


class RtuFraming:
    """Frames with a CRC, found wherever in what arrives they begin."""

    def request(self, question: Question) -> bytes:
        """Return the bytes to send."""
        frame = bytes([question.unit_id]) + question.body()
        return frame + _crc(frame)

    def is_answer(self, reply: Reply) -> bool:  # noqa: ARG002 - a reply bears no mark of its request
        """Return whether the frame itself may belong to the last request."""
        return True

    def find(self, received: bytes) -> tuple[Reply | None, bytes]:
        """Return (the first whole frame or None, what is left to be searched)."""
        for at in range(len(received) - 4):
            length = _rtu_length(received, at)
            frame = received[at : at + length]
            if length and len(frame) == length and _crc(frame[:-2]) == frame[-2:]:
                reply = Reply(unit_id=frame[0], function=frame[1], content=frame[2:-2])
                return reply, received[:at] + received[at + len(frame) :]
        return None, received


class TcpFraming:
    """Frames behind a header that names the request they answer."""

    def __init__(self) -> None:
        self._transaction = 0

    def request(self, question: Question) -> bytes:
        """Return the bytes to send."""
        self._transaction = self._transaction % 0xFFFF + 1
        body = question.body()
        return _MBAP.pack(self._transaction, 0, 1 + len(body), question.unit_id) + body

    def is_answer(self, reply: Reply) -> bool:
        """Return whether the frame itself may belong to the last request."""
        return reply.transaction == self._transaction

    def find(self, received: bytes) -> tuple[Reply | None, bytes]:
        """Return (the first whole frame or None, what is left to be searched)."""
        at = 0
        while at + _MBAP.size + 2 <= len(received):
            transaction, protocol, length, unit_id = _MBAP.unpack_from(received, at)
            pdu = received[at + _MBAP.size : at + 6 + length]
            if protocol == 0 and 3 <= length <= _LONGEST_MBAP_LENGTH and _is_reply(pdu):
                if len(pdu) < length - 1:
                    break  # the rest is under way
                reply = Reply(
                    unit_id=unit_id, function=pdu[0], content=pdu[1:], transaction=transaction
                )
                return reply, received[:at] + received[at + 6 + length :]
            at += 1
        return None, received


def _is_reply(pdu: bytes) -> bool:
    return pdu[0] & ~_EXCEPTION in _READING


def _rtu_length(received: bytes, at: int) -> int:
    """Return the length of the reply that may begin at ``at``, 0 where none can."""
    function = received[at + 1]
    if function & ~_EXCEPTION not in _READING:
        return 0
    return 5 if function & _EXCEPTION else 5 + received[at + 2]


def _crc(frame: bytes) -> bytes:
    return FramerRTU.compute_CRC(frame).to_bytes(2, "big")
