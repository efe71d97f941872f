# SPDX-License-Identifier: EUPL-1.2
"""Modbus RTU master that never takes one register's reply for another's.

A reply carries no address: one that comes late answers the wrong question and its CRC is right. So
the bus is drained until it is silent before each request; frames of another unit, function or
length are counted as late and dropped; and a unit that left a request unanswered is in doubt: it is
left alone for a second timeout, and for a while a reply of it counts only when the same question,
asked again, brings the same bytes.
Source: MODBUS over Serial Line 1.02, 2.5.1 (framing, CRC); MODBUS Application Protocol 1.1b3.
"""

import struct

_POLL_MS = 2
_REPLY_OVERHEAD = 5  # unit, function, byte count, CRC
_EXCEPTION = 0x80
_BITS_PER_BYTE = 11
_MAX_BUFFER = 600  # two of the longest frames and their noise
_LEFT_ALONE_TIMEOUTS = 2
_DOUBT_TIMEOUTS = 6
_ASKS_IN_DOUBT = 4


class ModbusError(Exception):
    """A meter did not give what it was asked for."""

    reason = "modbus"


class NoReplyError(ModbusError):
    """Nothing came within the timeout."""

    reason = "no_reply"


class GarbledError(ModbusError):
    """Something came, but no frame with a right CRC."""

    reason = "garbled"


class DoubtfulError(ModbusError):
    """Late replies were about and no two in a row agreed."""

    reason = "doubtful"


class NoisyBusError(ModbusError):
    """The bus never fell silent, so nothing could be asked."""

    reason = "noisy_bus"


class RefusedError(ModbusError):
    """The meter answered with an exception code."""

    def __init__(self, code):
        super().__init__("exception %d" % code)
        self.reason = "exception_%d" % code


def crc16(frame):
    """Return the CRC of ``frame`` as the two bytes that follow it."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


class Bus:
    """One RS-485 line and the units on it; one question at a time."""

    def __init__(self, board, baud, timeout_ms):
        self._uart = board.uart
        self._up_ms = board.up_ms
        self._sleep_ms = board.sleep_ms
        self.timeout_ms = timeout_ms
        self._silence_ms = max(5, 4 * _BITS_PER_BYTE * 1000 // baud + 1)  # 3.5 characters and more
        self._unanswered = {}  # unit: when the newest request that it did not answer was sent
        self.late_replies = {}  # unit: how many
        self.garbled = 0

    async def read(self, unit_id, function, address, count):
        """Return the bytes of ``count`` registers, or raise ModbusError."""
        if not self._is_in_doubt(unit_id):
            try:
                return await self._ask(unit_id, function, address, count)
            except GarbledError:
                return await self._ask(unit_id, function, address, count)
        last = None
        for _ in range(_ASKS_IN_DOUBT):
            words = await self._ask(unit_id, function, address, count)
            if words == last:
                return words
            last = words
        raise DoubtfulError("unit %d" % unit_id)

    def _is_in_doubt(self, unit_id):
        sent_ms = self._unanswered.get(unit_id)
        if sent_ms is None:
            return False
        if self._up_ms() - sent_ms < _DOUBT_TIMEOUTS * self.timeout_ms:
            return True
        del self._unanswered[unit_id]
        return False

    async def _ask(self, unit_id, function, address, count):
        await self._drain(unit_id)
        request = struct.pack(">BBHH", unit_id, function, address, count)
        sent_ms = self._up_ms()
        try:
            self._uart.write(request + crc16(request))
            return await self._reply(unit_id, function, 2 * count)
        except OSError as error:  # the adapter is gone
            raise NoReplyError(str(error))
        except (NoReplyError, GarbledError):
            self._unanswered[unit_id] = sent_ms
            raise

    async def _drain(self, unit_id):
        """Return once the bus is silent and no late reply of ``unit_id`` need be feared."""
        now_ms = self._up_ms()
        silent_at_ms = now_ms + self._silence_ms
        give_up_at_ms = now_ms + 4 * self.timeout_ms
        if unit_id in self._unanswered:
            left_alone_until_ms = self._unanswered[unit_id] + _LEFT_ALONE_TIMEOUTS * self.timeout_ms
            silent_at_ms = max(silent_at_ms, left_alone_until_ms)
        is_late_reply = False
        while self._up_ms() < silent_at_ms:
            if self._read():
                if self._unanswered and not is_late_reply:
                    is_asked = unit_id in self._unanswered
                    self._count_late(unit_id if is_asked else next(iter(self._unanswered)))
                is_late_reply = True
                silent_at_ms = max(silent_at_ms, self._up_ms() + self._silence_ms)
            if self._up_ms() > give_up_at_ms:
                raise NoisyBusError("no silence for %d ms" % (4 * self.timeout_ms))
            await self._sleep_ms(_POLL_MS)

    async def _reply(self, unit_id, function, byte_count):
        """Return the words of the reply, wherever in what arrives it may begin."""
        deadline_ms = self._up_ms() + self.timeout_ms
        received = b""
        while True:
            arrived = self._read()
            if arrived:
                received = (received + arrived)[-_MAX_BUFFER:]
                frame, received = self._search(received, unit_id, function, byte_count)
                if frame is not None:
                    return frame
            if self._up_ms() >= deadline_ms:
                break
            await self._sleep_ms(_POLL_MS)
        if not received:
            raise NoReplyError("unit %d" % unit_id)
        self.garbled += 1
        raise GarbledError("%d bytes from unit %d" % (len(received), unit_id))

    def _search(self, received, unit_id, function, byte_count):
        """Return (words or None, what is still to be searched); frames not ours are dropped."""
        at = 0
        while at + _REPLY_OVERHEAD <= len(received):
            length = _frame_length(received, at)
            frame = received[at : at + length]
            if length and len(frame) == length and crc16(frame[:-2]) == frame[-2:]:
                if frame[0] == unit_id and frame[1] == function and frame[2] == byte_count:
                    return frame[3:-2], b""
                if frame[0] == unit_id and frame[1] == function | _EXCEPTION:
                    raise RefusedError(frame[2])
                self._count_late(frame[0])
                received = received[:at] + received[at + length :]
            else:
                at += 1
        return None, received

    def _count_late(self, unit_id):
        self.late_replies[unit_id] = self.late_replies.get(unit_id, 0) + 1

    def _read(self):
        try:
            return self._uart.read()
        except OSError:  # as if unplugged; the next write says so
            return b""


def _frame_length(received, at):
    """Return the length of the reply that may begin at ``at``, 0 where none can."""
    function = received[at + 1]
    if function & ~_EXCEPTION not in (3, 4):
        return 0
    return _REPLY_OVERHEAD if function & _EXCEPTION else _REPLY_OVERHEAD + received[at + 2]
