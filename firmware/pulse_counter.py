# SPDX-License-Identifier: EUPL-1.2
"""Pulses since commissioning, from a counter IC that goes on counting while the CPU does not run.

Declared loss: a crash, reset or power cut of the node costs no pulse. Only when the counter itself
loses power (its coin cell is dead and the supply goes) are the pulses since the last sample lost;
its free register then reads 0 instead of our marker, and the event power_lost says so.
"""

from firmware import durable

_MODULUS = 1 << 24
_MARKER = 0x49534B  # "ISK"
_READS = 4  # tries to get two counts that agree
_MAX_PULSES_PER_READ = 8  # between two reads a few 100 us apart; more is a disturbed transfer


class CounterError(OSError):
    """The counter could not be read for certain."""


class PulseCounter:
    """Extends the 24 bits of one counter; its state on flash is one small file."""

    def __init__(self, counter, flash, number):
        self._counter = counter
        self._flash = flash
        self._name = "pulses%d" % number
        self.number = number
        self.pulses = None
        self._count = 0

    def read(self):
        """Return (pulses since commissioning, True when the counter had lost power since).

        What is returned is on flash before: a register built on it can't go back, whatever happens.
        """
        has_lost_power = False
        if self.pulses is None:
            has_lost_power = self._resume()
        elif self._counter.marker() != _MARKER:
            self._restart()
            has_lost_power = True
        count = self._steady_count()
        grown = (count - self._count) % _MODULUS
        if grown or has_lost_power:
            durable.save(self._flash, self._name, [self.pulses + grown, count])
            self.pulses += grown
            self._count = count
        return self.pulses, has_lost_power

    def _resume(self):
        """Take up the state of the last boot; True when the counter lost power in between."""
        state = durable.load(self._flash, self._name)
        is_marked = self._counter.marker() == _MARKER
        if state is None:  # commissioning: the counter started at 0 when the dial showed `start`
            self._counter.mark(_MARKER)  # before the state: a state without marker means a loss
            is_marked = True
            count = self._steady_count()
            state = [count, count]
            durable.save(self._flash, self._name, state)
        self.pulses, self._count = state
        if not is_marked:
            self._restart()
        return not is_marked

    def _restart(self):
        """Go on from the last sample: the counter began again at 0 when its power returned."""
        durable.save(self._flash, self._name, [self.pulses, 0])
        self._count = 0
        self._counter.mark(_MARKER)

    def _steady_count(self):
        """Return a count that a second read confirms."""
        last = self._counter.count()
        for _ in range(_READS):
            count = self._counter.count()
            if (count - last) % _MODULUS <= _MAX_PULSES_PER_READ:
                return count
            last = count
        raise CounterError("Counter %d never reads the same twice." % self.number)
