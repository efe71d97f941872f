# SPDX-License-Identifier: EUPL-1.2
"""Interval usage: the difference of a register between two boundaries.

A register at a boundary is a reading there, or the straight line between the readings around it,
rounded down to a whole unit. Each boundary has one register, so that usage telescopes: the hours of
a day add up to the day, days to the month, whatever was rounded.

Before the first reading and after the last nothing is known. An interval that reaches into that
holds the part that is known, marked missing; one that lies in it altogether has no usage.

Source: IEC 61968-9 for register and interval; that boundaries are interpolated linearly is our
choice, as is MAX_GAP_S.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cloud.readings.models import IntervalUsage
from wire import quality

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

HOUR = "hour"
DAY = "day"
MONTH = "month"
HOUR_S = 3600

# Up to an hour each hour still holds a reading of its own, so that at most a part of it is assigned
# to its neighbour; the rest is for hourly readings that come some minutes early or late.
MAX_GAP_S = HOUR_S + 300


def boundaries(resolution: str, first: date, end: date, zone: ZoneInfo) -> list[datetime]:
    """Return the instants that cut the local days from ``first`` up to ``end`` into intervals.

    A day begins at local midnight, so it has 23 or 25 hours when the clocks change; hours are
    counted in elapsed time, so that the repeated one is there twice.
    """
    if resolution == HOUR:
        start, stop = _midnight(first, zone), _midnight(end, zone)
        hours = int((stop - start).total_seconds()) // HOUR_S
        return [start + timedelta(hours=passed) for passed in range(hours + 1)]
    days = [first + timedelta(days=passed) for passed in range((end - first).days + 1)]
    if resolution == MONTH:
        days = [day for day in days if day.day == 1 or day in (first, end)]
    return [_midnight(day, zone) for day in days]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def hour_before(at_s: int) -> int:
    """Return the start of the hour that ``at_s`` lies in, Unix s."""
    return at_s // HOUR_S * HOUR_S


def hour_after(at_s: int) -> int:
    """Return the first hour that starts at or after ``at_s``, Unix s."""
    return -(-at_s // HOUR_S) * HOUR_S


@dataclass(frozen=True, kw_only=True)
class Line:
    """A continuous register as a line through points in order of time.

    ``bits`` has the quality of each point, ``stretch_bits`` that of each stretch between two
    points. Over a stretch that is not ``is_known`` the register stands still: nobody knows its use.
    """

    at_s: Integers
    continuous: Integers
    bits: Integers
    stretch_bits: Integers
    is_known: Mask

    def __len__(self) -> int:
        return len(self.at_s)

    @cached_property
    def known_s(self) -> Integers:
        """How many known seconds lie before each point."""
        lengths = np.where(self.is_known, np.diff(self.at_s), 0)
        return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(lengths)))

    @property
    def gaps(self) -> Integers:
        """The stretches that are too long for a straight line."""
        return np.flatnonzero((np.diff(self.at_s) > MAX_GAP_S) & self.is_known)

    def at(self, instants: Integers) -> tuple[Integers, Integers, Integers]:
        """Return the continuous register, the known seconds so far and the quality at instants.

        Outside of the points it is that of the nearest.
        """
        last = len(self) - 1
        before = np.clip(np.searchsorted(self.at_s, instants, "right") - 1, 0, last)
        after = np.minimum(before + 1, last)
        passed_s = np.clip(instants - self.at_s[before], 0, None)
        length_s = self.at_s[after] - self.at_s[before]
        is_between = (passed_s > 0) & (length_s > 0)
        length_s = np.where(is_between, length_s, 1)
        passed_s = np.where(is_between, passed_s, 0)
        grown = self.continuous[after] - self.continuous[before]
        # as grown * passed_s // length_s, but never beyond 64 bits
        part = grown // length_s * passed_s + grown % length_s * passed_s // length_s
        is_known = np.append(self.is_known, False)[before]
        bits = self.bits[before] | np.where(is_between, self.bits[after], 0)
        return self.continuous[before] + part, self.known_s[before] + passed_s * is_known, bits


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Usage of successive hours from ``first_s`` on; nothing is known where covered_s is 0."""

    first_s: int
    usage: Integers
    covered_s: Integers
    bits: Integers

    @property
    def start_s(self) -> Integers:
        """When each hour begins, Unix s."""
        return self.first_s + HOUR_S * np.arange(len(self.usage), dtype=np.int64)


def hourly(line: Line, first_s: int, end_s: int) -> Hours:
    """Return the usage of the hours from ``first_s`` up to ``end_s``, both whole hours."""
    cuts = np.arange(first_s, end_s + 1, HOUR_S, dtype=np.int64)
    if not len(line):
        nothing = np.zeros(len(cuts) - 1, dtype=np.int64)
        return Hours(first_s=first_s, usage=nothing, covered_s=nothing, bits=nothing)
    continuous, known_s, bits = line.at(cuts)
    of_hours = bits[:-1] | bits[1:]
    for stretch in np.flatnonzero(line.stretch_bits).tolist():
        begin = max((int(line.at_s[stretch]) - first_s) // HOUR_S, 0)
        end = (int(line.at_s[stretch + 1]) - first_s - 1) // HOUR_S + 1
        of_hours[begin : max(end, 0)] |= line.stretch_bits[stretch]
    return Hours(
        first_s=first_s, usage=np.diff(continuous), covered_s=np.diff(known_s), bits=of_hours
    )


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What is known of an interval: its usage, over how many seconds, and its quality."""

    usage: int
    covered_s: int
    bits: int

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(
            usage=self.usage + other.usage,
            covered_s=self.covered_s + other.covered_s,
            bits=self.bits | other.bits,
        )


def intervals(at: Sequence[datetime], known: Mapping[datetime, Figure]) -> list[IntervalUsage]:
    """Return the usage between each two of ``at``, from what is known of those intervals."""
    found = []
    for start, end in itertools.pairwise(at):
        one = known.get(start)
        bits = one.bits if one else 0
        if one is None or one.covered_s < (end - start).total_seconds():
            bits |= quality.MISSING
        usage = one.usage if one else None
        found.append(IntervalUsage(start=start, end=end, usage=usage, quality=bits))
    return found


def total(points: Sequence[Sequence[IntervalUsage]], at: Sequence[datetime]) -> list[IntervalUsage]:
    """Return the sum over service points; what one of them misses, the sum misses."""
    found = []
    for index, (start, end) in enumerate(itertools.pairwise(at)):
        parts = [usages[index] for usages in points]
        known = [part.usage for part in parts if part.usage is not None]
        bits = 0 if parts else quality.MISSING
        for part in parts:
            bits |= part.quality
        found.append(
            IntervalUsage(start=start, end=end, usage=sum(known) if known else None, quality=bits)
        )
    return found
