# SPDX-License-Identifier: EUPL-1.2
"""Estimation: what was used in a gap, hour by hour, with the total exact.

The register before and after a gap tells the total; the meter's own habit tells the hours: the mean
usage by weekday and hour of local time over the four weeks before the gap, measured hours only. An
hour of the week that was never measured is as that hour of the other days, or as the mean. Where
under a week was measured, or the habit is to use nothing, the total is spread evenly.

Source: profile estimation as utilities do it, see California's Direct Access Standards for Metering
and Meter Data, VEE, 2.2.3; the four weeks and the one week are our choice.
Limits: a holiday is filled as the weekday it fell on.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cloud.kit.hypertable import ZONE
from cloud.readings.usage import HOUR_S, Integers, Line, hour_after
from cloud.validation.series import DAY_S
from wire import quality

HABIT_S = 28 * DAY_S
Floats = npt.NDArray[np.float64]

ENOUGH_HOURS = 7 * 24
HOURS_OF_WEEK = 7 * 24
# An hour with one of these was not measured.
UNMEASURED = quality.ESTIMATED | quality.MISSING | quality.EDITED | quality.SUSPECT


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The hours of an installation that were measured, in order: when they start, their usage."""

    start_s: Integers
    usage: Integers

    def before(self, at_s: int) -> Self:
        """Return those that a gap that begins at ``at_s`` is filled by."""
        first, end = np.searchsorted(self.start_s, [at_s - HABIT_S, at_s - HOUR_S + 1])
        return type(self)(start_s=self.start_s[first:end], usage=self.usage[first:end])


def spread(total: int, cuts_s: Integers, measured: Measured, zone: ZoneInfo = ZONE) -> Integers:
    """Return how much of ``total`` was used up to each of ``cuts_s``; 0 at the first, all at last.

    No two cuts are further apart than an hour, and none but the outermost lies within an hour.
    """
    lengths_s = np.diff(cuts_s).astype(np.float64)
    weights = _habit(measured, zone)[_hour_of_week(cuts_s[:-1], zone)] * lengths_s
    if not weights.sum() > 0:
        weights = lengths_s
    passed = np.cumsum(weights)
    used = np.floor(total * (passed / passed[-1])).astype(np.int64)
    return np.concatenate(([0], np.minimum(used[:-1], total), [total])).astype(np.int64)


def filled(line: Line, measured: Measured) -> Line:
    """Return the line with a point at each hour in its gaps, as the habit says."""
    at, continuous, bits, stretch_bits, is_known = [], [], [], [], []
    begin = 0
    for gap in line.gaps.tolist():
        start_s, end_s = int(line.at_s[gap]), int(line.at_s[gap + 1])
        hours = np.arange(hour_after(start_s + 1), end_s, HOUR_S, dtype=np.int64)
        total = int(line.continuous[gap + 1] - line.continuous[gap])
        cuts = np.concatenate(([start_s], hours, [end_s]))
        used = spread(total, cuts, measured.before(start_s))[1:-1]
        at += [line.at_s[begin : gap + 1], hours]
        continuous += [line.continuous[begin : gap + 1], line.continuous[gap] + used]
        bits += [line.bits[begin : gap + 1], np.full(len(hours), quality.ESTIMATED)]
        stretch_bits += [
            line.stretch_bits[begin:gap],
            np.full(len(hours) + 1, line.stretch_bits[gap]),
        ]
        is_known += [line.is_known[begin:gap], np.ones(len(hours) + 1, dtype=bool)]
        begin = gap + 1
    return Line(
        at_s=np.concatenate([*at, line.at_s[begin:]]),
        continuous=np.concatenate([*continuous, line.continuous[begin:]]),
        bits=np.concatenate([*bits, line.bits[begin:]]),
        stretch_bits=np.concatenate([*stretch_bits, line.stretch_bits[begin:]]),
        is_known=np.concatenate([*is_known, line.is_known[begin:]]),
    )


def _habit(measured: Measured, zone: ZoneInfo) -> Floats:
    """Return the mean usage by hour of the week, zeros where too little was measured."""
    if len(measured.start_s) < ENOUGH_HOURS:
        return np.zeros(HOURS_OF_WEEK)
    hours = _hour_of_week(measured.start_s, zone)
    sums = np.bincount(hours, measured.usage, HOURS_OF_WEEK)
    counts = np.bincount(hours, minlength=HOURS_OF_WEEK)
    day_sums, day_counts = sums.reshape(7, 24).sum(axis=0), counts.reshape(7, 24).sum(axis=0)
    by_hour_of_day = _means(day_sums, day_counts, np.full(24, sums.sum() / counts.sum()))
    return _means(sums, counts, np.tile(by_hour_of_day, 7))


def _means(sums: Floats | Integers, counts: Integers, otherwise: Floats) -> Floats:
    return np.where(counts > 0, sums / np.maximum(counts, 1), otherwise)


def _hour_of_week(at_s: Integers, zone: ZoneInfo) -> Integers:
    local = [datetime.fromtimestamp(one, zone) for one in at_s.tolist()]
    return np.array([one.weekday() * 24 + one.hour for one in local], dtype=np.int64)
