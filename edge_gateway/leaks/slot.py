# SPDX-License-Identifier: EUPL-1.2
"""Slots: readings gathered to about a quarter of an hour, and to about an hour.

Slots follow the readings, not the clock: cutting a litre that came between two readings in pieces
would invent flow. One ends as soon as another stretch like its last would take it further from its
length. A stretch of up to one and a half lengths is a slot by itself; a longer one is a gap.
"""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from edge_gateway.leaks.stretch import Stretch

QUARTER_S = 900
SATURDAY = 5


class Slot(NamedTuple):
    """What passed in about a quarter of an hour or an hour; see ``Stretch`` for the units.

    ``still_s`` is the longest time without flow that touches it, told from where that began, so
    perhaps longer than the slot. ``is_leaking`` says that a leak is being reported on this meter:
    what is seen now is no example of its ordinary use. ``longest_s`` is the longest of the parts it
    was gathered from: of a quarter, between two readings; of an hour, at least a quarter.
    """

    started_at_s: int
    ended_at_s: int
    amount: int
    step: int
    hour: int  # 0 to 23, local, of its middle
    is_weekend: bool
    still_s: int
    is_leaking: bool
    longest_s: int = 0

    @property
    def length_s(self) -> int:
        """Return how long it lasted; never 0."""
        return self.ended_at_s - self.started_at_s


class Gatherer:
    """Adds stretches up to slots of one length. Its attributes are its whole memory."""

    def __init__(self, length_s: int) -> None:
        self.length_s = length_s
        self.started_at_s = 0
        self.gathered_s = 0
        self.amount = 0
        self.still_s = 0
        self.last_still_s = 0
        self.longest_s = 0
        self.last_longest_s = 0

    def add(self, stretch: Stretch, still_s: int) -> Stretch | None:
        """Return what is full now as one stretch, if it is; ``still_s`` as of this stretch.

        After a full one, ``last_still_s`` tells the longest stillness that touched it, and
        ``last_longest_s`` the longest stretch in it.
        """
        length_s = stretch.ended_at_s - stretch.started_at_s
        if not self.gathered_s:
            self.started_at_s = stretch.started_at_s
        self.gathered_s += length_s
        self.amount += stretch.amount
        if still_s > self.still_s:
            self.still_s = still_s
        if length_s > self.longest_s:
            self.longest_s = length_s
        if self.gathered_s + length_s // 2 < self.length_s:
            return None
        return self.empty(stretch.ended_at_s, stretch.step)

    def empty(self, ended_at_s: int, step: int) -> Stretch | None:
        """Return what was gathered, if anything, and begin anew."""
        if not self.gathered_s:
            return None
        whole = Stretch(self.started_at_s, ended_at_s, self.amount, step)
        self.last_still_s, self.last_longest_s = self.still_s, self.longest_s
        self.gathered_s = self.amount = self.still_s = self.longest_s = 0
        return whole

    def takes(self, length_s: int) -> bool:
        """Return whether a stretch of this length is not a gap."""
        return 2 * length_s <= 3 * self.length_s


class Calendar:
    """Tells local hours and weekends; remembers the hour it looked up last."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._hour_s = -1
        self._told = (0, False)

    def minute(self, at_s: int) -> int:
        """Return the minute of the local day, 0 to 1439."""
        local = datetime.fromtimestamp(at_s, self._zone)
        return local.hour * 60 + local.minute

    def hour(self, at_s: int) -> tuple[int, bool]:
        """Return the local hour, 0 to 23, and whether it is Saturday or Sunday."""
        quarter_s = at_s - at_s % QUARTER_S  # zones are whole quarters away from UTC
        if quarter_s != self._hour_s:
            local = datetime.fromtimestamp(quarter_s, self._zone)
            self._hour_s, self._told = quarter_s, (local.hour, local.weekday() >= SATURDAY)
        return self._told
