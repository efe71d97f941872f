# SPDX-License-Identifier: EUPL-1.2
"""The sampler: one snapshot every ``sample_interval_s``, on the interval's multiples in UTC.

Before the time is known the multiples are of uptime. A sample that is missed because the CPU was
busy is not made up for: the register carries its volume.
"""

from firmware import registers
from wire import event

_LOOK_EVERY_MS = 1000  # the clock may be set and the interval changed while we wait
_MAX_PULSES_PER_S = 20  # the input filter passes no more; see hardware


class Sampler:
    """Reads the pulse counters itself and calls the meters on the bus to be read beside it."""

    def __init__(self, board, settings, clock, scribe, counters, meters):
        self._board = board
        self._settings = settings
        self._clock = clock
        self._scribe = scribe
        self._counters = counters  # by input
        self._meters = meters
        self._failing_since_ms = {}
        self._read_at_ms = {}  # when each pulse channel was last read in this boot
        self.sampled_at_ms = board.up_ms()  # for the watchdog

    async def run(self):
        """Sample until cancelled."""
        while True:
            await self._next_multiple()
            self.sample()

    def sample(self):
        """Take one snapshot now."""
        if self._meters is not None:
            self._meters.call_round(self._settings.sample_interval_s * 1000)
        readings = {}
        for channel in self._settings.pulse_channels:
            pulses = self._read(channel)
            if pulses is not None:
                readings[channel.obis] = registers.of_pulses(channel, pulses)
        if readings:
            self._scribe.telegram(readings)
        self.sampled_at_ms = self._board.up_ms()

    async def _next_multiple(self):
        slot = self._slot()
        while slot == self._slot():
            interval_ms = self._settings.sample_interval_s * 1000
            left_ms = interval_ms - self._clock.now_ms() % interval_ms
            await self._board.sleep_ms(min(left_ms, _LOOK_EVERY_MS))

    def _slot(self):
        interval_ms = self._settings.sample_interval_s * 1000
        return self._clock.is_set, interval_ms, self._clock.now_ms() // interval_ms

    def _read(self, channel):
        """Return the pulses of a channel, or None when its counter does not answer."""
        try:
            pulses, has_lost_power = self._counters[channel.input].read()
        except OSError as error:
            if channel.obis not in self._failing_since_ms:
                self._failing_since_ms[channel.obis] = self._board.up_ms()
                detail = {"channel": channel.obis, "reason": str(error)[:64]}
                self._scribe.event(event.METER_UNREACHABLE, detail)
            return None
        failing_since_ms = self._failing_since_ms.pop(channel.obis, None)
        if failing_since_ms is not None:
            after_s = (self._board.up_ms() - failing_since_ms) // 1000
            self._scribe.event(event.METER_BACK, {"channel": channel.obis, "after_s": after_s})
        if has_lost_power:
            self._report_power_lost(channel)
        self._read_at_ms[channel.obis] = self._board.up_ms()
        return pulses

    def _report_power_lost(self, channel):
        detail = {"channel": channel.obis, "pulses_at_risk": "unknown"}
        if channel.obis in self._read_at_ms:  # else it may have been any time before this boot
            since_s = (self._board.up_ms() - self._read_at_ms[channel.obis]) // 1000 + 1
            detail["pulses_at_risk"] = since_s * _MAX_PULSES_PER_S
        self._scribe.event(event.POWER_LOST, detail)
        try:
            self._counters[channel.input].mark()  # last: until it is there, the loss is told again
        except OSError as error:
            print("sampler: %s: %s" % (channel.obis, error))
