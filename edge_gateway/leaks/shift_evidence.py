# SPDX-License-Identifier: EUPL-1.2
"""Shift evidence: how much likelier an hour is if a steady flow runs beneath ordinary use.

For each of 26 flows from 1 to 1800 l/h, a factor 1.35 apart, an hour's likelihood ratio compares:

- ordinary use alone: the home's own habit for this hour of the day, given the hour before;
- the flow, and ordinary use on top of it, often none at night. What flows may be as even as the
  register shows it, or come in refills of up to 6 l (a toilet's cistern); both count half.

So two quiet hours that show the same litres speak louder than many that are merely not still. One
hour in a hundred may be anything (a leak may pause). The ratios are gathered by the procedure of
Shiryaev and Roberts, R <- (1 + R) x ratio. Source: M. Pollak, Optimal detection of a change in
distribution, Annals of Statistics 13 (1985).

No hour may say more than its share: ln R grows by at most ``LN_ENOUGH`` / ``patience_h`` an hour.
Habits are learned from little, and a tap left open or a garden watered looks the same for as long
as it lasts; the patience is what such uses are given. Source of the bounded ratio: P. J. Huber, A
robust version of the probability ratio test, Annals of Mathematical Statistics 36 (1965). Source of
the patience: the shortest at which the prior homes' alarms did not rise faster than delays fell
(our measurement, tests/benchmark/leaks).
"""

from itertools import pairwise
from math import ceil, exp, log, log1p, sqrt

from edge_gateway.leaks.hour_habit import WIDTHS_L, after, class_before, class_of
from edge_gateway.leaks.table import Table

RATIO = 1.35
FLOWS_L_PER_H = tuple(RATIO**place for place in range(26))
LOWEST, HIGHEST = 1 / sqrt(RATIO), sqrt(RATIO)  # of the flows that one of them stands for
LN_ENOUGH = log(1e6)
PATIENCE_H = ((1, 19.0), (5, 17.0), (25, 6.6), (100, 3.3), (300, 2.8), (2500, 2.4))  # by l/h
REFILL_L = 6.0
ANYTHING = 0.01
_LN_ANYTHING = log(ANYTHING)
SCALE = 1000  # ln(1 + R) is remembered in thousandths
ENOUGH = round(SCALE * LN_ENOUGH)
MOST = 4 * ENOUGH  # is remembered


def patience_h(flow_l_per_h: float) -> float:
    """Return the least time that a flow is watched before it is believed; log-log between."""
    points = [(log(flow), log(hours)) for flow, hours in PATIENCE_H]
    ln_flow = log(flow_l_per_h)
    for (left, low), (right, high) in pairwise(points):
        if ln_flow <= right:
            return exp(low + (high - low) * (ln_flow - left) / (right - left))
    return PATIENCE_H[-1][1]


_MOST_PER_H = tuple(LN_ENOUGH / patience_h(flow) for flow in FLOWS_L_PER_H)


def fresh() -> Table:
    """Return no evidence for any flow."""
    return Table(len(FLOWS_L_PER_H), bits=16)


class Hour:
    """One hour's evidence. Litres as whole steps of the register; ``chances`` of its classes."""

    def __init__(
        self, chances: list[float], before_l: float, now_l: float, step_l: float, length_h: float
    ) -> None:
        self._chances, self._before_l, self._now_l = chances, before_l, now_l
        self._step_l, self._length_h = step_l, length_h
        self._after: dict[int, list[float]] = {}
        self._ordinary = self._density(before_l, now_l)

    def add_to(self, evidence: Table) -> None:
        """Move the evidence for each flow on by this hour."""
        reach_l = self._now_l + REFILL_L + self._step_l
        for place, flow_l_per_h in enumerate(FLOWS_L_PER_H):
            known = evidence[place]
            if flow_l_per_h * LOWEST * self._length_h > reach_l:
                if known:
                    evidence[place] = _gathered(known, _LN_ANYTHING)
                continue
            ln_ratio = log(ANYTHING + (1 - ANYTHING) * self._likelihood(place) / self._ordinary)
            most = _MOST_PER_H[place] * self._length_h
            evidence[place] = _gathered(known, min(ln_ratio, most))

    def _likelihood(self, place: int) -> float:
        """Return how likely these litres are with the flow beneath ordinary use."""
        flow_l = FLOWS_L_PER_H[place] * self._length_h
        before_l = max(self._before_l - int(flow_l), 0.0)
        likely = self._chances_after(before_l)[0] * self._flow_alone(place)
        rest_l = self._now_l - flow_l
        if rest_l >= self._step_l / 2:
            likely += self._density(before_l, max(rest_l, 1.0))
        return likely

    def _flow_alone(self, place: int) -> float:
        """Return how likely the flow shows these litres, while nobody uses any."""
        step_l, now_l = self._step_l, self._now_l
        low_l = FLOWS_L_PER_H[place] * LOWEST * self._length_h
        high_l = FLOWS_L_PER_H[place] * HIGHEST * self._length_h
        refilled_l = high_l - low_l + 2 * REFILL_L
        likely = 0.0
        if now_l <= 0:
            likely = 0.5 * max(REFILL_L - low_l, 0.0) / refilled_l
        elif low_l - REFILL_L <= now_l <= high_l + REFILL_L:
            likely = 0.5 * step_l / refilled_l
        first = max(ceil((low_l - step_l / 2) / step_l), 0)  # whole steps
        last = int((high_l + step_l / 2) / step_l)
        if first <= now_l / step_l <= last:
            likely += 0.5 / (last - first + 1)
        return likely

    def _density(self, before_l: float, now_l: float) -> float:
        """Return how likely ordinary use is exactly this, as the register shows it."""
        place = class_of(now_l)
        shown = max(WIDTHS_L[place] / self._step_l, 1.0)
        return self._chances_after(before_l)[place] / shown

    def _chances_after(self, before_l: float) -> list[float]:
        place = class_before(before_l)
        known = self._after.get(place)
        if known is None:
            known = self._after[place] = after(self._chances, place)
        return known


def _gathered(known: int, ln_ratio: float) -> int:
    """Return ln(1 + R) after R <- (1 + R) x ratio, in thousandths."""
    return min(round(SCALE * log1p(exp(known / SCALE + ln_ratio))), MOST)
