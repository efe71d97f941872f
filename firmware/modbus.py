# SPDX-License-Identifier: EUPL-1.2
"""Modbus RTU master that never takes one register's reply for another's.

A reply carries no address: one that comes late answers the wrong question and its CRC is right. So

- the bus is drained until it is silent before each request, and frames of another unit, function or
  length are counted and dropped;
- a unit that left a request unanswered is left alone until the late reply has come, or for four
  timeouts: no reply is taken to be later than that;
- after that, and after a garbled reply, a reply counts only when the same question, asked again,
  brings the same bytes.

Source: MODBUS over Serial Line 1.02, 2.5.1 (framing, CRC); MODBUS Application Protocol 1.1b3.
"""

import struct

_POLL_MS = 2
_REPLY_OVERHEAD = 5  # unit, function, byte count, CRC
_EXCEPTION = 0x80
_BITS_PER_BYTE = 11
_MAX_BUFFER = 600  # two of the longest frames and their noise
_LEFT_ALONE_TIMEOUTS = 4
_NOISE_TIMEOUTS = 4  # so long we wait for silence
_CONFIRMATIONS = 3


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
        self._unanswered = {}  # unit: when the request was sent that it has not answered
        self._in_doubt = set()  # units whose next reply must be confirmed
        self.late_replies = {}  # unit: how many
        self.garbled = 0

    def needed_ms(self, unit_id):
        """Return how long a request to this unit takes if it stays unanswered."""
        return self._left_alone_ms(unit_id) + self.timeout_ms

    async def read(self, unit_id, function, address, count):
        """Return the bytes of ``count`` registers, or raise ModbusError."""
        try:
            words = await self._ask(unit_id, function, address, count)
        except GarbledError:
            words = await self._ask(unit_id, function, address, count)
        if unit_id not in self._in_doubt:
            return words
        for _ in range(_CONFIRMATIONS):
            last, words = words, await self._ask(unit_id, function, address, count)
            if words == last:
                self._in_doubt.discard(unit_id)
                return words
        self._in_doubt.discard(unit_id)  # it answers in time again; a power may change that fast
        raise DoubtfulError("unit %d" % unit_id)

    async def _ask(self, unit_id, function, address, count):
        await self._drain(unit_id)
        self._unanswered.pop(unit_id, None)
        request = struct.pack(">BBHH", unit_id, function, address, count)
        sent_ms = self._up_ms()
        try:
            self._uart.write(request + crc16(request))
            return await self._reply(unit_id, function, 2 * count)
        except OSError as error:  # the adapter is gone
            raise NoReplyError(str(error))
        except (NoReplyError, GarbledError) as error:
            if isinstance(error, NoReplyError) or unit_id in self._in_doubt:
                self._unanswered[unit_id] = sent_ms
            self._in_doubt.add(unit_id)
            raise

    def _left_alone_ms(self, unit_id):
        """Return for how long this unit may not be asked."""
        if unit_id not in self._unanswered:
            return 0
        until_ms = self._unanswered[unit_id] + _LEFT_ALONE_TIMEOUTS * self.timeout_ms
        return max(0, until_ms - self._up_ms())

    async def _drain(self, unit_id):
        """Return once the bus is silent and no late reply of ``unit_id`` need be feared."""
        began_ms = self._up_ms()
        silent_at_ms = began_ms + self._silence_ms
        received = b""
        while self._up_ms() < silent_at_ms or self._left_alone_ms(unit_id):
            arrived = self._read()
            if arrived:
                received = (received + arrived)[-_MAX_BUFFER:]
                received = self._search(received, None, None, None)[1]
                silent_at_ms = self._up_ms() + self._silence_ms
            elapsed_ms = self._up_ms() - began_ms
            if elapsed_ms > _NOISE_TIMEOUTS * self.timeout_ms and self._up_ms() < silent_at_ms:
                raise NoisyBusError("no silence for %d ms" % elapsed_ms)
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
        self._unanswered.pop(unit_id, None)  # that was it; the unit may be asked again

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
