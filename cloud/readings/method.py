# SPDX-License-Identifier: EUPL-1.2
"""Interval usage: the difference of a register between two boundaries.

A register at a boundary is a reading there, or the straight line between the readings around it,
rounded down to a whole unit. Each boundary has one register, so that usage telescopes: the hours of
a day add up to the day, days to the month, whatever was rounded.

Before the first reading and after the last nothing is known. An interval that reaches into that
holds the part that is known, marked missing; one that lies in it altogether has no usage.

Source: IEC 61968-9 for register and interval; that boundaries are interpolated linearly is our
choice, as is ``estimate_gap_s``.
"""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cloud.readings.models import IntervalUsage, Neighbours
from wire import quality

HOUR = "hour"
DAY = "day"
MONTH = "month"
DAY_S = 86400
HOUR_S = 3600


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


def estimate_gap_s(resolution: str) -> int:
    """Return how far apart the readings around a boundary may be before it is an estimate.

    Up to the interval's own length each interval still holds a reading of its own, so at most a
    part of it is assigned to its neighbour. For months a day is the bound: more is visible in a
    month's figure.
    """
    return HOUR_S if resolution == HOUR else DAY_S


def register_at(around: Neighbours) -> tuple[int, int, int] | None:
    """Return (position_s, register, quality) at a boundary, or None without any reading.

    The position is the boundary itself, or the nearest instant at which a register is known.
    """
    before, after = around.before, around.after
    if before is None or after is None:
        return before or after
    before_s, low, quality_before = before
    after_s, high, quality_after = after
    if before_s == around.at_s:
        return before
    passed = (high - low) * (around.at_s - before_s) // (after_s - before_s)
    return around.at_s, low + passed, quality_before | quality_after


def usage_of_installation(cuts: Sequence[Neighbours], gap_s: int) -> list[tuple[int, int, int]]:
    """Return (usage, covered_s, quality) for each interval between two neighbouring cuts."""
    found = [register_at(cut) for cut in cuts]
    estimated = [quality.ESTIMATED if _is_estimate(cut, gap_s) else 0 for cut in cuts]
    intervals = []
    for index in range(len(cuts) - 1):
        start, end = found[index], found[index + 1]
        if start is None or end is None or start[0] >= end[0]:
            intervals.append((0, 0, quality.GOOD))
            continue
        bits = start[2] | end[2] | estimated[index] | estimated[index + 1]
        used = end[1] - start[1]
        if used < 0:
            bits |= quality.SUSPECT  # a register that goes back is wrong, or was exchanged
        intervals.append((used, end[0] - start[0], bits))
    return intervals


def _is_estimate(around: Neighbours, gap_s: int) -> bool:
    if around.before is None or around.after is None or around.before[0] == around.at_s:
        return False
    return around.after[0] - around.before[0] > gap_s


def usage_of_service_point(
    at: Sequence[datetime], installations: Sequence[Sequence[tuple[int, int, int]]]
) -> list[IntervalUsage]:
    """Return the usage at a service point, by all meters that hung there one after another."""
    intervals = []
    for index, (start, end) in enumerate(itertools.pairwise(at)):
        parts = [usages[index] for usages in installations if usages[index][1] > 0]
        covered_s = sum(part[1] for part in parts)
        bits = 0
        for part in parts:
            bits |= part[2]
        if covered_s < (end - start).total_seconds():
            bits |= quality.MISSING
        used = sum(part[0] for part in parts) if parts else None
        intervals.append(IntervalUsage(start=start, end=end, usage=used, quality=bits))
    return intervals


def total(points: Sequence[Sequence[IntervalUsage]], at: Sequence[datetime]) -> list[IntervalUsage]:
    """Return the sum over service points; what one of them misses, the sum misses."""
    intervals = []
    for index, (start, end) in enumerate(itertools.pairwise(at)):
        parts = [usages[index] for usages in points]
        known = [part.usage for part in parts if part.usage is not None]
        bits = 0 if parts else quality.MISSING
        for part in parts:
            bits |= part.quality
        intervals.append(
            IntervalUsage(start=start, end=end, usage=sum(known) if known else None, quality=bits)
        )
    return intervals
