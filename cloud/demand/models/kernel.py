# SPDX-License-Identifier: EUPL-1.2
"""Kernel ridge: what was used on days like this one, alike in weather, calendar and recent use.

One smooth function for every series and hour ahead; dear (rows cubed), so for a few series only.
Source: Saunders, Gammerman and Vovk (1998); errors of left-out blocks in closed form.
"""

import numpy as np
from numpy.typing import NDArray

from cloud.demand.models.linear import Design, Linear
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

    def __getstate__(self) -> dict[str, object]:
        """Return what is kept of it: no columns, which ``recall`` works out again."""
        return {**self.__dict__, "_columns": []}

    @staticmethod
    def can_learn(rows: Rows) -> bool:
        """Tell whether so many rows can be learnt from in time."""
        count = min(rows.origins.size, MAX_ORIGINS)
        series, leads = rows.amounts.shape[0], rows.leads.size
        return bool(series * leads * 2.0 * count**3 <= MAX_OPERATIONS)

    def learn(self, rows: Rows) -> Floats:
        """Learn from the newest rows; return what each was forecast by the folds without it."""
        told = np.full(rows.used.shape, np.nan)
        newest = _newest(rows)
        for series in range(rows.amounts.shape[0]):
            mine = rows.of([series])
            design = self._linear.design(mine)
            kept = _kept(design, newest)
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

    @property
    def remembers(self) -> bool:
        """Whether its columns are there."""
        return len(self._columns) == len(self._weights)

    def recall(self, rows: Rows) -> None:
        """Work out its columns again, from the rows that it learnt from."""
        designs = (self._linear.design(rows.of([one])) for one in range(len(self._weights)))
        self._columns = [_kept(design, _newest(rows)) for design in designs]

    def predict(self, rows: Rows) -> Floats:
        """Return what is forecast: (series, origins, leads); NaN where nothing was learnt."""
        told = np.full((rows.amounts.shape[0], rows.origins.size, rows.leads.size), np.nan)
        for series, weights in enumerate(self._weights):
            design = self._linear.design(rows.of([series]))
            z = design.columns[0, :, :, :-1]
            for lead in range(rows.leads.size):
                near = _nearness(z[lead], self._columns[series][lead].astype(np.float32))
                told[series, :, lead] = near @ weights[lead] + self._means[series][lead]
            told[series] += design.usual[0]
        return told


def _newest(rows: Rows) -> slice:
    return slice(max(0, rows.origins.size - MAX_ORIGINS), None)


def _kept(design: Design, newest: slice) -> NDArray[np.float16]:
    return design.columns[0, :, newest, :-1].astype(np.float16)


def _nearness(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    apart = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
    near: NDArray[np.float32] = np.exp(
        np.float32(-_NEARNESS / left.shape[1]) * np.maximum(apart, np.float32(0))
    )
    return near


def _solved(z: NDArray[np.float32], y: Floats, folds: Ints) -> tuple[Floats, Floats]:
    """Return weights of the rows, and what each row is told by those of other folds.

    Raises:
        LinAlgError: the rows can't be told apart.
    """
    from scipy.linalg import lapack  # comes with scikit-learn (extra demand)

    if not y.size:
        return y, y
    # Single precision errs by less than a hundredth of the ridge, in half of the time.
    near = _nearness(z, z) + np.float32(_RIDGE) * np.eye(y.size, dtype=np.float32)
    factor, failed = lapack.spotrf(near, lower=1)
    half, failed_too = lapack.spotri(factor, lower=1)
    if failed or failed_too:
        raise np.linalg.LinAlgError("The kernel's rows are not positive definite.")
    inverse = np.tril(half) + np.tril(half, -1).T
    weights = (inverse @ y).astype(np.float64)
    weights += inverse @ (y - near @ weights)  # what single precision left over
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
