# SPDX-License-Identifier: EUPL-1.2
"""Draws of water, and what a minute of them amounts to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY_S = 86_400
MINUTE_S = 60
MINUTES_A_DAY = 1440

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Draws:
    """Water drawn at a constant flow, three arrays of one length: s from the start, s, ml/s."""

    started_at_s: Ints
    length_s: Ints
    ml_per_s: Floats

    def joined(self, *others: "Draws") -> "Draws":
        """Return these and the others."""
        every = (self, *others)
        return Draws(
            np.concatenate([one.started_at_s for one in every]),
            np.concatenate([one.length_s for one in every]),
            np.concatenate([one.ml_per_s for one in every]),
        )

    def until(self, end_s: int) -> "Draws":
        """Return these without what lies after ``end_s``."""
        kept = self.started_at_s < end_s
        length_s = np.minimum(self.length_s, end_s - self.started_at_s)
        return Draws(self.started_at_s[kept], length_s[kept], self.ml_per_s[kept])

    def volumes_ml(self) -> Floats:
        """Return how much each draw took."""
        return self.length_s * self.ml_per_s


def nothing() -> Draws:
    """Return no draws."""
    return Draws(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def per_minute(draws: Draws, days: int) -> Ints:
    """Return ml per minute, rounded so that the sum over any time is right to 1 ml."""
    minutes = days * MINUTES_A_DAY
    ended_at_s = draws.started_at_s + draws.length_s
    # A flow is a step up and a step down; each fills the rest of its own minute, then whole ones.
    edges_s = np.concatenate([draws.started_at_s, ended_at_s])
    steps = np.concatenate([draws.ml_per_s, -draws.ml_per_s])
    minute = edges_s // MINUTE_S
    rest_s = (minute + 1) * MINUTE_S - edges_s
    size = minutes + 2
    begun = np.bincount(minute, steps * rest_s, size)[:minutes]
    lasting = np.cumsum(np.bincount(minute + 1, steps * MINUTE_S, size)[:minutes])
    total_ml = np.maximum.accumulate(np.rint(np.cumsum(begun + lasting)))
    return np.diff(total_ml, prepend=0).astype(np.int64)
