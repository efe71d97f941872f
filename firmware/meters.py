# SPDX-License-Identifier: EUPL-1.2
"""Modbus meters: one round over the bus per sample, the silent ones last.

Every meter gets a telegram of its own as soon as it has been read, so that a slow one delays nobody
else's reading by more than its share of the bus.
"""

import asyncio

from firmware import registers
from firmware.modbus import ModbusError, NoisyBusError, NoReplyError
from wire import event

_TRY_SILENT_EVERY_MS = 10000  # at least, though it delays the others
_REPORT_AFTER = 3  # failures in a row; a single lost frame is no news
_LATE_REPORT_EVERY_MS = 60000


class Meter:
    """One unit on the bus: its channels and how they have been doing."""

    def __init__(self, unit_id, channels):
        self.unit_id = unit_id
        self.name = channels[0].obis
        self._channels = channels
        self._registers = {}  # the last, by OBIS code
        self._failures = {channel.obis: 0 for channel in channels}
        self._failing_since_ms = {}
        self.is_silent = False
        self.tried_at_ms = 0

    async def read(self, bus, up_ms):
        """Return (registers by OBIS code, events as (kind, detail))."""
        self.tried_at_ms = up_ms()
        readings, events = {}, []
        silence = None
        for channel in self._channels:
            try:
                if silence is not None:
                    raise silence
                readings[channel.obis] = await self._read_channel(bus, channel)
            except (ModbusError, registers.RegisterError) as error:
                if isinstance(error, (NoReplyError, NoisyBusError)):
                    silence = error  # the other channels would only cost more timeouts
                events.extend(self._failed(channel.obis, error, up_ms()))
            else:
                events.extend(self._succeeded(channel.obis, up_ms()))
        self.is_silent = not readings
        return readings, events

    async def _read_channel(self, bus, channel):
        register = await self._ask(bus, channel)
        if registers.is_cumulative(channel) and register < self._registers.get(channel.obis, 0):
            # a disturbed frame with a right CRC, or truly another meter: the second answer tells
            register = await self._ask(bus, channel)
        self._registers[channel.obis] = register
        return register

    async def _ask(self, bus, channel):
        words = await bus.read(
            channel.unit_id, channel.function, channel.address, channel.word_count
        )
        return registers.of_words(channel, words)

    def _failed(self, obis, error, now_ms):
        self._failures[obis] += 1
        if self._failures[obis] == 1:
            self._failing_since_ms[obis] = now_ms
        if self._failures[obis] != _REPORT_AFTER:
            return []
        reason = getattr(error, "reason", "out_of_range")
        return [(event.METER_UNREACHABLE, {"channel": obis, "reason": reason})]

    def _succeeded(self, obis, now_ms):
        failures, self._failures[obis] = self._failures[obis], 0
        if failures < _REPORT_AFTER:
            return []
        after_s = (now_ms - self._failing_since_ms[obis]) // 1000
        return [(event.METER_BACK, {"channel": obis, "after_s": after_s})]


class Meters:
    """Reads all meters of the bus whenever the sampler calls a round."""

    def __init__(self, board, bus, channels, scribe):
        self._board = board
        self._bus = bus
        self._scribe = scribe
        self._round = asyncio.Event()
        self._next_round_at_ms = 0
        self._late_reported_at_ms = -_LATE_REPORT_EVERY_MS
        by_unit = {}
        for channel in channels:
            by_unit.setdefault(channel.unit_id, []).append(channel)
        self._meters = [Meter(unit_id, by_unit[unit_id]) for unit_id in sorted(by_unit)]

    def call_round(self, interval_ms):
        """Have all meters read now; the next round is to come after ``interval_ms``."""
        self._next_round_at_ms = self._board.up_ms() + interval_ms
        self._round.set()

    async def run(self):
        """Read rounds until cancelled."""
        while True:
            await self._round.wait()
            self._round.clear()
            await self._read_all()
            self._report_late_replies()

    async def _read_all(self):
        self._meters.sort(key=lambda meter: (meter.is_silent, meter.tried_at_ms))
        for meter in self._meters:
            was_silent = meter.is_silent
            idle_ms = self._board.up_ms() - meter.tried_at_ms
            if was_silent and not self._has_time(meter) and idle_ms < _TRY_SILENT_EVERY_MS:
                continue
            readings = await self._read(meter)
            if not readings and not was_silent and self._has_time(meter):
                await self._read(meter)

    async def _read(self, meter):
        readings, events = await meter.read(self._bus, self._board.up_ms)
        if readings:
            self._scribe.telegram(readings)
        for kind, detail in events:
            self._scribe.event(kind, detail)
        return readings

    def _has_time(self, meter):
        """True when this meter can stay silent without delaying the next round."""
        left_ms = self._next_round_at_ms - self._board.up_ms()
        return left_ms > self._bus.needed_ms(meter.unit_id)

    def _report_late_replies(self):
        now_ms = self._board.up_ms()
        if now_ms - self._late_reported_at_ms < _LATE_REPORT_EVERY_MS:
            return
        for meter in self._meters:
            count = self._bus.late_replies.pop(meter.unit_id, 0)
            if count:
                self._scribe.event(event.LATE_REPLY, {"channel": meter.name, "count": count})
                self._late_reported_at_ms = now_ms
