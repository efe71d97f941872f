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

from cloud.demand.baselines.days import Days
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
    values = grid.tolist()
    pairs: list[tuple[float | None, float | None]] = [(None, None)]
    if temperature.size >= _MIN_DAYS and np.ptp(temperature) > _MIN_APART_C:
        pairs += [(low, None) for low in values] + [(None, high) for high in values]
        pairs += [(low, high) for low in values for high in values if high >= low + _MIN_APART_C]
    found, errors = _solved(days, grid, pairs, used, weights)
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
    days: Days,
    grid: Floats,
    pairs: Sequence[tuple[float | None, float | None]],
    used: Floats,
    weights: Floats,
) -> tuple[Floats, Floats]:
    """Return coefficients (pairs, 4) and squared errors (pairs,), all from one matrix of products.

    Its columns are a base, days off, cold below each of ``grid``, heat above each, and nothing, for
    the slope that a pair leaves out.
    """
    gaps = grid - days.temperature_c[:, None]
    ones = np.ones((days.count, 1))
    columns = [ones, days.off[:, None], np.maximum(gaps, 0), np.maximum(-gaps, 0), 0 * ones]
    z = np.concatenate(columns, axis=1)
    products, towards = (z.T * weights) @ z, (z.T * weights) @ used
    place = {value: 2 + index for index, value in enumerate(grid.tolist())}
    nothing = 2 + 2 * grid.size
    chosen = np.array(
        [
            (
                0,
                1,
                nothing if low is None else place[low],
                nothing if high is None else place[high] + grid.size,
            )
            for low, high in pairs
        ]
    )
    gram = products[chosen[:, :, None], chosen[:, None, :]]
    gram += np.eye(4) * (1e-8 * gram.trace(axis1=1, axis2=2)[:, None, None] + 1e-12)
    aims = towards[chosen]
    found = np.linalg.solve(gram, aims[:, :, None])[:, :, 0]
    errors = (weights * used**2).sum() - 2 * (found * aims).sum(axis=1)
    errors += (found[:, None] @ gram @ found[:, :, None])[:, 0, 0]
    return np.asarray(found), np.asarray(np.maximum(errors, 0))


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
