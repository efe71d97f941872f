# SPDX-License-Identifier: EUPL-1.2
"""A reading far above what comes before and after it.

Registers: screening finds the cheapest explanation of the whole course; a reading that lies beyond
both its neighbours by more than three of the meter's larger steps, and leaves no trace afterwards,
is false. Interval usage: an interval is held against the hours around it and the same hour in the
weeks around, whichever is highest. It is a spike if it exceeds that three times as far as one
interval of this meter in a thousand does, and is half as much again as 999 in 1000 at any season;
or, whatever is around it, eight times as much.

Source: the register method is `cloud/validation/screening.py`'s; for usage, a robust ratio whose
threshold comes from the meter itself. Limits: a false reading within three larger steps is taken
as a negative step or passes; in a series of under 500 intervals usage is not judged.
"""

from collections.abc import Iterator

from cloud.validation.excursions import false_registers
from cloud.validation.finding import Finding
from cloud.validation.peers import HIGH, outstanding_usage
from cloud.validation.rules import Rule
from cloud.validation.screening import Screened, Verdict
from cloud.validation.series import RegisterSeries, UsageSeries


def registers(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    """Find registers that jump up and come back."""
    yield from false_registers(RULE.name, series, screened, Verdict.SPIKE_UP)


def intervals(series: UsageSeries) -> Iterator[Finding]:
    """Find usage far above that of its peers."""
    yield from outstanding_usage(RULE.name, series, HIGH)


RULE = Rule(name="spike_up", registers=registers, intervals=intervals, is_local=True)
