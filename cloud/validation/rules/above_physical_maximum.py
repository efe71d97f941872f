# SPDX-License-Identifier: EUPL-1.2
"""More than the meter can let through.

Method: the limit is the one given for the meter, or Q4 = 1.25 Q3 of a water meter. Without either
it is a generous one for the kind of meter, or, for a file, 50 times the pace that this meter
exceeds in a twentieth of its readings, but never below the smallest meter of its kind. Registers
that jump beyond it and stay there are an error; usage over the jump is unknown. A register that
lies between its neighbours, but was reached too fast, is left out.

Source: ISO 4064-1:2014, Q4 for water. Limits: without a limit of its own a meter has to be off by a
lot; give `max_per_h`.
"""

from collections.abc import Iterator

import numpy as np

from cloud.validation.finding import Finding, Severity, found, stamp
from cloud.validation.rules import Rule
from cloud.validation.screening import BreakKind, Screened, Verdict
from cloud.validation.series import HOUR_S, About, RegisterSeries, UsageSeries, runs
from cloud.validation.steps import FLOOR_S


def registers(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    """Find jumps and readings that the meter can't have reached."""
    about = series.about
    for one in screened.breaks:
        if one.kind == BreakKind.JUMP and not one.is_recorded:
            before_s, after_s = int(series.read_at_s[one.before]), int(series.read_at_s[one.index])
            grown = one.register_after - one.register_before
            yield found(
                RULE.name,
                about,
                before_s,
                after_s,
                Severity.ERROR,
                f"Between {stamp(before_s)} and {stamp(after_s)} the register grew by"
                f" {about.amount(grown)} and stayed there; {_limit(about)}. A meter exchanged, or a"
                " digit lost: what was used is unknown until somebody says.",
                grown=about.in_unit(grown),
                max_per_h=about.in_unit(about.limits.max_per_h),
                row=int(series.row[one.index]),
            )
    accepted = screened.accepted
    last = int(accepted[-1]) if len(accepted) else -1
    ahead = (screened.verdict == Verdict.UNCONFIRMED) & (
        series.register > (series.register[last] if last >= 0 else 0)
    )
    wrong = (screened.verdict == Verdict.ABOVE_MAXIMUM) | ahead
    for first, end in zip(*(ends.tolist() for ends in runs(wrong)), strict=True):
        if not _is_too_fast(series, screened, first, end):
            continue
        at_s = int(series.read_at_s[first])
        yield found(
            RULE.name,
            about,
            at_s,
            int(series.read_at_s[end - 1]),
            Severity.WARNING,
            f"The register of {stamp(at_s)} can't have been reached in the time since the reading"
            f" before, or can't have been left so fast; {_limit(about)}. It is left out.",
            registers=[about.in_unit(count) for count in series.register[first:end].tolist()],
            max_per_h=about.in_unit(about.limits.max_per_h),
            rows=series.row[first:end].tolist(),
        )


def _is_too_fast(series: RegisterSeries, screened: Screened, first: int, end: int) -> bool:
    """Tell whether readings [first, end) were reached or left faster than the meter can.

    If not, they were left out beside a register that went back, and that is told already.
    """
    place = int(np.searchsorted(screened.accepted, first))
    around = screened.accepted[max(place - 1, 0) : place + 1].tolist()
    for one, other in ((one, first if one < first else end - 1) for one in around):
        passed_s = max(abs(int(series.read_at_s[other] - series.read_at_s[one])), FLOOR_S)
        grown = abs(int(series.register[other] - series.register[one]))
        if grown > series.about.limits.max_per_h * passed_s / HOUR_S:
            return True
    return False


def intervals(series: UsageSeries) -> Iterator[Finding]:
    """Find usage beyond the limit."""
    about = series.about
    most = about.limits.max_per_h * (series.length_s / HOUR_S)
    for place in np.flatnonzero(series.usage > most).tolist():
        at_s, used = int(series.start_s[place]), int(series.usage[place])
        yield found(
            RULE.name,
            about,
            at_s,
            at_s + int(series.length_s[place]),
            Severity.ERROR if about.limits.is_known else Severity.WARNING,
            f"Usage from {stamp(at_s)} is {about.amount(used)}; {_limit(about)}.",
            usage=about.in_unit(used),
            max_per_h=about.in_unit(about.limits.max_per_h),
            row=int(series.row[place]),
        )


def _limit(about: About) -> str:
    most = about.amount(about.limits.max_per_h)
    if about.limits.is_known:
        return f"this meter lets {most} through in an hour at most"
    return f"more than {most} in an hour is too much for a meter of its kind and use"


RULE = Rule(name="above_physical_maximum", registers=registers, intervals=intervals, is_local=True)
