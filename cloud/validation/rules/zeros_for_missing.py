# SPDX-License-Identifier: EUPL-1.2
"""Zeros where nothing was read: a system that had no value stored 0.

Method: a run of zeros is suspicious where the meter never comes near zero otherwise. In the two
weeks either side the lowest hundredth of its use must be three of its own smallest steps at least,
and a tenth of its median, with no more than a handful of such runs; so a coarse meter, a heating
that pauses at night or an idle building stay quiet. Boilers rest: for gas and heat a run of under
twelve hours counts only where the lowest hundredth is three tenths of the median, and one of more
than a week only if the meter was in use in the same weeks of the years beside it.

Source: thresholds set on public data of university buildings, where missing half-hours are stored
as 0 and show by a halved hour at either end. Limits: a real outage of supply looks the same; the
explanation gives the figures to tell.
"""

from collections.abc import Iterator

import numpy as np

from cloud.validation.finding import Finding, Severity, found, span, stamp
from cloud.validation.rules import Rule
from cloud.validation.seasons import SEASONAL, used_in_other_years
from cloud.validation.series import DAY_S, HOUR_S, Integers, UsageSeries, runs

AROUND_S = 14 * DAY_S
MIN_AROUND = 96  # intervals with use, to know what is usual
BASE_QUANTILE = 0.01
MIN_STEPS = 3
BASE_OF_MEDIAN = 0.1
SURE_OF_MEDIAN = 0.3
MAX_RUNS_AROUND = 5
SEASONAL_S = 7 * DAY_S
REST_S = 12 * HOUR_S


def check(series: UsageSeries) -> Iterator[Finding]:
    """Find runs of zeros that can't be."""
    if len(series) < MIN_AROUND or series.step_s > DAY_S:
        return
    start, end = runs(series.usage == 0)
    for first, last in zip(start.tolist(), end.tolist(), strict=True):
        finding = _judge(series, start, first, last)
        if finding is not None:
            yield finding


def _judge(series: UsageSeries, starts: Integers, first: int, last: int) -> Finding | None:
    began_s = int(series.start_s[first])
    ended_s = int(series.start_s[last - 1] + series.length_s[last - 1])
    low, high = np.searchsorted(series.start_s, (began_s - AROUND_S, ended_s + AROUND_S))
    if np.searchsorted(starts, high) - np.searchsorted(starts, low) > MAX_RUNS_AROUND:
        return None
    around = np.concatenate((series.usage[low:first], series.usage[last:high]))
    around = np.sort(around[around > 0])
    if len(around) < MIN_AROUND:
        return None
    base = int(around[int(BASE_QUANTILE * len(around))])
    median = int(around[len(around) // 2])
    step = _smallest_step(around)
    if base < MIN_STEPS * step or base < BASE_OF_MEDIAN * median:
        return None
    is_sure = base >= SURE_OF_MEDIAN * median
    if series.about.utility in SEASONAL and not _is_no_rest(series, began_s, ended_s, is_sure):
        return None
    about = series.about
    edges = [int(series.usage[place]) for place in (first - 1, last) if 0 <= place < len(series)]
    trace = ""
    if any(edge < base for edge in edges):
        trace = " Beside them less is used than usual, as if only a part of it had been read."
    return found(
        RULE.name,
        about,
        began_s,
        ended_s,
        Severity.ERROR if is_sure else Severity.WARNING,
        f"Zero for {span(ended_s - began_s)} from {stamp(began_s)}, but in the two weeks either"
        f" side 99 of 100 intervals hold {about.amount(base)} or more ({about.amount(median)} in"
        f" the middle), and the smallest step is {about.amount(step)}: these zeros stand for"
        f" missing values.{trace}",
        intervals=last - first,
        usual_minimum=about.in_unit(base),
        usual_median=about.in_unit(median),
        smallest_step=about.in_unit(step),
        usage_beside=[about.in_unit(edge) for edge in edges],
    )


def _is_no_rest(series: UsageSeries, began_s: int, ended_s: int, is_sure: bool) -> bool:
    """Tell whether a boiler wouldn't rest so: for some hours, or for the summer."""
    length_s = ended_s - began_s
    if length_s > SEASONAL_S:
        return used_in_other_years(series, began_s, ended_s)
    return is_sure or length_s >= REST_S


def _smallest_step(ordered: Integers) -> int:
    """Return the distance between neighbouring small amounts, or the smallest if all are alike."""
    distinct = np.unique(ordered)[:12]
    return int(np.median(np.diff(distinct))) if len(distinct) > 2 else int(distinct[0])


RULE = Rule(name="zeros_for_missing", intervals=check, needs_days=5)
