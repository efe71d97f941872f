# SPDX-License-Identifier: EUPL-1.2
"""A valve behind a water meter that lets water run away."""

_MS_AN_HOUR = 3_600_000
_ML_A_L = 1000


class LeakValve:
    """Adds a steady flow to a service point, exactly: what a moment leaves over is carried on."""

    def __init__(self) -> None:
        self.l_per_h = 0
        self._left_over = 0

    def open(self, l_per_h: int) -> None:
        """Let ``l_per_h`` run from now on."""
        if l_per_h <= 0:
            raise ValueError(f"A leak of {l_per_h} l/h is none.")
        self.l_per_h = l_per_h

    def close(self) -> None:
        """Stop the leak."""
        self.l_per_h = 0

    def leaked_ml(self, elapsed_ms: int) -> int:
        """Return what ran through in ``elapsed_ms``."""
        whole, self._left_over = divmod(
            self._left_over + self.l_per_h * _ML_A_L * elapsed_ms, _MS_AN_HOUR
        )
        return whole
