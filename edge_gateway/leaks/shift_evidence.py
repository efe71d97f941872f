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
from functools import lru_cache
from itertools import pairwise
from math import ceil, exp, log, log1p, sqrt
from operator import truediv

from edge_gateway.leaks.hour_habit import BEFORE_L, WIDTHS_L, chances, class_before, class_of
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
_MOST_PER_H = tuple(LN_ENOUGH / patience_h(flow) for flow in FLOWS_L_PER_H)


def fresh() -> Table:
    """Return no evidence for any flow."""
    return Table(len(FLOWS_L_PER_H), bits=16)


def add_hour(
    evidence: Table,
    weights: list[float],
    *,
    before_l: float,
    now_l: float,
    step_l: float,
    length_h: float,
) -> None:
    """Move the evidence for each flow on by one hour.

    ``now_l`` passed in it, ``before_l`` in the one before, both in whole steps of the register;
    ``weights`` are those of its classes (``hour_habit``). Every home pays for this loop every hour:
    what flows have in common is worked out once.
    """
    known = evidence.part(0, len(FLOWS_L_PER_H))
    densities = _Densities(weights, step_l)
    before = class_before(before_l)
    density = densities[before]
    ordinary = density[class_of(now_l)]
    alone = _alone(now_l, step_l, length_h)
    least_rest_l = step_l / 2
    for place, flow_alone in enumerate(alone):
        flow_l = FLOWS_L_PER_H[place] * length_h
        if before and before_l - int(flow_l) < BEFORE_L[before]:
            before = class_before(max(before_l - int(flow_l), 0.0))  # the flow was in it too
            density = densities[before]
        likely, rest_l = density[0] * flow_alone, now_l - flow_l
        if rest_l >= least_rest_l:
            likely += density[class_of(rest_l) or 1]  # what is left of a step is no still hour
        ln_ratio = log(ANYTHING + (1 - ANYTHING) * likely / ordinary)
        most = _MOST_PER_H[place] * length_h
        known[place] = _gathered(known[place], ln_ratio if ln_ratio < most else most)
    for place in range(len(alone), len(known)):
        # More than all that passed. Most flows are, hour after hour, and have come to rest.
        if known[place] and known[place] != AT_REST:
            known[place] = _gathered(known[place], _LN_ANYTHING)
    evidence.put(0, known)


class _Densities(dict[int, list[float]]):
    """How likely use is exactly this, as the register shows it, by its class.

    By the class of the hour before; worked out when asked for, for most hours ask for two.
    """

    def __init__(self, weights: list[float], step_l: float) -> None:
        super().__init__()
        self._weights, self._step_l = weights, step_l

    def __missing__(self, before: int) -> list[float]:
        shown = _shown(self._step_l)
        self[before] = densities = list(map(truediv, chances(self._weights, before), shown))
        return densities


@lru_cache(maxsize=64)
def _shown(step_l: float) -> tuple[float, ...]:
    """Return how many different amounts a register of such steps shows in each class."""
    return tuple(max(width_l / step_l, 1.0) for width_l in WIDTHS_L)


@lru_cache(maxsize=256)  # at some 600 B; half of all hours are still and 3600 s long
def _alone(now_l: float, step_l: float, length_h: float) -> tuple[float, ...]:
    """Return how likely each flow shows these litres, while nobody uses any.

    Only of flows that are not out of reach.
    """
    reached = bisect_right(_LOWEST_L_PER_H, (now_l + REFILL_L + step_l) / length_h)
    return tuple(_flow_alone(place, now_l, step_l, length_h) for place in range(reached))


def _flow_alone(place: int, now_l: float, step_l: float, length_h: float) -> float:
    low_l = FLOWS_L_PER_H[place] * LOWEST * length_h
    high_l = FLOWS_L_PER_H[place] * HIGHEST * length_h
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


def _gathered(known: int, ln_ratio: float) -> int:
    """Return ln(1 + R) after R <- (1 + R) x ratio, in thousandths."""
    gathered = round(SCALE * log1p(exp(known / SCALE + ln_ratio)))
    return gathered if gathered < MOST else MOST


AT_REST = _gathered(10, _LN_ANYTHING)  # 10 again: what hours that tell nothing leave of any
