# SPDX-License-Identifier: EUPL-1.2
"""Ridge regression of whole days: the mean of a day and the shapes it takes, each shrunk by itself.

The 24 hours of a day are turned into its mean and the shapes by which days differ most (principal
components). For each, the penalty is the one that predicts months left out best; a shape that no
penalty can predict keeps its mean. What would have been predicted for a month without it follows
from one decomposition.
Source: Hoerl and Kennard (1970); Cook and Weisberg (1982) for the errors of rows left out together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cloud.demand.series import DAY_H, Floats, Ints

_PENALTIES = np.array([0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000])
_LEVEL = 10.0  # of the column of ones: large, so that the level is hardly shrunk


@dataclass(frozen=True, kw_only=True)
class DayRidge:
    """A fitted model.

    Attributes:
        left_out: what it predicts for each day without that day's block: (days, 24).
        mean_without_season: the mean of each day without its whole season: (days,), if asked for.
    """

    mean: Floats
    coefficients: Floats
    left_out: Floats
    mean_without_season: Floats | None = None

    def use(self, columns: Floats) -> Floats:
        """Return (days, 24) for columns (days, columns)."""
        return np.asarray(self.mean + _with_level(columns) @ self.coefficients)


def day_ridge(
    columns: Floats,
    used: Floats,
    weights: Floats,
    blocks: Sequence[Ints],
    seasons: Sequence[Ints] = (),
) -> DayRidge:
    """Fit days (days, 24) by their columns.

    ``blocks`` and, longer, ``seasons`` are rows to be left out together.
    """
    mean = np.asarray(weights @ used / weights.sum())
    root = np.sqrt(weights)[:, None]
    shapes = _shapes((used - mean) * root)
    aims = (used - mean) @ shapes
    x = _with_level(columns) * root
    values, vectors = np.linalg.eigh(x.T @ x)
    kept = values > 1e-9 * values[-1]  # less is what floats can't tell from 0
    values, vectors = values[kept], vectors[:, kept]
    basis = x @ (vectors / np.sqrt(values))  # orthonormal columns: (days, kept)
    within = basis.T @ (aims * root)
    errors, left_out = _without_blocks(basis, aims * root, within, values, blocks)
    nothing = ((aims * root) ** 2).sum(axis=0)
    best = errors.argmin(axis=0)
    at = np.arange(DAY_H)
    is_told = errors[best, at] < nothing
    shrunk = np.sqrt(values)[:, None] / (values[:, None] + _PENALTIES[best]) * within
    coefficients = np.where(is_told, vectors @ shrunk, 0)
    told = np.where(is_told, aims - left_out[best, :, at].T / root, 0)
    without = None
    if seasons:
        level = aims[:, :1] * root  # the first shape is the mean
        missed, gaps = _without_blocks(basis, level, within[:, :1], values, seasons)
        least = int(missed[:, 0].argmin())
        told_level = (level - gaps[least])[:, 0] / root[:, 0]
        without = mean.mean() + shapes[0, 0] * told_level * (missed[least, 0] < nothing[0])
    return DayRidge(
        mean=mean,
        coefficients=coefficients @ shapes.T,
        left_out=mean + told @ shapes.T,
        mean_without_season=without,
    )


def _without_blocks(
    basis: Floats, aims: Floats, within: Floats, values: Floats, blocks: Sequence[Ints]
) -> tuple[Floats, Floats]:
    """Return what blocks left out are missed by: squared (penalties, shapes), and by day."""
    left_out = np.empty((len(_PENALTIES), *aims.shape))
    shrinks = values / (values + _PENALTIES[:, None])
    missed = aims - basis @ (shrinks[:, :, None] * within)
    for block in blocks:
        of_block = basis[block]
        hats = (of_block * shrinks[:, None]) @ of_block.T
        left_out[:, block] = np.linalg.solve(np.eye(block.size) - hats, missed[:, block])
    return np.asarray((left_out**2).sum(axis=1)), left_out


def _shapes(days: Floats) -> Floats:
    """Return an orthonormal basis of days: the mean first, then shapes by what they explain."""
    level = np.full((DAY_H, 1), DAY_H**-0.5)
    rest = days - days @ level @ level.T
    shapes = np.linalg.eigh(rest.T @ rest)[1][:, ::-1]
    return np.linalg.qr(np.concatenate([level, shapes[:, : DAY_H - 1]], axis=1))[0]


def _with_level(columns: Floats) -> Floats:
    return np.concatenate([np.full((len(columns), 1), _LEVEL), columns], axis=1)
