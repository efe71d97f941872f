# SPDX-License-Identifier: EUPL-1.2
"""Kernel ridge: what was used on days like this one, alike in weather, calendar and recent use.

One smooth function for every series and hour ahead; dear (rows cubed), so for a few series only.
Source: Saunders, Gammerman and Vovk (1998); errors of left-out blocks in closed form.
"""

import numpy as np
from numpy.typing import NDArray

from cloud.demand.models.linear import Linear
from cloud.demand.models.rows import FOLDS, Rows
from cloud.demand.series import Floats, Ints

MAX_OPERATIONS = 7e10  # what a fit may cost: some five seconds of one core
MAX_ORIGINS = 1096  # three years of days
_NEARNESS = 0.1  # of two rows: exp(-this * mean of squared differences)
_RIDGE = 0.01


class Kernel:
    """Kernel ridge on the columns of ``linear``, which has learnt before."""

    def __init__(self, linear: Linear) -> None:
        self._linear = linear
        self._columns: list[NDArray[np.float16]] = []  # of each series: (leads, origins, columns)
        self._weights: list[Floats] = []  # of each series: (leads, origins)
        self._means: list[Floats] = []

    @staticmethod
    def can_learn(rows: Rows) -> bool:
        """Tell whether so many rows can be learnt from in time."""
        count = min(rows.origins.size, MAX_ORIGINS)
        series, leads = rows.amounts.shape[0], rows.leads.size
        return bool(series * leads * 2.0 * count**3 <= MAX_OPERATIONS)

    def learn(self, rows: Rows) -> Floats:
        """Learn from the newest rows; return what each was forecast by the folds without it."""
        told = np.full(rows.used.shape, np.nan)
        newest = slice(max(0, rows.origins.size - MAX_ORIGINS), None)
        for series in range(rows.amounts.shape[0]):
            mine = rows.of([series])
            design = self._linear.design(mine)
            kept = design.columns[0, newest, :, :-1].transpose(1, 0, 2).astype(np.float16)
            z = kept.astype(np.float32)
            y = (mine.used - design.usual)[0, newest].T
            mean = np.nan_to_num(_mean(y))
            weights, without = np.zeros_like(y), np.full_like(y, np.nan)
            for lead in range(y.shape[0]):
                known = ~np.isnan(y[lead])
                weights[lead, known], without[lead, known] = _solved(
                    z[lead, known], y[lead, known] - mean[lead], rows.folds[newest][known]
                )
            told[series, newest] = (without + mean[:, None]).T + design.usual[0, newest]
            self._columns.append(kept)
            self._weights.append(weights)
            self._means.append(mean)
        return told

    def predict(self, rows: Rows) -> Floats:
        """Return what is forecast: (series, origins, leads)."""
        told = np.empty((len(self._weights), rows.origins.size, rows.leads.size))
        for series, weights in enumerate(self._weights):
            design = self._linear.design(rows.of([series]))
            z = design.columns[0, :, :, :-1].transpose(1, 0, 2).astype(np.float32)
            for lead in range(rows.leads.size):
                near = _nearness(z[lead], self._columns[series][lead].astype(np.float32))
                told[series, :, lead] = near @ weights[lead] + self._means[series][lead]
            told[series] += design.usual[0]
        return told


def _nearness(left: NDArray[np.float32], right: NDArray[np.float32]) -> Floats:
    apart = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
    near: Floats = np.exp(-_NEARNESS * np.maximum(apart, 0) / left.shape[1]).astype(np.float64)
    return near


def _solved(z: NDArray[np.float32], y: Floats, folds: Ints) -> tuple[Floats, Floats]:
    """Return weights of the rows, and what each row is told by those of other folds."""
    if not y.size:
        return y, y
    near = _nearness(z, z)
    inverse = np.linalg.inv(near + _RIDGE * np.eye(y.size))
    weights = inverse @ y
    without = np.empty_like(y)
    for fold in range(FOLDS):
        mine = np.flatnonzero(folds == fold)
        # What a block misses when left out: its own block of the inverse undoes its part.
        missed = np.linalg.solve(inverse[np.ix_(mine, mine)], weights[mine])
        without[mine] = y[mine] - missed
    return weights, without


def _mean(told: Floats) -> Floats:
    known = ~np.isnan(told)
    counts = known.sum(axis=1)
    sums = np.where(known, told, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
