# SPDX-License-Identifier: EUPL-1.2
"""Dial: the truth that everything later is held against."""

from bisect import bisect_left
from collections.abc import Callable

CHANGES_KEPT = 36_000  # at ten changes a second, an hour


class Dial:
    """A cumulative register in wire units, and what the meter can show of it.

    ``register`` is the truth to the last unit. ``shown`` is what a person reads off the meter, and
    what the chain must deliver: whole pulses, or what the Modbus register can say.
    """

    def __init__(self, register: int, show: Callable[[int], int]) -> None:
        self.register = register
        self.shown = show(register)
        self._show = show
        self._reached: list[int] = [self.shown]  # growing; the first is where memory begins
        self._reached_at_s: list[float] = [0.0]

    def turn(self, amount: int, at_s: float) -> None:
        """Add ``amount`` at Unix time ``at_s``; a dial never turns back."""
        if amount < 0:
            raise ValueError(f"A dial can't turn by {amount}.")
        if not amount:
            return
        self.register += amount
        shown = self._show(self.register)
        if shown > self.shown:
            self.shown = shown
            self._reached.append(shown)
            self._reached_at_s.append(at_s)
            if len(self._reached) > 2 * CHANGES_KEPT:
                del self._reached[:CHANGES_KEPT], self._reached_at_s[:CHANGES_KEPT]

    def first_reached(self, register: int) -> float | None:
        """Return the Unix time at which the dial first showed ``register`` or more.

        None if it does not yet, or if it did before this dial's memory begins.
        """
        at = bisect_left(self._reached, register)
        return self._reached_at_s[at] if 0 < at < len(self._reached) else None
