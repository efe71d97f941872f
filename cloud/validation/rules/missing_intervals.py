# SPDX-License-Identifier: EUPL-1.2
"""Time for which there is no reading, or no interval.

Method: the usual pause between readings is their median; a pause of more than two and a half times
that is a gap. Of intervals, one that begins after the one before has ended. Up to 20 gaps are told
one by one; more are told together, with what share of the time they are. Registers make totals
whole over a gap; interval usage is lost in it.

Source: none needed. Limits: a meter that reports only when it is used has gaps by design; its usual
pause tells.
"""

from collections.abc import Iterator

import numpy as np

from cloud.validation.finding import Finding, Severity, found, span, stamp
from cloud.validation.rules import Rule
from cloud.validation.screening import Screened
from cloud.validation.series import DAY_S, About, Integers, RegisterSeries, UsageSeries

GAP_OF_USUAL = 2.5
MAX_TOLD = 20
LONG_S = 7 * DAY_S
MANY_SHARE = 0.2
MIN_READINGS = 10


def registers(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:  # noqa: ARG001
    """Find pauses between readings."""
    if len(series) < MIN_READINGS:
        return
    pauses_s = np.diff(series.read_at_s)
    usual_s = int(np.median(pauses_s[pauses_s > 0])) if (pauses_s > 0).any() else 0
    gaps = np.flatnonzero(pauses_s > GAP_OF_USUAL * usual_s)
    yield from _told(
        series.about,
        series.read_at_s[gaps],
        series.read_at_s[gaps + 1],
        usual_s,
        int(series.read_at_s[-1] - series.read_at_s[0]),
        "The register makes the total whole, the hours in it can only be estimated.",
    )


def intervals(series: UsageSeries) -> Iterator[Finding]:
    """Find intervals that are not there."""
    one = series.once
    if len(one) < MIN_READINGS:
        return
    end_s = one.start_s + one.length_s
    gaps = np.flatnonzero(one.start_s[1:] > end_s[:-1])
    yield from _told(
        one.about,
        end_s[gaps],
        one.start_s[gaps + 1],
        one.step_s,
        int(end_s[-1] - one.start_s[0]),
        "What was used in it is in no interval.",
    )


def _told(
    about: About, since_s: Integers, until_s: Integers, usual_s: int, whole_s: int, meaning: str
) -> Iterator[Finding]:
    missing_s = until_s - since_s
    if len(missing_s) <= MAX_TOLD:
        for began_s, ended_s in zip(since_s.tolist(), until_s.tolist(), strict=True):
            yield found(
                RULE.name,
                about,
                began_s,
                ended_s,
                Severity.WARNING if ended_s - began_s >= LONG_S else Severity.NOTE,
                f"Nothing for {span(ended_s - began_s)} from {stamp(began_s)}; usual are"
                f" {span(usual_s)}. {meaning}",
                missing_s=ended_s - began_s,
                usual_s=usual_s,
            )
        return
    share = float(missing_s.sum()) / max(whole_s, 1)
    longest = int(missing_s.argmax())
    yield found(
        RULE.name,
        about,
        int(since_s[0]),
        int(until_s[-1]),
        Severity.WARNING if share >= MANY_SHARE else Severity.NOTE,
        f"{len(missing_s)} gaps, {share:.1%} of the time; the longest is"
        f" {span(int(missing_s[longest]))} from {stamp(int(since_s[longest]))}. {meaning}",
        gaps=len(missing_s),
        share=round(share, 4),
        longest_s=int(missing_s[longest]),
        longest_since=stamp(int(since_s[longest])),
        usual_s=usual_s,
    )


RULE = Rule(name="missing_intervals", registers=registers, intervals=intervals)
