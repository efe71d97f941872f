# SPDX-License-Identifier: EUPL-1.2
"""A linear model for every series and every hour ahead: bent temperatures, calendar, own lags.

Ridge regression of what differs from the usual, with outliers weighed down. Hours ahead borrow from
their neighbours. Errors out of sample come with the fit: sums of products are kept by fold.
Sources: Hong (2010), Tao's vanilla model; Wang, Liu and Hong (2016), recency; Huber (1964).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.demand.models.rows import FOLDS, Knots, Rows, own_columns, shared_columns
from cloud.demand.series import Floats, Ints

_RIDGE = 3.0  # standardised columns: as so many rows that speak for no effect
_NEIGHBOUR = 0.5  # what a row of the hour before or after counts
_OUTLIER = 1.5  # times the usual error, from where on a row counts less
_DEVIATIONS = 1.4826  # standard deviations of a normal error in its median size
_EPSILON = 1e-9
_OWN_SPREAD = 0.25  # own columns are over the series' scale: what they commonly differ by
_CONSTANT_RIDGE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Design:
    """Columns of a linear model, standardised: (series, origins, leads, columns)."""

    columns: NDArray[np.float32]
    usual: Floats


class Linear:
    """Ridge for all series at once, one equation for each lead."""

    def __init__(self, knots: Knots) -> None:
        self._knots = knots
        self._middle = self._spread = np.empty(0)
        self._weights: list[NDArray[np.float32]] = []  # each (leads, columns) of a series

    def learn(self, rows: Rows) -> Floats:
        """Learn from rows; return what each was forecast by the folds without it."""
        told = np.full(rows.used.shape, np.nan)
        shared = shared_columns(rows, self._knots)
        self._middle = shared.mean(axis=(0, 1))
        self._spread = shared.std(axis=(0, 1))
        for series in range(rows.amounts.shape[0]):
            design = self.design(rows.of([series]), shared)
            told[series] = self._learn_one(design, rows, series)
        return told

    def predict(self, rows: Rows) -> Floats:
        """Return what is forecast: (series, origins, leads)."""
        told = np.empty((len(self._weights), rows.origins.size, rows.leads.size))
        shared = shared_columns(rows, self._knots)
        for series, weights in enumerate(self._weights):
            design = self.design(rows.of([series]), shared)
            told[series] = np.einsum("olc,lc->ol", design.columns[0], weights) + design.usual[0]
        return told

    def design(self, rows: Rows, shared: Floats | None = None) -> Design:
        """Return the standardised columns of ``rows``, the last one constant."""
        if shared is None:
            shared = shared_columns(rows, self._knots)
        scaled = (shared - self._middle) / (self._spread + _EPSILON)
        usual = rows.lags["usual"]
        own = own_columns(rows) - usual[..., None]
        count = rows.amounts.shape[0]
        parts = [
            np.broadcast_to(scaled, (count, *scaled.shape)),
            np.nan_to_num(own) / _OWN_SPREAD,
            np.ones((*own.shape[:-1], 1)),
        ]
        return Design(columns=np.concatenate(parts, axis=-1, dtype=np.float32), usual=usual)

    def _learn_one(self, design: Design, rows: Rows, series: int) -> Floats:
        z, y = design.columns[0], rows.used[series] - design.usual[0]
        weight = (~np.isnan(y)).astype(np.float64)
        y = np.nan_to_num(y)
        by_fold = _solved(z, y, weight, rows.folds)
        missed = np.abs(y - _told(z, by_fold, rows.folds))
        limit = _OUTLIER * _usual(missed, weight > 0) + _EPSILON
        weight = weight * np.minimum(1.0, limit / np.maximum(missed, _EPSILON))
        by_fold = _solved(z, y, weight, rows.folds)
        self._weights.append(by_fold[FOLDS].astype(np.float32))
        return np.asarray(_told(z, by_fold, rows.folds) + design.usual[0])


def _solved(z: NDArray[np.float32], y: Floats, weight: Floats, folds: Ints) -> Floats:
    """Return weights (folds + 1, leads, columns): without each fold, and of all rows."""
    count = z.shape[-1]
    products = np.empty((FOLDS, z.shape[1], count, count))
    targets = np.empty((FOLDS, z.shape[1], count))
    single = weight.astype(np.float32)
    for fold in range(FOLDS):
        mine = folds == fold
        weighed = (z[mine] * single[mine][..., None]).transpose(1, 2, 0)
        products[fold] = weighed @ z[mine].transpose(1, 0, 2)
        targets[fold] = (weighed @ y[mine].T[..., None])[..., 0]
    products, targets = _with_neighbours(products), _with_neighbours(targets)
    ridge = np.diag(np.append(np.full(count - 1, _RIDGE), _CONSTANT_RIDGE))
    whole, aim = products.sum(axis=0), targets.sum(axis=0)
    out = np.empty((FOLDS + 1, z.shape[1], count))
    for fold in range(FOLDS + 1):
        left = whole - products[fold] if fold < FOLDS else whole
        right = aim - targets[fold] if fold < FOLDS else aim
        out[fold] = np.linalg.solve(left + ridge, right[..., None])[..., 0]
    return out


def _with_neighbours(by_lead: Floats) -> Floats:
    """Return the sums of each lead with those of the hours beside it."""
    out = by_lead.copy()
    out[:, 1:] += _NEIGHBOUR * by_lead[:, :-1]
    out[:, :-1] += _NEIGHBOUR * by_lead[:, 1:]
    return out


def _usual(missed: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the usual error of each lead: where most is zero, the mean, not the median."""
    out = np.full(missed.shape[1], np.inf)
    for lead in np.flatnonzero(known.any(axis=0)):
        mine = missed[known[:, lead], lead]
        out[lead] = max(_DEVIATIONS * float(np.median(mine)), float(mine.mean()))
    return out


def _told(z: NDArray[np.float32], by_fold: Floats, folds: Ints) -> Floats:
    return np.asarray(np.einsum("olc,olc->ol", z, by_fold[folds]))
