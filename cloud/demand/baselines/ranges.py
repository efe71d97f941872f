# SPDX-License-Identifier: EUPL-1.2
"""Ranges about a baseline: by what it missed months by that it hadn't seen, and by how use drifts.

Hours of the same time of day and of a similar level share their errors. A year later a building
isn't quite what it was; every error is told with the level moved by what its years moved before, or
by what buildings usually do.
Source: Papadopoulos et al. (2002), Romano et al. (2019) for ranges from held-out errors.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from cloud.demand.model import LEVELS
from cloud.demand.series import Floats

_DRIFTS = np.array([-1.59, -0.97, -0.59, -0.28, 0.0, 0.28, 0.59, 0.97, 1.59])
# Nine equally likely deviations of a normal distribution.
_CELLS = 4  # of days, by predicted level
_MIN_CELL = 45  # errors; fewer can't tell a 5 % quantile
_FEW = 30  # days: under this, ranges are widened as a t-distribution would be


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Offsets from the middle: by slot (hours of the day, or one for days) and by level.

    Attributes:
        edges: levels that part the cells of each slot: (slots, cells - 1).
        offsets: (slots, cells, levels).
    """

    edges: Floats
    offsets: Floats
    drift: float

    @classmethod
    def of(cls, used: Floats, predicted: Floats, weights: Floats, drift: float) -> Self:
        """Learn from (days, slots); ``drift`` is the share that the level moves by in a year."""
        slots = predicted.shape[1]
        cells = int(np.clip(len(used) // _MIN_CELL, 1, _CELLS))
        edges = np.quantile(predicted, np.arange(1, cells) / cells, axis=0).T.reshape(slots, -1)
        offsets = np.zeros((slots, cells, len(LEVELS)))
        widened = 1 + 2 / max(len(used), 1) if len(used) < _FEW else 1.0
        for slot in range(slots):
            cell_of = np.searchsorted(edges[slot], predicted[:, slot])
            for cell in range(cells):
                rows = np.flatnonzero((cell_of == cell) & ~np.isnan(used[:, slot]))
                if not rows.size:
                    rows = np.flatnonzero(~np.isnan(used[:, slot]))
                if rows.size:
                    told = predicted[rows, slot]
                    missed = used[rows, slot] - told
                    drifted = missed[:, None] + drift * told[:, None] * _DRIFTS
                    share = np.repeat(weights[rows], _DRIFTS.size)
                    offsets[slot, cell] = _quantiles(drifted.ravel(), share) * widened
        return cls(edges=edges, offsets=offsets, drift=drift)

    def around(self, middle: Floats) -> Floats:
        """Return quantiles about (days, slots): (days, slots, levels), the middle unchanged."""
        told = np.empty((*middle.shape, len(LEVELS)))
        for slot in range(middle.shape[1]):
            cell = np.searchsorted(self.edges[slot], middle[:, slot])
            told[:, slot] = middle[:, slot, None] + self.offsets[slot, cell]
        told[:, :, 0] = np.minimum(told[:, :, 0], middle)
        told[:, :, -1] = np.maximum(told[:, :, -1], middle)
        told[:, :, 1:-1] = middle[:, :, None]
        return told


def _quantiles(errors: Floats, weights: Floats) -> Floats:
    order = np.argsort(errors, kind="stable")
    so_far = np.cumsum(weights[order])
    at = (so_far - weights[order] / 2) / so_far[-1]
    return np.asarray(np.interp(LEVELS, at, errors[order]))
