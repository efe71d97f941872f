# SPDX-License-Identifier: EUPL-1.2
"""Two answers for the same instant of the same meter.

Method: readings with the same stamp and another register, or intervals with the same start and
another usage. The first in the file, or by boot and sequence, stays. Exact repeats are harmless and
only counted. In the hour that autumn repeats, the fault is the clock's: see `clock_step`.

Source: none needed. Limits: which of the two is right can't be told from the data.
"""

from collections.abc import Iterator

from cloud.validation.duplicates import Contradiction, contradictions, usage_contradictions
from cloud.validation.finding import Finding, Severity, found, stamp
from cloud.validation.rules import Rule
from cloud.validation.screening import Screened
from cloud.validation.seasons import is_repeated_hour
from cloud.validation.series import About, RegisterSeries, UsageSeries


def registers(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    """Find other registers of the same instant."""
    for one in contradictions(series, screened):
        if not is_repeated_hour(one.at_s):
            yield _finding(series.about, one)


def intervals(series: UsageSeries) -> Iterator[Finding]:
    """Find other usage of the same interval."""
    for one in usage_contradictions(series):
        if not is_repeated_hour(one.at_s):
            yield _finding(series.about, one)


def _finding(about: About, one: Contradiction) -> Finding:
    told = ", ".join(about.amount(count) for count in one.amounts)
    return found(
        RULE.name,
        about,
        one.at_s,
        one.at_s,
        Severity.ERROR,
        f"For {stamp(one.at_s)} there are {len(one.amounts)} different answers: {told}. The first"
        " stays; which is right, the data can't tell.",
        amounts=[about.in_unit(count) for count in one.amounts],
        rows=list(one.rows),
    )


RULE = Rule(name="contradicting_duplicate", registers=registers, intervals=intervals, is_local=True)
