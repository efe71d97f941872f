# SPDX-License-Identifier: EUPL-1.2
"""A pulse input of the board: low-pass, Schmitt trigger, 24-bit counter on a cell of its own.

The RC low-pass is solved exactly between edges; the trigger switches at two thirds and one third of
the supply. With a time constant of 10 ms, a contact must stay closed 11 ms to be seen and open for
7 ms to be let go, so 5 ms of bounce count once and a 30 ms S0 pulse at full rate counts each time.
Source: hardware/ (the input's parts); IEC 62053-31, S0 pulses of at least 30 ms.
"""

import math
import os
from collections.abc import Iterable
from pathlib import Path

TIME_CONSTANT_US = 10_000
UPPER_THRESHOLD = 2 / 3
LOWER_THRESHOLD = 1 / 3
_MODULUS = 1 << 24


class PulseInput:
    """One input; its counter's registers are two files that outlive node, crash and power cut."""

    def __init__(self, world: Path, number: int) -> None:
        self._count_file = world / f"counter{number}.count"
        self._free_register_file = world / f"counter{number}.free_register"
        self._level = 0
        self._at_us = 0
        self._voltage = 0.0  # share of the supply, behind the low-pass
        self._is_high = False  # behind the trigger

    @property
    def count(self) -> int:
        """What the counter shows, 0 to 2^24 - 1."""
        try:
            return int.from_bytes(self._count_file.read_bytes(), "big")
        except FileNotFoundError:
            return 0

    def feed(self, edges: Iterable[tuple[int, int]]) -> None:
        """Let time pass through ``edges``: (at_us, level from then on); level 1 is closed.

        Times never go back, also from one call to the next. An edge to the level that already holds
        only says that time has passed.
        """
        pulses = 0
        for at_us, level in edges:
            pulses += self._settle(at_us)
            self._level = level
        if pulses:
            self._write(self._count_file, (self.count + pulses) % _MODULUS)

    def lose_counter_power(self) -> None:
        """Take the counter's own supply away: both registers are 0 when it returns."""
        self._write(self._count_file, 0)
        self._write(self._free_register_file, 0)

    def _settle(self, at_us: int) -> int:
        """Let the low-pass run on to ``at_us``; return 1 if the trigger rose on the way."""
        if at_us < self._at_us:
            raise ValueError(f"An edge at {at_us} us comes after one at {self._at_us} us.")
        decay = math.exp((self._at_us - at_us) / TIME_CONSTANT_US)
        self._voltage = self._level + (self._voltage - self._level) * decay
        self._at_us = at_us
        if not self._is_high and self._voltage >= UPPER_THRESHOLD:
            self._is_high = True
            return 1
        if self._is_high and self._voltage <= LOWER_THRESHOLD:
            self._is_high = False
        return 0

    @staticmethod
    def _write(path: Path, register: int) -> None:
        """Write three bytes in place: the node must never find the file half written."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(descriptor, register.to_bytes(3, "big"), 0)
        finally:
            os.close(descriptor)
