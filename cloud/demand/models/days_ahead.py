# SPDX-License-Identifier: EUPL-1.2
"""Days ahead: what a service point will use until some day, from nothing but its own past.

Each day is expected to be as the same weekday of the last weeks were; where more than a year is
known, also with what last year changed from those weeks to that day. Which of these counts is
decided by how they did in the past over as many days, and so is the range: it is what they missed
such sums by, over the level of use then. Nothing is assumed of how days' errors go together.
Source: split conformal prediction, Vovk et al. (2005), on rolling origins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.demand.series import Floats

LOW, HIGH = 0.05, 0.95
WEEK = 7
YEAR = 52 * WEEK  # the same weekday a year ago
WEEKS_BACK = (2, 4)
LEVEL_DAYS = 28
# Two weeks' weekdays are needed to expect anything. A quantile of one in twenty lies between errors
# that were seen from twenty on; those of long windows overlap and say less, so that many are asked.
MIN_KNOWN = 14
MIN_ERRORS = 20
ERRORS_PER_DAY = 3
# Below a quarter of its mean, a level is a holiday's or a summer's, and errors aren't shares of it.
LEAST_LEVEL = 0.25
MAX_GAPS = 0.1  # of a window's days
# What a window of its own counts for, since those that overlap it half add something. Chosen on
# five real buildings of 2015 to 2017 with 400 days of past (91 % held); on 2018 and 2019 92 % held.
# With only four months of past it was 75 %: seasons that were never seen can't be in a range.
WINDOW_COUNTS = 2


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What the days ahead will use: the middle of each, and errors that past sums had.

    ``errors`` are of the whole sum, by origin: days since the epoch; what was used less what was
    expected, at today's level.
    """

    days: Floats
    origins: NDArray[np.int64]
    errors: Floats

    @property
    def middle(self) -> float:
        """The expected sum."""
        return float(self.days.sum())

    def quantile(self, level: float) -> float:
        """Return the sum's quantile, never below nothing."""
        return max(0.0, self.middle + quantile_of(self.errors, level, len(self.days)))


def quantile_of(errors: Floats, level: float, days: int) -> float:
    """Return the quantile of errors of overlapping windows of so many days each.

    Further out than ``level``, as split conformal prediction has it for few errors; each window
    that doesn't overlap others counts as ``WINDOW_COUNTS``. Outside of two errors, not between.
    """
    count = max(1.0, WINDOW_COUNTS * len(errors) / max(1, days))
    outer = min(1.0, max(level, 1 - level) * (count + 1) / count)
    if level < 0.5:
        return float(np.quantile(errors, 1 - outer, method="lower"))
    return float(np.quantile(errors, outer, method="higher"))


def days_ahead(used: Floats, shares: Sequence[float], first_day: int) -> Ahead | None:
    """Return the days that follow on ``used``, None where too little is known to tell.

    Args:
        used: (days,) amounts, NaN where unknown, oldest first.
        shares: how much of each day ahead counts, such as 0.4 for the rest of today.
        first_day: the first day ahead, days since the epoch.
    """
    weights = np.asarray(shares, dtype=np.float64)
    if np.count_nonzero(~np.isnan(used[-LEVEL_DAYS:])) < MIN_KNOWN or not weights.sum():
        return None
    window = weights
    ways = _tried(used, window)
    while not ways and len(window) > 1:  # too short a past for such long sums: shorter ones', more
        window = np.ones(len(window) // 2)
        ways = _tried(used, window)
    if not ways:
        return None
    way = min(ways, key=lambda one: one.miss)
    days = way.expected(used, np.array([len(used)]), len(weights))[0]
    days = np.where(np.isnan(days), np.nanmean(used[-LEVEL_DAYS:]), days)
    if np.nanmin(used) >= 0:
        days = np.maximum(days, 0.0)
    stretched = weights.sum() / window.sum()
    return Ahead(
        days=days * weights,
        origins=first_day - len(used) + way.origins,
        errors=way.errors * _level(used, np.array([len(used)])) * stretched,
    )


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One way to expect days, and its errors over the level at past origins."""

    weeks: int
    by_year: bool
    origins: NDArray[np.int64]
    errors: Floats
    miss: float = 0.0

    def expected(self, used: Floats, origins: NDArray[np.int64], count: int) -> Floats:
        """Return (origins, count): the days that follow on each origin."""
        return _expected(used, origins, count, self.weeks, by_year=self.by_year)


def _tried(used: Floats, weights: Floats) -> list[_Way]:
    """Return the ways that were tried often enough, each with how far it missed.

    All are compared at the same origins: those of the way that has the fewest of them.
    """
    needed = max(MIN_ERRORS, ERRORS_PER_DAY * len(weights))
    found = []
    for weeks in WEEKS_BACK:
        for by_year in (False, True):
            first = max(LEVEL_DAYS, weeks * WEEK + (YEAR if by_year else 0))
            origins = np.arange(first, len(used) - len(weights) + 1)
            if len(origins) < needed:
                continue
            missed = _missed(used, origins, weights, weeks, by_year=by_year)
            known = np.isfinite(missed)
            if np.count_nonzero(known) >= needed:
                found.append(
                    _Way(weeks=weeks, by_year=by_year, origins=origins[known], errors=missed[known])
                )
    return [_judged(one, found) for one in found]


def _judged(way: _Way, others: Sequence[_Way]) -> _Way:
    shared = way.origins
    for other in others:
        shared = np.intersect1d(shared, other.origins)
    at = np.isin(way.origins, shared)
    return _Way(
        weeks=way.weeks,
        by_year=way.by_year,
        origins=way.origins,
        errors=way.errors,
        miss=float(np.abs(way.errors[at if at.any() else slice(None)]).mean()),
    )


def _missed(
    used: Floats, origins: NDArray[np.int64], weights: Floats, weeks: int, *, by_year: bool
) -> Floats:
    """Return what sums missed, over the level at their origin; NaN where too much is unknown."""
    count = len(weights)
    actual = used[origins[:, None] + np.arange(count)]
    errors = actual - _expected(used, origins, count, weeks, by_year=by_year)
    known = ~np.isnan(errors)
    weighed = (known * weights).sum(axis=1)
    enough = weighed >= (1 - MAX_GAPS) * weights.sum()
    sums = (np.where(known, errors, 0.0) * weights).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = sums * weights.sum() / weighed / _level(used, origins)
    return np.where(enough, whole, np.nan)


def _expected(
    used: Floats, origins: NDArray[np.int64], count: int, weeks: int, *, by_year: bool
) -> Floats:
    """Return (origins, count) days as the same weekdays of the weeks before each origin."""
    ahead = np.arange(count)
    same = origins[:, None] + ahead % WEEK
    before = np.stack([_at(used, same - back * WEEK) for back in range(1, weeks + 1)])
    expected = _mean(before)
    if by_year:
        year_ago = _at(used, origins[:, None] + ahead - YEAR)
        weeks_then = np.stack(
            [_at(used, same - back * WEEK - YEAR) for back in range(1, weeks + 1)]
        )
        change = _smooth(year_ago - _mean(weeks_then))
        expected = expected + np.where(np.isnan(change), 0.0, change)
    return expected


def _smooth(change: Floats) -> Floats:
    """Return changes averaged over a week about each day: single days of last year are chance."""
    reach = WEEK // 2
    padded = np.pad(change, ((0, 0), (reach, reach)), constant_values=np.nan)
    return _mean(np.stack([padded[:, at : at + change.shape[1]] for at in range(2 * reach + 1)]))


def _at(used: Floats, places: NDArray[np.int64]) -> Floats:
    """Return what was used on these days, NaN for days outside."""
    inside = (places >= 0) & (places < len(used))
    return np.where(inside, used[np.clip(places, 0, len(used) - 1)], np.nan)


def _mean(several: Floats) -> Floats:
    """Return the mean over the first axis of what is known; NaN where nothing is."""
    known = ~np.isnan(several)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, several, 0.0).sum(axis=0) / known.sum(axis=0)
    return np.asarray(mean, dtype=np.float64)


def _level(used: Floats, origins: NDArray[np.int64]) -> Floats:
    """Return the mean day of the weeks before each origin, never far below that of all."""
    recent = _mean(np.stack([_at(used, origins - back) for back in range(1, LEVEL_DAYS + 1)]))
    overall = float(np.nanmean(np.abs(used)))
    floor = LEAST_LEVEL * overall if overall else 1.0
    return np.fmax(recent, floor)
