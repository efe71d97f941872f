# SPDX-License-Identifier: EUPL-1.2
"""What a meter's history can't mean: gaps stored as zero, stuck values, jumps of a counter.

Found by what else the series does, so that the zeros of a heating in summer stay what they are.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cloud.demand.series import DAY_H, Floats

Bools = NDArray[np.bool_]
Fault = Literal["zeros", "stuck", "jump"]

_NEVER_NEAR_ZERO = 0.15  # least use over usual use, from which on a zero can't be use
_STEPS = 3.0  # of the meter, that the least use has to be above zero
_LEAST, _USUAL, _MOST = 0.01, 0.5, 0.995  # quantiles of use that isn't zero
_MAX_ZERO_SHARE = 0.3  # a building that stands still so often is let stand still
_JUMP = 5.0  # times the largest usual use: a gap's use told in its last hour, or a wrong digit
_STUCK_H = DAY_H
_MAX_REPEAT_SHARE = 0.05  # above, the meter counts in coarse steps and repeats itself anyway
_MIN_KNOWN_H = 7 * DAY_H


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """Use without what can't be; ``removed`` says how many hours of each fault there were."""

    amounts: Floats
    removed: dict[Fault, int]


def cleaned(amounts: Floats) -> Cleaned:
    """Return one series' hours with faults as unknown: (hours,)."""
    faults: dict[Fault, Bools] = {
        "zeros": _false_zeros(amounts),
        "stuck": _stuck(amounts),
        "jump": _jumps(amounts),
    }
    kept = np.where(np.logical_or.reduce(list(faults.values())), np.nan, amounts)
    removed = {name: int(found.sum()) for name, found in faults.items() if found.any()}
    return Cleaned(amounts=kept, removed=removed)


def _false_zeros(amounts: Floats) -> Bools:
    zero = amounts == 0
    used = amounts[amounts > 0]
    nothing: Bools = np.zeros(amounts.size, dtype=np.bool_)
    if used.size < _MIN_KNOWN_H or zero.sum() > _MAX_ZERO_SHARE * (zero.sum() + used.size):
        return nothing
    least, usual = np.quantile(used, (_LEAST, _USUAL))
    steps = np.diff(np.unique((used / usual).round(6)))  # of what it usually tells: of any unit
    step = steps.min() * usual if steps.size else used[0]
    is_apart = least >= max(_NEVER_NEAR_ZERO * usual, _STEPS * step)
    return np.asarray(zero) if is_apart else nothing


def _stuck(amounts: Floats) -> Bools:
    """Return the hours that repeat one value other than 0 for a day or more."""
    same: Bools = np.zeros(amounts.size, dtype=np.bool_)
    same[1:] = (amounts[1:] == amounts[:-1]) & (amounts[1:] != 0)
    if amounts.size < _MIN_KNOWN_H or same.mean() > _MAX_REPEAT_SHARE:
        return np.zeros_like(same)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(np.int8), [0]])))
    stuck = np.zeros_like(same)
    for first, last in edges.reshape(-1, 2):
        if last - first >= _STUCK_H:
            stuck[first:last] = True
    return stuck


def _jumps(amounts: Floats) -> Bools:
    used = amounts[amounts > 0]
    if used.size < _MIN_KNOWN_H:
        return np.zeros(amounts.size, dtype=np.bool_)
    return np.asarray(amounts > _JUMP * np.quantile(used, _MOST))
