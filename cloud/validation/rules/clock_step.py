# SPDX-License-Identifier: EUPL-1.2
"""A clock that was set back, or stamps in local time without an offset.

Method: the readings of a meter are looked at in the order in which they were written down, which is
that of a file's lines or of boot and sequence. A stamp earlier than the one before it is a step of
the clock, if the rest is in order; a file without any order is said to be so once. Intervals must
not overlap. A repetition in the hour that ends summer time in Europe says that the stamps are local
time: one note, with what to do.

Source: Directive 2000/84/EC for the hour; RFC 3339 for offsets. Limits: a clock that was set ahead
leaves a gap (`missing_intervals`), which a failure leaves, too.
"""

from collections.abc import Iterator

import numpy as np

from cloud.validation.duplicates import contradictions, usage_contradictions
from cloud.validation.finding import Finding, Severity, found, span, stamp
from cloud.validation.rules import Rule
from cloud.validation.screening import Screened
from cloud.validation.seasons import is_repeated_hour
from cloud.validation.series import About, Integers, RegisterSeries, UsageSeries

MAX_STEPS = 20
MAX_SHARE = 0.01  # of the readings; beyond either, the rows have no order


def registers(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    """Find stamps that run back against the order of the readings."""
    yield from _backwards(series.about, series.read_at_s, series.row)
    told_s = [one.at_s for one in contradictions(series, screened)]
    yield from _local_time(series.about, told_s)


def intervals(series: UsageSeries) -> Iterator[Finding]:
    """Find stamps that run back, and intervals that overlap."""
    about = series.about
    yield from _backwards(about, series.start_s, series.row)
    yield from _local_time(about, [one.at_s for one in usage_contradictions(series)])
    one = series.once
    end_s = one.start_s + one.length_s
    for place in np.flatnonzero(end_s[:-1] > one.start_s[1:]).tolist():
        at_s = int(one.start_s[place + 1])
        over_s = int(end_s[place]) - at_s
        yield found(
            RULE.name,
            about,
            at_s,
            int(end_s[place]),
            Severity.WARNING,
            f"The interval from {stamp(at_s)} begins {span(over_s)} before the one before it ends:"
            " that time is counted twice, or a clock was set back.",
            overlap_s=over_s,
            row=int(one.row[place + 1]),
        )


def _backwards(about: About, at_s: Integers, row: Integers) -> Iterator[Finding]:
    order = np.argsort(row, kind="stable")
    written_s = at_s[order]
    steps_s = np.diff(written_s)
    if (steps_s < 0).sum() > (steps_s > 0).sum():  # newest first
        order, written_s = order[::-1], written_s[::-1]
        steps_s = np.diff(written_s)
    back = np.flatnonzero(steps_s < 0)
    if len(back) > max(MAX_STEPS, MAX_SHARE * len(at_s)):
        yield found(
            RULE.name,
            about,
            int(at_s[0]),
            int(at_s[-1]),
            Severity.NOTE,
            f"The rows are in no order of time ({len(back)} go back), so steps of the clock can't"
            " be told; bring them in the order they were recorded in to have that checked.",
            steps_back=len(back),
        )
        return
    usual_s = int(np.median(steps_s[steps_s > 0])) if (steps_s > 0).any() else 0
    for place in back.tolist():
        before_s, after_s = int(written_s[place]), int(written_s[place + 1])
        back_s = before_s - after_s + usual_s
        if is_repeated_hour(after_s):
            yield from _local_time(about, [after_s])
            continue
        yield found(
            RULE.name,
            about,
            after_s,
            before_s,
            Severity.WARNING,
            f"After the reading of {stamp(before_s)} comes one stamped {stamp(after_s)}: the clock"
            f" went back by about {span(back_s)}, or rows are out of order. Readings in between may"
            " stand at wrong times; the total is right.",
            back_s=back_s,
            rows=row[order[place : place + 2]].tolist(),
        )


def _local_time(about: About, told_s: list[int]) -> Iterator[Finding]:
    repeated = [at_s for at_s in told_s if is_repeated_hour(at_s)]
    if repeated:
        yield found(
            RULE.name,
            about,
            repeated[0],
            repeated[-1],
            Severity.NOTE,
            f"Stamps repeat in the hour from {stamp(repeated[0])}, in which summer time ends: they"
            " are local time without an offset. Give them one (2026-10-25T03:30:00+03:00), or in"
            " spring and summer every reading stands an hour or more off.",
            repeated=len(repeated),
        )


RULE = Rule(name="clock_step", registers=registers, intervals=intervals)
