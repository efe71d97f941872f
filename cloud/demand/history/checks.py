# SPDX-License-Identifier: EUPL-1.2
"""What is odd about hours that somebody brought; told, never mended: the use is kept as it came.

Every limit follows from the series itself, so that it holds for a house and for a city.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from cloud.demand.series import DAY_H, Floats, Hours, Ints

Mask = NDArray[np.bool_]

NEGATIVE = "Less than nothing was used."
EXAMPLES = 5
# How far from the middle of its hour of the day, against what one hour in twenty of these weeks
# exceeds: week-ends are off, too, but they come often. Our choice, by buildings of a university.
OUTLIER_RATIO = 4.0
USUAL = 0.95
LEAST_OFF = 1.0  # of the level: less is worth nobody's look
LEAST_RUN_H = 6  # equal hours; shorter ones happen by chance in any series
# A series whose lowest use is so much of its middle never stops: zeros in it are no use.
NEVER_STOPS = 0.1
HABIT = 0.1  # stops a day: a series that stops more often does so by itself
LOWEST = 0.01  # the share of hours below the lowest use
# Two days with the same 24 figures, where figures hardly ever repeat.
DISTINCT_IN_A_DAY = 12
# Before and after the clocks change, people rise by the clock: how much better the profile of the
# weeks must fit when it is an hour off.
SLIP_RATIO = 0.6
SLIP_DAYS = 14
LEAST_TURN = 0.01  # of a profile around 1 against itself an hour later, in squares
LEAST_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """Hours that are odd in one way; ``starts`` has a few of them as examples."""

    kind: str
    hours: int  # or days, or months
    first: datetime
    last: datetime
    starts: tuple[datetime, ...]
    explanation: str


def oddities(amounts: Floats, hours: Hours) -> list[Oddity]:
    """Return what is odd about these hours; nothing is said of unknown ones."""
    found = []
    for kind, explanation, mask in (
        ("negative", NEGATIVE, _negative),
        ("outlier", "Far from what is usual at this hour of the day in these weeks.", _outliers),
        ("stuck", "The same figure for longer than chance would have it.", _stuck),
        ("zero_for_missing", "Nothing was used in a series that never stops.", _zeros),
        ("repeated_day", "The same figures as on the day before, or a week before.", _repeated),
    ):
        odd = np.flatnonzero(mask(amounts))
        if len(odd):
            found.append(_told(kind, explanation, odd, hours))
    return found + _slips(amounts, hours)


def negative_intervals(starts: Sequence[datetime], amounts: Floats) -> list[Oddity]:
    """Return the days or months in which less than nothing was used; too few to tell more."""
    odd = np.flatnonzero(_negative(amounts))
    if not len(odd):
        return []
    told = tuple(starts[int(one)] for one in odd)
    return [
        Oddity(
            kind="negative",
            hours=len(odd),
            first=told[0],
            last=told[-1],
            starts=told[:EXAMPLES],
            explanation=NEGATIVE,
        )
    ]


def _told(kind: str, explanation: str, odd: Ints, hours: Hours) -> Oddity:
    begins = odd[np.flatnonzero(np.diff(odd, prepend=-2) > 1)]  # of each run
    return Oddity(
        kind=kind,
        hours=len(odd),
        first=hours.at(int(odd[0])),
        last=hours.at(int(odd[-1])),
        starts=tuple(hours.at(int(one)) for one in begins[:EXAMPLES]),
        explanation=explanation,
    )


def _negative(amounts: Floats) -> Mask:
    return np.asarray(amounts < 0)


def _outliers(amounts: Floats) -> Mask:
    """Return where use is far from the middle of its hour of the day, over four weeks around it."""
    odd = np.zeros(len(amounts), bool)
    days = -(-len(amounts) // DAY_H)
    padded = np.full(days * DAY_H, np.nan)
    padded[: len(amounts)] = amounts
    table = padded.reshape(days, DAY_H)
    for first in range(0, days, 28):
        block = table[max(0, first - 7) : first + 35]
        if np.isfinite(block).sum() < LEAST_DAYS * DAY_H:
            continue
        middle = _middle(block, axis=0)
        here = table[first : first + 28] - middle
        away = np.abs(block - middle)
        usual = float(np.nanquantile(away, USUAL))
        limit = max(OUTLIER_RATIO * usual, LEAST_OFF * abs(float(_middle(block))))
        flat = (np.abs(here) > limit).ravel() & (limit > 0)
        flat = flat[: len(amounts) - first * DAY_H]
        odd[first * DAY_H : first * DAY_H + len(flat)] = flat
    return odd


def _middle(table: Floats, axis: int | None = None) -> Floats:
    """Return medians without warnings for columns of which nothing is known."""
    known = np.where(np.isfinite(table).any(axis=axis, keepdims=True), table, 0)
    return np.asarray(np.nanmedian(known, axis=axis))


def _stuck(amounts: Floats) -> Mask:
    """Return where a figure other than zero repeats for longer than chance would have it."""
    same = np.zeros(len(amounts), bool)
    same[1:] = (amounts[1:] == amounts[:-1]) & (amounts[1:] != 0)
    pairs = int(np.isfinite(amounts[1:] + amounts[:-1]).sum())
    if pairs < DAY_H:
        return np.zeros(len(amounts), bool)
    begins, ends = _runs(same)
    lengths = ends - begins
    # By chance the longest of n runs is about log n / log(1/p), p being how often a figure repeats;
    # coarse meters repeat often. A stuck meter must not make itself usual: long runs count once.
    usual = np.minimum(lengths, LEAST_RUN_H).sum() / pairs
    chance = np.log(pairs) / np.log(1 / min(max(usual, 1e-3), 0.98))
    at_least = max(LEAST_RUN_H, 2 * chance)
    odd = np.zeros(len(amounts), bool)
    for begin, end in zip(begins, ends, strict=True):
        if end - begin + 1 >= at_least:
            odd[begin - 1 : end] = True
    return odd


def _runs(mask: Mask) -> tuple[Ints, Ints]:
    """Return where runs of true begin, and where they have ended."""
    turns = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return turns[::2], turns[1::2]


def _zeros(amounts: Floats) -> Mask:
    used = amounts[np.isfinite(amounts) & (amounts > 0)]
    never = np.zeros(len(amounts), bool)
    if len(used) < LEAST_DAYS * DAY_H:
        return never
    zero = np.asarray(amounts == 0)
    often = len(_runs(zero)[0]) > HABIT * np.isfinite(amounts).sum() / DAY_H
    stops = np.quantile(used, LOWEST) < NEVER_STOPS * np.median(used)
    return never if often or stops else zero


def _repeated(amounts: Floats) -> Mask:
    odd = np.zeros(len(amounts), bool)
    for lag_h in (DAY_H, 7 * DAY_H):
        if len(amounts) <= lag_h + DAY_H:
            continue
        same = np.zeros(len(amounts), bool)
        same[lag_h:] = amounts[lag_h:] == amounts[:-lag_h]
        for begin, end in zip(*_runs(same), strict=True):
            figures = amounts[begin:end]
            if end - begin >= DAY_H and len(np.unique(figures)) >= DISTINCT_IN_A_DAY:
                odd[begin:end] = True
    return odd


def _slips(amounts: Floats, hours: Hours) -> list[Oddity]:
    """Return the changes of the clocks after which the days' profile is an hour off."""
    if not isinstance(hours.zone, ZoneInfo):
        return []
    later: list[int] = []  # stamps are local ones, taken for those of one offset
    earlier: list[int] = []  # stamps keep to one offset, and are taken for local ones
    compared = 0
    for change in np.flatnonzero(np.diff(hours.offsets_s)) + 1:
        before = _profile(amounts, hours, int(change) - SLIP_DAYS * DAY_H, int(change))
        after = _profile(amounts, hours, int(change), int(change) + SLIP_DAYS * DAY_H)
        if before is None or after is None or not _turns(before):
            continue
        compared += 1
        step = int(np.diff(hours.offsets_s[change - 1 : change + 1])[0] // 3600)
        for lag, found in ((-step, later), (step, earlier)):
            away = float(((np.roll(after, lag) - before) ** 2).sum())
            if away < SLIP_RATIO * float(((after - before) ** 2).sum()):
                found.append(int(change))
    found = max(later, earlier, key=len)
    # stamps that are wrong are so each time; once, it was a holiday
    if not found or len(found) * 2 <= compared:
        return []
    told = _told(
        "clock_slip",
        "After the clocks change the days' profile is an hour off: stamps that keep to one offset"
        " all year are read as local times, or the other way round; name the zone they are in.",
        np.array(found),
        hours,
    )
    return [told]


def _profile(amounts: Floats, hours: Hours, first: int, last: int) -> Floats | None:
    """Return the mean use by local hour of the day, as shares; None where too little is known."""
    first, last = max(0, first), min(len(amounts), last)
    here, hour = amounts[first:last], hours.hour_of_day[first:last]
    known = np.isfinite(here)
    counts = np.bincount(hour[known], minlength=DAY_H)
    if counts.min() < LEAST_DAYS:
        return None
    sums = np.bincount(hour[known], weights=here[known], minlength=DAY_H) / counts
    return None if sums.sum() <= 0 else np.asarray(sums / sums.sum() * DAY_H)


def _turns(profile: Floats) -> bool:
    """Tell whether an hour more or less can be told from a profile."""
    return float(((np.roll(profile, 1) - profile) ** 2).sum()) > LEAST_TURN
