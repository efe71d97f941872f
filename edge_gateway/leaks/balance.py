# SPDX-License-Identifier: EUPL-1.2
"""Balance: what a main passed hour by hour, beside the sum of the meters that it feeds.

Meters are read at times of their own, so each register is taken at full hours between the readings
before and after. Such a guess errs by a part of one reading's use, but what it takes from one hour
it gives to the next. An hour counts once every meter has passed it: an outage that is delivered
late is waited for, and an hour in which any of them has a gap is never told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

from edge_gateway.leaks.stretch import HOUR_S, Meter, MeterKey, Stretch

GAP_S = 5400  # between two readings; longer, and a full hour between them is anybody's guess
WAITING = 24  # hours; those of a meter that stays silent longer are given up


class Balanced(NamedTuple):
    """One hour that every meter has passed; amounts in ml or mWh."""

    started_at_s: int
    ended_at_s: int
    main: int
    parts: int  # of all the meters behind it
    step: int  # the steps of all registers together
    meters: int  # of the parts
    page: str  # another one once other meters are behind the main
    is_leaking: bool


@dataclass
class Mark:
    """A meter's register at the last full hour. Its attributes are its whole memory."""

    at_s: int = 0
    register: int = 0

    def hours(self, stretch: Stretch, register: int) -> Iterator[tuple[int, int]]:
        """Give the start and the amount of each full hour that this stretch ends.

        ``register`` is as of the stretch's end.
        """
        if stretch.length_s > GAP_S:
            self.at_s = 0
            return
        before = register - stretch.amount
        full_s = stretch.started_at_s - stretch.started_at_s % HOUR_S + HOUR_S
        while full_s <= stretch.ended_at_s:
            passed = stretch.amount * (full_s - stretch.started_at_s) // stretch.length_s
            if full_s - self.at_s == HOUR_S:
                yield self.at_s, before + passed - self.register
            self.at_s, self.register = full_s, before + passed
            full_s += HOUR_S


@dataclass
class Ledger:
    """The hours of one main that wait for meters. Its attributes are its whole memory."""

    page: str = ""  # of which meters; other ones begin a new page
    # Of each hour: its start, the main's amount, the others', all steps, how many meters told it.
    waiting: list[list[int]] = field(default_factory=list)

    def add(
        self,
        page: str,
        started_at_s: int,
        amount: int,
        step: int,
        parts: int,
        *,
        is_main: bool,
        is_leaking: bool,
    ) -> Balanced | None:
        """Enter what one meter passed in an hour; return the hour once all have told theirs."""
        if page != self.page:
            self.page, self.waiting = page, []
        row = next((row for row in self.waiting if row[0] == started_at_s), None)
        if row is None:
            row = [started_at_s, 0, 0, 0, 0]
            self.waiting = [*self.waiting[1 - WAITING :], row]
        row[1 if is_main else 2] += amount
        row[3] += step
        row[4] += 1
        if row[4] <= parts:
            return None
        # Each meter tells its hours in order, so an older one will never be complete.
        self.waiting = [other for other in self.waiting if other[0] > started_at_s]
        _, main, of_parts, steps, _ = row
        ended_at_s = started_at_s + HOUR_S
        return Balanced(started_at_s, ended_at_s, main, of_parts, steps, parts, page, is_leaking)


class Mains:
    """Who feeds whom, of the meters of one gateway."""

    def __init__(self, meters: Mapping[MeterKey, Meter]) -> None:
        self._parts: dict[MeterKey, list[MeterKey]] = {}
        for key, meter in sorted(meters.items(), key=lambda each: each[0]):
            main = meter.parent
            if main is None or main == key or main not in meters:
                continue
            if meters[main].utility == meter.utility:
                self._parts.setdefault(main, []).append(key)
        self._mains = {key: [key] for key in self._parts}
        for main, parts in self._parts.items():
            for key in parts:
                self._mains.setdefault(key, []).append(main)
        self._pages = {
            main: f"{crc32(repr(parts).encode()):08x}" for main, parts in self._parts.items()
        }

    def of(self, key: MeterKey) -> Sequence[MeterKey]:
        """Return the mains whose balance this meter is part of, as the main or behind it."""
        return self._mains.get(key, ())

    def parts(self, main: MeterKey) -> int:
        """Return how many meters it feeds."""
        return len(self._parts[main])

    def page(self, main: MeterKey) -> str:
        """Return what changes as soon as other meters are behind it."""
        return self._pages[main]
