# SPDX-License-Identifier: EUPL-1.2
"""Leaks, added to what a meter truly passed before it is counted in steps and read.

Shapes, by the mean flow q: ``constant``; ``toilet``, refills of 6 l in 90 s every 6/q h; ``ramp``,
from nothing to q over three days; ``burst``, 12 q without a break (12 x 160 l/h are 32 l/min);
``pausing``, q but for one hour a day.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.benchmark.leaks.readings import Ints

HOUR_S = 3600
DAY_S = 24 * HOUR_S
REFILL_ML = 6000
REFILL_S = 90
RAMP_S = 3 * DAY_S
BURST_TIMES = 12
PAUSE_FROM_S = 12 * HOUR_S  # so that no 24 hours are without it
SIZES_L_PER_H = (1, 2, 5, 12.5, 25, 50, 100, 160)
GRID_SHAPES = ("constant", "toilet", "ramp", "burst")


@dataclass(frozen=True, kw_only=True)
class Leak:
    """``size_l_per_h`` is the shape's q."""

    shape: str
    size_l_per_h: float
    started_at_s: int

    def lost_ml(self, at_s: Ints) -> Ints:
        """Return what it has lost by each of these times."""
        since_s = np.maximum(at_s - self.started_at_s, 0).astype(float)
        return np.floor(SHAPES[self.shape](since_s, self.size_l_per_h)).astype(np.int64)


def _constant(since_s: np.ndarray, size_l_per_h: float) -> np.ndarray:
    return since_s * size_l_per_h / 3.6


def _toilet(since_s: np.ndarray, size_l_per_h: float) -> np.ndarray:
    every_s = REFILL_ML * 3.6 / size_l_per_h
    refills = np.floor(since_s / every_s)
    running_s = np.minimum(since_s - refills * every_s, REFILL_S)
    return (refills + running_s / REFILL_S) * REFILL_ML


def _ramp(since_s: np.ndarray, size_l_per_h: float) -> np.ndarray:
    rising_s = np.minimum(since_s, RAMP_S)
    equivalent_s = rising_s**2 / (2 * RAMP_S) + (since_s - rising_s)
    return equivalent_s * size_l_per_h / 3.6


def _burst(since_s: np.ndarray, size_l_per_h: float) -> np.ndarray:
    return _constant(since_s, BURST_TIMES * size_l_per_h)


def _pausing(since_s: np.ndarray, size_l_per_h: float) -> np.ndarray:
    """Rest in the thirteenth hour of every day."""
    days = np.floor(since_s / DAY_S)
    running_s = days * (DAY_S - HOUR_S) + _without_pause(since_s - days * DAY_S)
    return running_s * size_l_per_h / 3.6


def _without_pause(since_s: np.ndarray) -> np.ndarray:
    return since_s - np.clip(since_s - PAUSE_FROM_S, 0, HOUR_S)


SHAPES: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "constant": _constant,
    "toilet": _toilet,
    "ramp": _ramp,
    "burst": _burst,
    "pausing": _pausing,
}


def metered_ml(true_ml: Ints, at_s: Ints, starting_l_per_h: float) -> Ints:
    """Return what a meter counts of a volume that grew so: flow below its start passes unseen.

    Volumes are whole ml, so that a flow just at the start makes a step of a ml less now and then.
    """
    steps_ml = np.diff(true_ml)
    least_ml = np.floor(starting_l_per_h * np.diff(at_s) / 3.6)
    counted = np.where(steps_ml >= least_ml, steps_ml, 0)
    return np.concatenate(([0], np.cumsum(counted))).astype(np.int64)


def stepped_ml(volume_ml: Ints, step_ml: int, phase_ml: int) -> Ints:
    """Return the register: whole steps of what was counted, some of a step being in it already."""
    return (volume_ml + phase_ml) // step_ml * step_ml
