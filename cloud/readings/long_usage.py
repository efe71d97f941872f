# SPDX-License-Identifier: EUPL-1.2
"""Years of usage as columns: what ``usage`` tells of intervals one by one, for many at once.

The figures are those of ``usage.intervals`` and ``usage.total``: a sum over service points misses
what one of them misses.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from cloud.readings.usage import DAY, HOUR, HOUR_S, Integers, Mask, boundaries
from wire import quality


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The intervals of one installation that something is known of, in order of time."""

    start_s: Integers
    usage: Integers
    covered_s: Integers
    bits: Integers


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Successive intervals of one resolution, cut at ``cuts_s`` (Unix s), one more than there are.

    ``usage`` counts only where ``is_known``.
    """

    resolution: str
    cuts_s: Integers
    usage: Integers
    is_known: Mask
    bits: Integers

    @property
    def lengths(self) -> Iterator[tuple[int, int]]:
        """Yield how many successive intervals are how long, in s."""
        return _runs(np.diff(self.cuts_s))

    @property
    def qualities(self) -> Iterator[tuple[int, int]]:
        """Yield how many successive intervals have which quality."""
        return _runs(self.bits)

    def told(self) -> list[int | None]:
        """Return the usage of each interval, None where nothing is known."""
        pairs = zip(self.usage.tolist(), self.is_known.tolist(), strict=True)
        return [usage if is_known else None for usage, is_known in pairs]


def first_day_of_hours(closed: datetime | None, zone: ZoneInfo) -> date:
    """Return the first local day of which all hours are kept, if those before ``closed`` aren't."""
    if closed is None:
        return date.min
    local = closed.astimezone(zone)
    is_midnight = local == datetime(local.year, local.month, local.day, tzinfo=zone)
    return local.date() if is_midnight else local.date() + timedelta(days=1)


def parts(first: date, end: date, hours_from: date) -> list[tuple[str, date, date]]:
    """Return the local days [first, end) as (resolution, first, end): days, then hours."""
    cut = min(max(hours_from, first), end)
    spans = [(DAY, first, cut), (HOUR, cut, end)]
    return [span for span in spans if span[1] < span[2]]


def cuts(resolution: str, first: date, end: date, zone: ZoneInfo) -> Integers:
    """Return the boundaries of the intervals of local days [first, end), Unix s."""
    if resolution == HOUR:  # without an object for each: ten years have 87,672
        begin = boundaries(DAY, first, first + timedelta(days=1), zone)[0]
        stop = boundaries(DAY, end, end + timedelta(days=1), zone)[0]
        return np.arange(int(begin.timestamp()), int(stop.timestamp()) + 1, HOUR_S, dtype=np.int64)
    found = [int(one.timestamp()) for one in boundaries(resolution, first, end, zone)]
    return np.array(found, dtype=np.int64)


def stretch(resolution: str, cuts_s: Integers, points: Sequence[Sequence[Stored]]) -> Stretch:
    """Return the sum over service points, each given as what its installations stored."""
    count = len(cuts_s) - 1
    lengths_s = np.diff(cuts_s)
    usage = np.zeros(count, dtype=np.int64)
    is_known = np.zeros(count, dtype=np.bool_)
    bits = np.zeros(count, dtype=np.int64)
    if not points:
        bits |= quality.MISSING
    for installations in points:
        covered_s = np.zeros(count, dtype=np.int64)
        for stored in installations:
            places = np.searchsorted(cuts_s, stored.start_s)
            usage[places] += stored.usage
            covered_s[places] += stored.covered_s
            bits[places] |= stored.bits
            is_known[places] = True
        bits[covered_s < lengths_s] |= quality.MISSING
    return Stretch(resolution=resolution, cuts_s=cuts_s, usage=usage, is_known=is_known, bits=bits)


def _runs(column: Integers) -> Iterator[tuple[int, int]]:
    """Yield (count, value) of each run of equal values."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(column)) + 1, [len(column)]))
    for begin, end in itertools.pairwise(starts.tolist()):
        if end > begin:
            yield end - begin, int(column[begin])
