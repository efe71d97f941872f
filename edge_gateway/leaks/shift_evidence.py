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

from bisect import bisect_right
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


_LOWEST_L_PER_H = tuple(flow * LOWEST for flow in FLOWS_L_PER_H)
# Each with the range it stands for, and the most that an hour says of it.
_FLOWS = tuple(
    (flow, flow * LOWEST, flow * HIGHEST, LN_ENOUGH / patience_h(flow)) for flow in FLOWS_L_PER_H
)


def fresh() -> Table:
    """Return no evidence for any flow."""
    return Table(len(FLOWS_L_PER_H), bits=16)


def add_hour(
    evidence: Table,
    chances: list[float],
    *,
    before_l: float,
    now_l: float,
    step_l: float,
    length_h: float,
) -> None:
    """Move the evidence for each flow on by one hour.

    ``now_l`` passed in it, ``before_l`` in the one before, both in whole steps of the register;
    ``chances`` are those of its classes while nothing is known of the hour before. Every home pays
    for this loop every hour, so what flows share is worked out once.
    """
    known = evidence.part(0, len(FLOWS_L_PER_H))
    likely_after = _LikelyAfter(chances)
    ordinary = _density(likely_after[class_before(before_l)], now_l, step_l)
    reached = bisect_right(_LOWEST_L_PER_H, (now_l + REFILL_L + step_l) / length_h)
    shows_l = max(REFILL_L, step_l)  # so far from what it passes may a flow be seen
    for place, (flow, lowest, highest, most_per_h) in enumerate(_FLOWS[:reached]):
        flow_l, low_l, high_l = flow * length_h, lowest * length_h, highest * length_h
        used_before_l = before_l - int(flow_l)
        classes = likely_after[class_before(used_before_l) if used_before_l > 0 else 0]
        likely, rest_l = 0.0, now_l - flow_l
        if low_l - shows_l <= now_l <= high_l + shows_l:
            likely = classes[0] * _flow_alone(low_l, high_l, now_l, step_l)
        if rest_l >= step_l / 2:
            likely += _density(classes, rest_l if rest_l > 1 else 1.0, step_l)
        ln_ratio = log(ANYTHING + (1 - ANYTHING) * likely / ordinary)
        known[place] = _gathered(known[place], min(ln_ratio, most_per_h * length_h))
    for place in range(reached, len(known)):
        # More than all that passed. Most flows are, hour after hour, and have come to rest.
        if known[place] and known[place] != _AT_REST:
            known[place] = _gathered(known[place], _LN_ANYTHING)
    evidence.put(0, known)


class _LikelyAfter(dict[int, list[float]]):
    """How likely each class is, by the class of the hour before; worked out when asked for."""

    def __init__(self, chances: list[float]) -> None:
        super().__init__()
        self._chances = chances

    def __missing__(self, before: int) -> list[float]:
        self[before] = likely = after(self._chances, before)
        return likely


def _flow_alone(low_l: float, high_l: float, now_l: float, step_l: float) -> float:
    """Return how likely a flow in this range shows these litres, while nobody uses any."""
    refilled_l = high_l - low_l + 2 * REFILL_L
    likely = 0.0
    if now_l <= 0:
        if low_l < REFILL_L:
            likely = 0.5 * (REFILL_L - low_l) / refilled_l
    elif low_l - REFILL_L <= now_l <= high_l + REFILL_L:
        likely = 0.5 * step_l / refilled_l
    first = ceil((low_l - step_l / 2) / step_l)  # whole steps; -1 counts as 0
    last = int((high_l + step_l / 2) / step_l)
    if first <= now_l / step_l <= last:
        likely += 0.5 / (last - (first if first > 0 else 0) + 1)
    return likely


def _density(classes: list[float], litres: float, step_l: float) -> float:
    """Return how likely ordinary use is exactly this, as the register shows it."""
    place = class_of(litres)
    shown = WIDTHS_L[place] / step_l
    return classes[place] / shown if shown > 1 else classes[place]


def _gathered(known: int, ln_ratio: float) -> int:
    """Return ln(1 + R) after R <- (1 + R) x ratio, in thousandths."""
    gathered = round(SCALE * log1p(exp(known / SCALE + ln_ratio)))
    return gathered if gathered < MOST else MOST


_AT_REST = _gathered(10, _LN_ANYTHING)  # 10 again: what hours that tell nothing leave of any
