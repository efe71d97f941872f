# SPDX-License-Identifier: EUPL-1.2
"""What counts as found, how late, and how often a meter without a leak was accused.

A detection counts only if it is attributable: the same meter without the leak has no finding open
or raised within a day of it. Otherwise a detector that is always in alarm would find everything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.benchmark.leaks import intervals

DAY_S = 86_400
HORIZON_S = 7 * DAY_S
TWIN_SILENT_S = DAY_S  # before and after the detection
YEAR_S = 365.25 * DAY_S


@dataclass(frozen=True)
class Episode:
    """A finding from when it was raised until it was cleared; None while it is open."""

    raised_at_s: int
    cleared_at_s: int | None = None


def delay_s(found: Iterable[Episode], twin: Sequence[Episode], leak_from_s: int) -> int | None:
    """Return how long after the leak began it was first found; None if not within seven days.

    ``found`` is of the run with the leak, in order of time, and read no further than needed;
    ``twin`` is of the same meter without it.
    """
    for one in found:
        at_s = one.raised_at_s
        if at_s < leak_from_s:
            continue
        if at_s - leak_from_s > HORIZON_S:
            return None
        if not _in_alarm(twin, at_s - TWIN_SILENT_S, at_s + TWIN_SILENT_S):
            return at_s - leak_from_s
    return None


def _in_alarm(episodes: Sequence[Episode], from_s: int, until_s: int) -> bool:
    return any(
        one.raised_at_s <= until_s and (one.cleared_at_s is None or one.cleared_at_s >= from_s)
        for one in episodes
    )


@dataclass(frozen=True)
class Rate:
    """Alarms in so many meter-years."""

    alarms: int
    years: float

    @property
    def per_year(self) -> float:
        """Return the rate measured."""
        return self.alarms / self.years

    @property
    def range_per_year(self) -> tuple[float, float]:
        """Return the exact 95 % interval of the rate."""
        low, high = intervals.poisson(self.alarms)
        return low / self.years, high / self.years

    def __add__(self, other: "Rate") -> "Rate":
        return Rate(self.alarms + other.alarms, self.years + other.years)


@dataclass(frozen=True)
class Delays:
    """Delays of all runs with the same leak, in s; None where it was not found."""

    each_s: Sequence[int | None]

    @property
    def found(self) -> float:
        """Return the share found within seven days."""
        return sum(one is not None for one in self.each_s) / len(self.each_s)

    @property
    def found_range(self) -> tuple[float, float]:
        """Return the exact 95 % interval of that share."""
        hits = sum(one is not None for one in self.each_s)
        return intervals.binomial(hits, len(self.each_s))

    def quantile_h(self, share: float) -> float | None:
        """Return the hours within which that share of all leaks was found; None if less was.

        What was missed counts as later than anything: a detector gains nothing by finding only
        the easy ones.
        """
        hours = np.array([np.inf if one is None else one / 3600 for one in self.each_s])
        reached = float(np.quantile(hours, share, method="higher"))
        return reached if np.isfinite(reached) else None
