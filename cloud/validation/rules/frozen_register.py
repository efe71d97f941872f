# SPDX-License-Identifier: EUPL-1.2
"""A register that stands still although the meter is in use.

Method: the share of hours of each hour of the week in which the meter usually moves says how many
moving hours a standstill should have had. Three cases: it ends in a jump of about what is used in
that time (the meter went on, the reading was stale: an error); a meter that hardly ever rests has
not moved for three days and three times longer than ever (a warning); any other has not moved for
three weeks and four times longer than ever, as a dwelling that stands empty wouldn't (a note). For
gas and heat the last two need the same weeks of another year, in use.

Source: thresholds set on public data of 92 homes with their holidays. Limits: a meter that stopped
in an empty flat is found late.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cloud.validation.finding import Finding, Severity, found, span, stamp
from cloud.validation.rules import Rule
from cloud.validation.seasons import SEASONAL, used_in_other_years
from cloud.validation.series import DAY_S, HOUR_S, Integers, Mask, UsageSeries, runs

MIN_EXPECTED = 6  # moving hours that a standstill should have had, for a jump to tell
JUMP_OF_LARGE = 3  # times what the meter seldom exceeds in an hour
JUMP_OF_USUAL = (0.3, 3.0)  # of what is used in such a time
BUSY_SHARE = 0.9
BUSY_S, BUSY_TIMES = 3 * DAY_S, 3
IDLE_S, IDLE_TIMES = 21 * DAY_S, 4
MIN_EXPECTED_IDLE = 48
WEEK_H = 168


def check(series: UsageSeries) -> Iterator[Finding]:
    """Find standstills that the meter's own habits contradict."""
    series = series.measured
    if not len(series) or series.step_s != HOUR_S:
        return
    moved = series.usage > 0
    if not moved.any():
        return
    first, last = runs(~moved)
    lengths_s = series.start_s[last - 1] + HOUR_S - series.start_s[first]
    hour = (series.start_s // HOUR_S) % WEEK_H
    habit = _share_by_hour(hour, moved)
    used = series.usage[moved]
    large, mean = float(np.quantile(used, 0.99)), float(series.usage.mean())
    expected = np.concatenate(([0.0], np.cumsum(habit[hour])))
    expected_moves = expected[last] - expected[first]
    for run in np.flatnonzero(expected_moves >= MIN_EXPECTED).tolist():
        began, ended = int(first[run]), int(last[run])
        jump = int(series.usage[ended]) if ended < len(series) else 0
        normal = mean * (ended - began)
        is_stale = (
            jump > JUMP_OF_LARGE * large
            and JUMP_OF_USUAL[0] * normal <= jump <= JUMP_OF_USUAL[1] * normal
        )
        others_s = int(np.delete(lengths_s, run).max(initial=HOUR_S))
        severity = Severity.ERROR if is_stale else None
        if severity is None and expected_moves[run] >= MIN_EXPECTED_IDLE:
            severity = _standstill(series, began, ended, others_s, float(moved.mean()))
        if severity is not None:
            yield _finding(series, began, ended, severity, jump if is_stale else None, others_s)


def _share_by_hour(hour: Integers, moved: Mask) -> npt.NDArray[np.float64]:
    all_hours = np.maximum(np.bincount(hour, minlength=WEEK_H), 1)
    shares: npt.NDArray[np.float64] = np.bincount(hour, weights=moved, minlength=WEEK_H) / all_hours
    return shares


def _standstill(
    series: UsageSeries, began: int, ended: int, others_s: int, share: float
) -> Severity | None:
    """Judge a standstill that did not end in a jump."""
    began_s, ended_s = int(series.start_s[began]), int(series.start_s[ended - 1]) + HOUR_S
    length_s = ended_s - began_s
    if began == 0 or (ended - began) * HOUR_S < length_s / 2:
        return None
    if series.about.utility in SEASONAL and not used_in_other_years(series, began_s, ended_s):
        return None
    if share >= BUSY_SHARE and length_s >= max(BUSY_S, BUSY_TIMES * others_s):
        return Severity.WARNING
    if length_s >= max(IDLE_S, IDLE_TIMES * others_s):
        return Severity.NOTE
    return None


def _finding(
    series: UsageSeries,
    began: int,
    ended: int,
    severity: Severity,
    jump: int | None,
    others_s: int,
) -> Finding:
    about = series.about
    began_s, ended_s = int(series.start_s[began]), int(series.start_s[ended - 1]) + HOUR_S
    ending = f"otherwise it never did for more than {span(others_s)}"
    if ended == len(series):
        ending = f"it has not moved since; before, it never rested for more than {span(others_s)}"
    if jump is not None:
        ending = (
            f"then it jumped by {about.amount(jump)} within an hour, about what is used in that"
            " time: the meter went on, but its reading was stale"
        )
    return found(
        RULE.name,
        about,
        began_s,
        None if ended == len(series) else ended_s,
        severity,
        f"The register stood still for {span(ended_s - began_s)} from {stamp(began_s)}; {ending}.",
        standstill_s=ended_s - began_s,
        longest_otherwise_s=others_s,
        jump=None if jump is None else about.in_unit(jump),
    )


RULE = Rule(name="frozen_register", derived=check, needs_days=14)
