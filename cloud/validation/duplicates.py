# SPDX-License-Identifier: EUPL-1.2
"""Duplicates: what came twice for one instant, with another content."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cloud.validation.screening import Screened, Verdict
from cloud.validation.series import Integers, RegisterSeries, UsageSeries


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Different amounts for one instant, the one that stays first."""

    at_s: int
    amounts: tuple[int, ...]
    rows: tuple[int, ...]


def contradictions(series: RegisterSeries, screened: Screened) -> Iterator[Contradiction]:
    """Return the instants at which screening found other registers."""
    at_s = np.unique(series.read_at_s[screened.verdict == Verdict.CONTRADICTS])
    yield from _of(at_s, series.read_at_s, series.register, series.row)


def usage_contradictions(series: UsageSeries) -> Iterator[Contradiction]:
    """Return the starts that have different usages."""
    same = (np.diff(series.start_s) == 0) & (np.diff(series.length_s) == 0)
    differs = same & (np.diff(series.usage) != 0)
    at_s = np.unique(series.start_s[1:][differs])
    yield from _of(at_s, series.start_s, series.usage, series.row)


def _of(
    instants: Integers, at_s: Integers, amounts: Integers, rows: Integers
) -> Iterator[Contradiction]:
    for instant in instants.tolist():
        low, high = np.searchsorted(at_s, (instant, instant + 1))
        yield Contradiction(
            at_s=instant,
            amounts=tuple(dict.fromkeys(amounts[low:high].tolist())),
            rows=tuple(rows[low:high].tolist()),
        )
