# SPDX-License-Identifier: EUPL-1.2
"""Usual hours: how much passes a meter in each hour of the day, weekdays and weekends apart.

Each hour has a middle and two spreads, below and above, of the logarithm of its flow: use is never
under nothing, and one night with a tap left open is many times an ordinary one. What lies further
than two spreads out is learned from as if it lay there, so that such a night leaves little behind.

Memory is about a month of weekdays and five weeks of weekends: what changes more slowly than that
is followed. Source of these figures: our measurement on sums of real homes,
``python -m tests.benchmark.leaks.night_flow``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log, sqrt

from edge_gateway.leaks.table import Table

HOURS = 24
UNITS = 2000  # of a table for a factor of e
WEEKDAYS_REMEMBERED = 20
WEEKEND_DAYS_REMEMBERED = 10
DAYS_REMEMBERED = 30  # by a spread
FIRST_SPREAD = 0.7  # until days were seen: about what sums of eight homes show at night
LEAST_SPREAD = 0.12
OUTLIER = 2.0  # spreads from the middle
CUT = 1.1  # what cutting outliers takes off a variance of their square, given back
BELOW, ABOVE = 48, 72  # the middle: where these spreads begin in the table
LEARNED = 96  # places in the table
LEAST_DAYS = 4  # of one hour, before it is compared with


@dataclass(slots=True)  # not frozen: one is made every hour, and freezing triples the price
class UsualHours:
    """Reads and teaches tables that a rule remembers."""

    learned: Table  # the middles of 48 hours, weekdays first; then the spreads by hour of the day
    days: Table  # seen of each of the 48 hours

    def is_known(self, hour: int, is_weekend: bool) -> bool:
        """Tell whether this hour was seen often enough to be compared with."""
        return self.days[hour + HOURS * is_weekend] >= LEAST_DAYS

    def middle_ml_per_h(self, hour: int, is_weekend: bool, least_ml_per_h: int) -> float:
        """Return what flows in this hour on every other day."""
        return exp(self.learned[hour + HOURS * is_weekend] / UNITS) - least_ml_per_h

    def spread(self, hour: int) -> float:
        """Return by what part of itself this hour's flow varies."""
        return (self.learned[BELOW + hour] + self.learned[ABOVE + hour]) / (2 * UNITS)

    def quietest_ml_per_h(self, least_ml_per_h: int) -> float:
        """Return the middle of the hour in which least flows, of those known; 0 if none is."""
        known: Iterable[int] = (
            middle for middle, days in zip(self.learned, self.days, strict=False) if days
        )
        return exp(min(known, default=0) / UNITS) - least_ml_per_h

    def shape(self, hour: int, is_weekend: bool) -> tuple[float, float, float]:
        """Return the middle of the logarithms of this hour's flow, their spread below and above."""
        middle = self.learned[hour + HOURS * is_weekend]
        below, above = self.learned[BELOW + hour], self.learned[ABOVE + hour]
        return middle / UNITS, below / UNITS, above / UNITS

    def add(self, ml_per_h: int, least_ml_per_h: int) -> None:
        """Count this much more in every hour as usual from now on; it varies as much as before."""
        for place, days in enumerate(self.days):
            if days:
                flow = exp(self.learned[place] / UNITS)
                self.learned[place] = round(log(max(flow + ml_per_h, least_ml_per_h)) * UNITS)
        for place in range(BELOW, LEARNED):
            hour = place % HOURS
            flow = exp(max(self.learned[hour], self.learned[HOURS + hour]) / UNITS)
            kept = max(flow - ml_per_h, least_ml_per_h) / flow
            spread = round(self.learned[place] * kept)
            self.learned[place] = max(spread, round(LEAST_SPREAD * UNITS))

    def learn(self, hour: int, is_weekend: bool, seen: float) -> None:
        """Take note of the logarithm of one flow in this hour."""
        place = hour + HOURS * is_weekend
        days = self.days[place]
        if not days:
            self.learned[place] = round(seen * UNITS)
        every = self.days[hour] + self.days[HOURS + hour]
        if not every:
            self.learned[BELOW + hour] = self.learned[ABOVE + hour] = round(FIRST_SPREAD * UNITS)
        self.days[place] = days + 1
        off = seen - self.learned[place] / UNITS
        side = (BELOW if off < 0 else ABOVE) + hour
        spread = self.learned[side] / UNITS
        off = max(-OUTLIER * spread, min(off, OUTLIER * spread))
        remembered = WEEKEND_DAYS_REMEMBERED if is_weekend else WEEKDAYS_REMEMBERED
        self.learned[place] += round(off * UNITS / min(remembered, days + 1))
        if off:
            part = 1 / min(DAYS_REMEMBERED, every + 5)
            spread = sqrt(spread**2 * (1 - part) + CUT * part * off**2)
            self.learned[side] = round(max(spread, LEAST_SPREAD) * UNITS)


def logarithm(ml_per_h: float, least_ml_per_h: int) -> float:
    """Return the logarithm of a flow and the least that matters, so that stillness has one."""
    return log(max(ml_per_h, 0) + least_ml_per_h)
