# SPDX-License-Identifier: EUPL-1.2
"""A reading far below what comes before and after it.

Registers: as for `spike_up`, below both neighbours. Interval usage: an interval that is in use, but
so little that the lowest of the hours around it and of the same hour in the weeks around is many
times as much; zeros are `zeros_for_missing`'s.

Source: as `spike_up`. Limits: usage is judged only where the meter never comes near zero.
"""

from collections.abc import Iterator

from cloud.validation.excursions import false_registers
from cloud.validation.finding import Finding
from cloud.validation.peers import LOW, outstanding_usage
from cloud.validation.rules import Rule
from cloud.validation.screening import Screened, Verdict
from cloud.validation.series import RegisterSeries, UsageSeries


def registers(series: RegisterSeries, screened: Screened) -> Iterator[Finding]:
    """Find registers that drop and come back."""
    yield from false_registers(RULE.name, series, screened, Verdict.SPIKE_DOWN)


def intervals(series: UsageSeries) -> Iterator[Finding]:
    """Find usage far below that of its peers."""
    yield from outstanding_usage(RULE.name, series, LOW)


RULE = Rule(name="spike_down", registers=registers, intervals=intervals, is_local=True)
