# SPDX-License-Identifier: EUPL-1.2
"""Seasons: what rests in summer without being broken, and the hour that autumn repeats."""

from datetime import timedelta

import numpy as np

from cloud.validation.finding import utc
from cloud.validation.series import DAY_S, UsageSeries

SEASONAL = frozenset({"gas", "heat"})
YEAR_S = 365 * DAY_S
IN_USE = 0.8  # of the intervals


def used_in_other_years(series: UsageSeries, began_s: int, ended_s: int) -> bool:
    """Tell whether the meter was in use in the same weeks of the year before and the year after.

    One of them is enough where the other isn't known.
    """
    shares = []
    for shift_s in (-YEAR_S, YEAR_S):
        low, high = np.searchsorted(series.start_s, (began_s + shift_s, ended_s + shift_s))
        if (high - low) * series.step_s >= IN_USE * (ended_s - began_s):
            shares.append(float((series.usage[low:high] > 0).mean()))
    return bool(shares) and min(shares) >= IN_USE


def is_repeated_hour(read_at_s: int) -> bool:
    """Tell whether local clocks may have shown this twice: the end of summer time in Europe.

    On the last Sunday of October, between 01:00 and 04:00 of whichever zone. Source: Directive
    2000/84/EC.
    """
    at = utc(read_at_s)
    is_last_sunday = at.weekday() == 6 and (at + timedelta(days=7)).month != at.month
    return at.month == 10 and is_last_sunday and 1 <= at.hour < 4
