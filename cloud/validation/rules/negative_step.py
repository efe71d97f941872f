# SPDX-License-Identifier: EUPL-1.2
"""A register that goes back, which no meter does while it measures.

Three cases, each told apart: the register went back for good (a meter exchanged or reset without a
record: an error, usage over it is unknown); it went back a little and went on (a stamp or a
transmission out of order, backflow through a meter without check valve, a rounding: a warning);
usage given for an interval is negative. A single false reading is `spike_up`'s or `spike_down`'s, a
register that begins again at zero `rollover`'s.

Source: EN 1434, ISO 4064 and EN 50470 meters accumulate; going back is always worth a look. Limits:
an exported surplus counted back by a register without detent looks the same.
"""

from collections.abc import Iterator

import numpy as np

from cloud.validation.excursions import FAR_STEPS, excursions, large_step
from cloud.validation.finding import Finding, Severity, found, stamp
from cloud.validation.rules import Rule
from cloud.validation.screening import BreakKind, Screened, Verdict
from cloud.validation.series import RegisterSeries, UsageSeries


def registers(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    """Find registers that go back."""
    yield from _for_good(series, screened)
    yield from _a_little(series, screened)
    yield from _at_the_end(series, screened)


def intervals(series: UsageSeries) -> Iterator[Finding]:
    """Find negative usage."""
    about = series.about
    for place in np.flatnonzero(series.usage < 0).tolist():
        at_s, used = int(series.start_s[place]), int(series.usage[place])
        yield found(
            RULE.name,
            about,
            at_s,
            at_s + int(series.length_s[place]),
            Severity.ERROR,
            f"Usage from {stamp(at_s)} is {about.amount(used)}; a meter does not count back. Was it"
            " exchanged, or is export mixed in?",
            usage=about.in_unit(used),
            row=int(series.row[place]),
        )


def _for_good(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    about = series.about
    for one in screened.breaks:
        if one.kind != BreakKind.RESET or one.is_recorded:
            continue
        before_s, after_s = int(series.read_at_s[one.before]), int(series.read_at_s[one.index])
        back = one.register_before - one.register_after
        is_far = back > FAR_STEPS * large_step(screened)
        meaning = (
            f"from {about.amount(one.register_before)} to {about.amount(one.register_after)} for"
            " good: a meter exchanged or reset. What was used in between is unknown until the"
            " exchange is recorded with both registers."
            if is_far
            else f"by {about.amount(back)} and went on from there."
        )
        yield found(
            RULE.name,
            about,
            before_s,
            after_s,
            Severity.ERROR if is_far else Severity.WARNING,
            f"Between {stamp(before_s)} and {stamp(after_s)} the register went back {meaning}",
            back=about.in_unit(back),
            register_before=about.in_unit(one.register_before),
            register_after=about.in_unit(one.register_after),
            row=int(series.row[one.index]),
        )


def _a_little(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    about = series.about
    for verdict in (Verdict.SPIKE_UP, Verdict.SPIKE_DOWN):
        for one in excursions(series, screened, verdict):
            if one.is_far or one.before is None:
                continue
            went_back = one.after if verdict == Verdict.SPIKE_UP else one.first
            place = one.last - 1 if went_back is None else went_back
            at_s = int(series.read_at_s[place])
            yield found(
                RULE.name,
                about,
                at_s,
                at_s,
                Severity.WARNING,
                f"At {stamp(at_s)} the register is {about.amount(one.back)} lower than at the"
                " reading before, then goes on. What lies beyond the rest is left out; the total"
                " stays right.",
                back=about.in_unit(one.back),
                row=int(series.row[place]),
            )


def _at_the_end(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    about = series.about
    accepted = screened.accepted
    if not len(accepted):
        return
    last = int(accepted[-1])
    wrong = np.flatnonzero(screened.verdict == Verdict.UNCONFIRMED)
    wrong = wrong[(wrong > last) & (series.register[wrong] < series.register[last])]
    if len(wrong):
        place = int(wrong[0])
        at_s = int(series.read_at_s[place])
        back = int(series.register[last] - series.register[place])
        yield found(
            RULE.name,
            about,
            at_s,
            None,
            Severity.WARNING,
            f"At {stamp(at_s)} the register is {about.amount(back)} lower than before; whether for"
            " good or by one false reading, the next readings will tell.",
            back=about.in_unit(back),
            row=int(series.row[place]),
        )


RULE = Rule(name="negative_step", registers=registers, intervals=intervals, is_local=True)
