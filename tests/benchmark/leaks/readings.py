# SPDX-License-Identifier: EUPL-1.2
"""What a detector is shown: a meter's register at the times when it was read."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """Times in Unix s, ascending; ``register_ml`` in whole steps of ``step_ml``."""

    read_at_s: Ints
    register_ml: Ints
    step_ml: int
    interval_s: int  # as the meter was told to be read; real ones wander
    q3_l_per_h: int = 2500
    households: int = 1
    timezone: str = "UTC"

    def between(self, from_s: int, until_s: int) -> "Readings":
        """Return those read at or after the one time and before the other."""
        first, end = np.searchsorted(self.read_at_s, (from_s, until_s))
        return replace(
            self,
            read_at_s=self.read_at_s[first:end],
            register_ml=self.register_ml[first:end],
        )

    def then(self, later: "Readings") -> "Readings":
        """Return these with the later ones of the same meter after them."""
        return replace(
            self,
            read_at_s=np.concatenate((self.read_at_s, later.read_at_s)),
            register_ml=np.concatenate((self.register_ml, later.register_ml)),
        )
