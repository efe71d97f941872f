# SPDX-License-Identifier: EUPL-1.2
"""Mains of many households: sums of real homes, as the meter of their building would count them.

Each home's register is read off at every full hour (UTC) of one year; hours without readings are
taken from the nearest week in which the home was metered at that hour. What flows through a main is
what flows into its homes, so a main's register is their sum, in whole pulses.

Homes and dates. Thresholds are set on sums of *prior* homes, figures quoted are of sums of *test*
homes. The year is cut into blocks of four weeks: what happens in even blocks counts in tuning, what
happens in odd ones in the test, so both see all seasons and share no day. There are few homes and
one year: a home may be shifted by eight weeks, which keeps its even blocks even.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.benchmark.leaks.daiad import METERED_S, History, homes

HOUR_S = 3600
WEEK_S = 168 * HOUR_S
WEEKS = 52
BEGINS_S = 1_456_790_400  # 2016-03-01 00:00 UTC, when the trial began
READ_AT_S = BEGINS_S + HOUR_S * np.arange(WEEKS * 168 + 1, dtype=np.int64)
BLOCK_S = 4 * WEEK_S
SHIFTS_WEEKS = (-8, 0, 8)
PULSE_ML = 1000


def sums(
    part: str, *, households: int, count: int, seed: int, is_shifted: bool, pulse_ml: int = PULSE_ML
) -> list[History]:
    """Return ``count`` mains of so many homes of the ``prior`` or the ``test`` part, at random.

    A home is in a sum once, until all have been drawn; then all are drawn from again. Without
    shifts, all homes live the same days: what they have in common, such as a holiday, stays.
    """
    hours_ml = _hours(part)
    draw = np.random.default_rng(seed)
    shifts_weeks = SHIFTS_WEEKS if is_shifted else (0,)
    mains = []
    for index in range(count):
        rounds = -(-households // len(hours_ml))
        picked = np.concatenate([draw.permutation(len(hours_ml)) for _ in range(rounds)])
        passed_ml = np.array([draw.uniform(0, pulse_ml)] + [0.0] * (len(READ_AT_S) - 1))
        for home in picked[:households]:
            passed_ml[1:] += np.roll(hours_ml[home], 168 * draw.choice(shifts_weeks))
        register_ml = (passed_ml.cumsum() // pulse_ml * pulse_ml).astype(np.int64)
        mains.append(History(f"{part}-{households}-{seed}-{index}", READ_AT_S, register_ml))
    return mains


def is_counted(part: str, at_s: int) -> bool:
    """Tell whether what happens then counts in this part: each has every other four weeks."""
    return (at_s - BEGINS_S) // BLOCK_S % 2 == (0 if part == "prior" else 1)


@cache
def _hours(part: str) -> NDArray[np.float64]:
    return np.stack([hourly(home) for home in homes(part)])


def hourly(home: History) -> NDArray[np.float64]:
    """Return what a home used in each hour of the year, in ml, its gaps filled."""
    hours_ml = np.diff(np.interp(READ_AT_S, home.read_at_s, home.register_ml))
    hours_ml[~_metered(home)] = np.nan
    weeks_ml = hours_ml.reshape(WEEKS, 168)
    filled_ml = weeks_ml.copy()
    for distance in range(1, WEEKS):
        for direction in (-1, 1):
            other_ml = np.roll(weeks_ml, direction * distance, axis=0)
            filled_ml = np.where(np.isnan(filled_ml), other_ml, filled_ml)
    return np.nan_to_num(filled_ml).ravel()


def _metered(home: History) -> NDArray[np.bool_]:
    """Tell for each hour of the year whether readings close to each other cover it."""
    after = np.searchsorted(home.read_at_s, READ_AT_S)
    inside = (after > 0) & (after < len(home.read_at_s))
    after = np.clip(after, 1, len(home.read_at_s) - 1)
    length_s = home.read_at_s[after] - home.read_at_s[after - 1]
    at_edge = inside & (length_s <= METERED_S)
    return at_edge[:-1] & at_edge[1:]
