# SPDX-License-Identifier: EUPL-1.2
"""A linear model for every series and every hour ahead: bent temperatures, calendar, own lags.

Ridge regression of what differs from the usual, with rows weighed down that a first fit missed by
far: of few series one without their fold, as an odd row draws a fit to itself. Hours ahead borrow
from their neighbours. Errors out of sample come with the fit: sums of products are kept by fold.
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
_FEW_SERIES = 50  # beyond them first fits without each fold cost more than they are worth


@dataclass(frozen=True, kw_only=True)
class Design:
    """Columns of a linear model, standardised: (series, leads, origins, columns).

    ``usual`` is what they explain the difference from: (series, origins, leads).
    """

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
        order = np.argsort(rows.folds, kind="stable")  # a fold's rows are one piece of memory
        ordered = rows.issued(order)
        cuts = np.searchsorted(ordered.folds, np.arange(FOLDS + 1))
        shared = shared_columns(ordered, self._knots)
        self._middle = shared.mean(axis=(0, 1))
        self._spread = shared.std(axis=(0, 1))
        scaled = self._scaled(shared)
        for series in range(rows.amounts.shape[0]):
            mine = ordered.of([series])
            design = _design(mine, scaled)
            few = rows.amounts.shape[0] <= _FEW_SERIES
            told[series, order] = self._learn_one(design, mine.used[0], cuts, few=few)
        return told

    def predict(self, rows: Rows) -> Floats:
        """Return what is forecast: (series, origins, leads)."""
        told = np.empty((len(self._weights), rows.origins.size, rows.leads.size))
        scaled = self._scaled(shared_columns(rows, self._knots))
        for series, weights in enumerate(self._weights):
            design = _design(rows.of([series]), scaled)
            told[series] = (design.columns[0] @ weights[..., None])[..., 0].T + design.usual[0]
        return told

    def design(self, rows: Rows) -> Design:
        """Return the standardised columns of ``rows``, the last one constant."""
        return _design(rows, self._scaled(shared_columns(rows, self._knots)))

    def _scaled(self, shared: Floats) -> NDArray[np.float32]:
        """Return what all series share, standardised: (leads, origins, columns)."""
        scaled = (shared - self._middle) / (self._spread + _EPSILON)
        return scaled.transpose(1, 0, 2).astype(np.float32)

    def _learn_one(self, design: Design, used: Floats, cuts: Ints, *, few: bool) -> Floats:
        z, y = design.columns[0], (used - design.usual[0]).T
        weight = (~np.isnan(y)).astype(np.float32)
        y = np.nan_to_num(y).astype(np.float32)
        parts = cuts if few else np.array([0, cuts[-1]])
        products, targets = _sums(z, y, weight, parts)
        if few:
            first = _told(z, _without_each(products, targets), cuts)
        else:
            first = _told(z, _solved(products, targets), parts)
        missed = np.abs(y - first)
        limit = _OUTLIER * _usual(missed, weight > 0)[:, None] + _EPSILON
        weight *= np.minimum(1.0, limit / np.maximum(missed, _EPSILON)).astype(np.float32)
        products, targets = _sums(z, y, weight, cuts)
        whole = _solved(products.sum(axis=0), targets.sum(axis=0))
        self._weights.append(whole.astype(np.float32))
        told = _told(z, _without_each(products, targets), cuts)
        return np.asarray(told.T + design.usual[0])


def _design(rows: Rows, scaled: NDArray[np.float32]) -> Design:
    usual = rows.lags["usual"]
    own = (np.nan_to_num(own_columns(rows) - usual[..., None]) / _OWN_SPREAD).transpose(0, 2, 1, 3)
    columns = np.ones((*own.shape[:-1], scaled.shape[-1] + own.shape[-1] + 1), np.float32)
    columns[..., : scaled.shape[-1]] = scaled
    columns[..., scaled.shape[-1] : -1] = own
    return Design(columns=columns, usual=usual)


def _sums(
    z: NDArray[np.float32], y: NDArray[np.float32], weight: NDArray[np.float32], cuts: Ints
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return sums of products by fold, (folds, leads, columns, columns), and with the targets."""
    folds, (leads, _, count) = cuts.size - 1, z.shape
    products = np.empty((folds, leads, count, count), np.float32)
    targets = np.empty((folds, leads, count), np.float32)
    for fold in range(folds):
        mine = slice(cuts[fold], cuts[fold + 1])
        weighed = (z[:, mine] * weight[:, mine, None]).transpose(0, 2, 1)
        np.matmul(weighed, z[:, mine], out=products[fold])
        targets[fold] = (weighed @ y[:, mine, None])[..., 0]
    return _with_neighbours(products), _with_neighbours(targets)


def _solved(products: NDArray[np.float32], targets: NDArray[np.float32]) -> Floats:
    """Return weights (…, leads, columns)."""
    count = products.shape[-1]
    ridge = np.diag(np.append(np.full(count - 1, _RIDGE), _CONSTANT_RIDGE))
    return np.asarray(np.linalg.solve(products + ridge, targets[..., None])[..., 0])


def _without_each(products: NDArray[np.float32], targets: NDArray[np.float32]) -> Floats:
    """Return weights without each fold, (folds, leads, columns)."""
    return _solved(products.sum(axis=0) - products, targets.sum(axis=0) - targets)


def _told(z: NDArray[np.float32], by_part: Floats, cuts: Ints) -> NDArray[np.float32]:
    """Return what the weights of each part tell of its rows: (leads, rows)."""
    told = np.empty(z.shape[:2], np.float32)
    for part, weights in enumerate(by_part.astype(np.float32)):
        mine = slice(cuts[part], cuts[part + 1])
        told[:, mine] = (z[:, mine] @ weights[..., None])[..., 0]
    return told


def _with_neighbours(by_lead: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sums of each lead with those of the hours beside it."""
    beside = np.float32(_NEIGHBOUR) * by_lead
    by_lead[:, 1:] += beside[:, :-1]
    by_lead[:, :-1] += beside[:, 1:]
    return by_lead


def _usual(missed: NDArray[np.float32], known: NDArray[np.bool_]) -> Floats:
    """Return the usual error of each lead: where most is zero, the mean, not the median."""
    out = np.full(len(missed), np.inf)
    for lead in np.flatnonzero(known.any(axis=1)):
        mine = missed[lead, known[lead]]
        out[lead] = max(_DEVIATIONS * float(np.median(mine)), float(mine.mean()))
    return out
