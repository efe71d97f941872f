# SPDX-License-Identifier: EUPL-1.2
"""Change-point models: a base load, and slopes below and above temperatures where people act.

Three to five parameters that can be told to an engineer: how much a degree of cold costs, and below
which outdoor temperature the heating runs.
Source: ASHRAE Guideline 14-2014, annex D (inverse modelling toolkit); Kissock, Haberl and Claridge
(2003). Found on a grid of quantiles, by least squares of all pairs at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from cloud.demand.days import Days
from cloud.demand.series import Floats, Ints

_GRID = np.linspace(0.06, 0.94, 23)  # quantiles of temperature where a slope may begin
_MIN_APART_C = 2.0
_MIN_DAYS = 20
_PENALTY = 2.0  # times BIC's: neighbouring days are not independent


@dataclass(frozen=True, kw_only=True)
class ChangePoints:
    """Use by day: ``base + off·day off + heating·(below − t)⁺ + cooling·(t − above)⁺``.

    Slopes are in the series' unit per day and °C, never negative; a balance point is None where
    there is no slope.
    """

    base: float
    off: float
    heating: float
    cooling: float
    heats_below_c: float | None
    cools_above_c: float | None

    def times(self, factor: float) -> Self:
        """Return the same model of an amount ``factor`` times as large."""
        return replace(
            self,
            base=self.base * factor,
            off=self.off * factor,
            heating=self.heating * factor,
            cooling=self.cooling * factor,
        )

    def use(self, days: Days) -> Floats:
        """Return what each day uses: (days,)."""
        told = self.base + self.off * days.off
        if self.heats_below_c is not None:
            told = told + self.heating * np.maximum(self.heats_below_c - days.temperature_c, 0)
        if self.cools_above_c is not None:
            told = told + self.cooling * np.maximum(days.temperature_c - self.cools_above_c, 0)
        return np.asarray(told)


def change_points(days: Days, used: Floats, weights: Floats) -> ChangePoints:
    """Return the model of 1, 3 or 5 parameters that explains ``used`` (days,) best for its size."""
    temperature = days.temperature_c
    grid = np.unique(np.quantile(temperature, _GRID).round(1))
    pairs: list[tuple[float | None, float | None]] = [(None, None)]
    if temperature.size >= _MIN_DAYS and np.ptp(temperature) > _MIN_APART_C:
        pairs += [(low, None) for low in grid] + [(None, high) for high in grid]
        pairs += [(low, high) for low in grid for high in grid if high >= low + _MIN_APART_C]
    columns = {low: np.maximum(low - temperature, 0) for low in grid}
    rising = {high: np.maximum(temperature - high, 0) for high in grid}
    empty = np.zeros_like(temperature)
    heat = np.stack([empty if low is None else columns[low] for low, _ in pairs])
    cool = np.stack([empty if high is None else rising[high] for _, high in pairs])
    found, errors = _solved(heat, cool, days.off, used, weights)
    count = max(2.0, float(weights.sum() ** 2 / (weights**2).sum()))
    sizes = np.array([2 + 2 * (low is not None) + 2 * (high is not None) for low, high in pairs])
    is_negative = (found[:, 2:] < 0).any(axis=1)
    scale = max(float((weights * used**2).sum()), 1e-12) * 1e-9
    costs = count * np.log(errors + scale) + _PENALTY * sizes * np.log(count)
    best = int(np.argmin(np.where(is_negative, np.inf, costs)))
    (low, high), (base, off, heating, cooling) = pairs[best], found[best]
    return ChangePoints(
        base=float(base),
        off=float(off),
        heating=float(heating) if low is not None else 0.0,
        cooling=float(cooling) if high is not None else 0.0,
        heats_below_c=None if low is None else float(low),
        cools_above_c=None if high is None else float(high),
    )


def _solved(
    heat: Floats, cool: Floats, off: Floats, used: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Return coefficients (pairs, 4) and squared errors (pairs,) of all pairs at once."""
    ones = np.ones_like(heat)
    x = np.stack([ones, ones * off, heat, cool], axis=2)
    weighted = x * weights[None, :, None]
    gram = weighted.transpose(0, 2, 1) @ x
    towards = weighted.transpose(0, 2, 1) @ used
    gram += np.eye(4) * (1e-8 * gram.trace(axis1=1, axis2=2)[:, None, None] + 1e-12)
    found = np.linalg.solve(gram, towards[:, :, None])[:, :, 0]
    # Solved for a level first, an off-day that never comes has no coefficient.
    errors = (weights * (used - (x @ found[:, :, None])[:, :, 0]) ** 2).sum(axis=1)
    return np.asarray(found), np.asarray(errors)


def left_out_use(
    points: ChangePoints, days: Days, used: Floats, weights: Floats, blocks: Sequence[Ints]
) -> Floats:
    """Return what slopes learnt without each block tell for it: (days,); balance points stay."""
    low, high = points.heats_below_c, points.cools_above_c
    cold = np.maximum((low if low is not None else -np.inf) - days.temperature_c, 0)
    hot = np.maximum(days.temperature_c - (high if high is not None else np.inf), 0)
    x = np.stack([np.ones_like(cold), days.off, cold, hot], axis=1)
    gram, towards = (x.T * weights) @ x, (x.T * weights) @ used
    little = np.eye(4) * (1e-8 * np.trace(gram) + 1e-12)
    told = np.empty_like(used)
    for block in blocks:
        of_block = x[block].T * weights[block]
        rest, aims = gram - of_block @ x[block], towards - of_block @ used[block]
        told[block] = x[block] @ np.linalg.solve(rest + little, aims)
    return told
