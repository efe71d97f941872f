# SPDX-License-Identifier: EUPL-1.2
"""Pulses since commissioning, from a counter IC that goes on counting while the CPU does not run.

Declared loss: a crash, reset or power cut of the node costs no pulse. Only when the counter itself
loses power (its coin cell is dead and the supply goes) are the pulses since the last sample lost;
its free register then reads 0 instead of our marker, and the event power_lost says so.
"""

from firmware import durable

_MODULUS = 1 << 24
_MARKER = 0x49534B  # "ISK"
_READS = 4  # of a register before it is given up, or a marker of 0 is believed
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
        """Return (pulses since commissioning, True when the counter has lost power).

        What is returned is on flash before: a register built on it can't go back, whatever happens.
        After a loss it stands still until ``mark``, to be called once the loss is on record.
        """
        if self.pulses is None:
            self._resume()
        if not self._is_marked():
            self._save(self.pulses, 0)  # it began again at 0 when its power returned
            return self.pulses, True
        count = self._steady_count()
        grown = (count - self._count) % _MODULUS
        if grown:
            self._save(self.pulses + grown, count)
        return self.pulses, False

    def mark(self):
        """Let the counter tell its next loss of power from now on."""
        self._counter.mark(_MARKER)

    def _resume(self):
        """Take up the state of the last boot."""
        state = durable.load(self._flash, self._name)
        if state is None:  # commissioning: the counter started at 0 when the dial showed `start`
            self.mark()  # before the state: a state without marker means a loss
            count = self._steady_count()
            self._save(count, count)
        else:
            self.pulses, self._count = state

    def _save(self, pulses, count):
        durable.save(self._flash, self._name, [pulses, count])
        self.pulses, self._count = pulses, count

    def _is_marked(self):
        """Return whether our marker is there; False only where it reads 0 time and again."""
        markers = [self._counter.marker()]
        while markers[-1] != _MARKER and len(markers) < _READS:
            markers.append(self._counter.marker())
        if markers[-1] != _MARKER and any(markers):
            raise CounterError("Counter %d has marker %06x." % (self.number, max(markers)))
        return markers[-1] == _MARKER

    def _steady_count(self):
        """Return a count that a second read confirms."""
        last = self._counter.count()
        for _ in range(_READS):
            count = self._counter.count()
            if (count - last) % _MODULUS <= _MAX_PULSES_PER_READ:
                return count
            last = count
        raise CounterError("Counter %d never reads the same twice." % self.number)
