# SPDX-License-Identifier: EUPL-1.2
"""A register that reached its last digit and began again at zero: news, not a fault.

Method: screening takes a step back as a rollover where the register's modulus is known and the step
over it is what the meter can do, or, for a guess, where the old register is in the last hundredth
before a power of ten or a limit of 16 or 32 bits and the new one in the first. Usage goes on over
it.

Source: IEC 61968-9, register rollover. Limits: a meter reset to zero just below a power of ten is
taken for a rollover; the finding shows both registers.
"""

from collections.abc import Iterator

from cloud.validation.finding import Finding, Severity, found, stamp
from cloud.validation.rules import Rule
from cloud.validation.screening import BreakKind, Screened
from cloud.validation.series import RegisterSeries


def registers(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    """Tell of rollovers nobody recorded."""
    about = series.about
    for one in screened.breaks:
        if one.kind != BreakKind.ROLLOVER or one.is_recorded or one.modulus is None:
            continue
        before_s, after_s = int(series.read_at_s[one.before]), int(series.read_at_s[one.index])
        used = one.register_after + one.modulus - one.register_before
        yield found(
            RULE.name,
            about,
            before_s,
            after_s,
            Severity.NOTE,
            f"Between {stamp(before_s)} and {stamp(after_s)} the register passed"
            f" {about.amount(one.modulus)} and began again at zero; {about.amount(used)} were used"
            " meanwhile, and usage goes on without a gap.",
            register_before=about.in_unit(one.register_before),
            register_after=about.in_unit(one.register_after),
            modulus=about.in_unit(one.modulus),
            row=int(series.row[one.index]),
        )


RULE = Rule(name="rollover", registers=registers, is_local=True)
