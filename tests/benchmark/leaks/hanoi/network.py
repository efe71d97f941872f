# SPDX-License-Identifier: EUPL-1.2
"""The Hanoi network: 31 junctions and 34 pipes below one reservoir of 100 m.

Source: Fujiwara and Khang, A Two-Phase Decomposition Method for Optimal Design of Looped Water
Distribution Networks, Water Resources Research 26 (1990), with the elevation of 30 m and the
diameters that LeakDB gives its copy: github.com/KIOS-Research/LeakDB, Hanoi_CMH.inp.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESERVOIR = "1"
HEAD_M = 100.0
ELEVATION_M = 30.0
# Of junctions 2 to 32, in m3/h.
# fmt: off
BASE_M3_PER_H = np.array((
    247.22, 236.11, 36.11, 201.39, 279.17, 375, 152.78, 145.83, 145.83, 138.89, 155.56, 261.11,
    170.83, 77.78, 86.11, 240.28, 373.61, 16.67, 354.17, 258.33, 134.72, 290.28, 227.78, 47.22,
    250, 102.78, 80.56, 100, 100, 29.17, 223.61,
))
# fmt: on
JUNCTIONS = [str(number) for number in range(2, 2 + len(BASE_M3_PER_H))]
# From, to, length in m, diameter in inches.
_PIPES = (
    *((1, 2, 100, 40), (2, 3, 1350, 40), (3, 4, 900, 40), (4, 5, 1150, 40), (5, 6, 1450, 40)),
    *((6, 7, 450, 40), (7, 8, 850, 40), (8, 9, 850, 40), (9, 10, 800, 40), (10, 11, 950, 30)),
    *((11, 12, 1200, 30), (12, 13, 3500, 24), (10, 14, 800, 16), (14, 15, 500, 16)),
    *((15, 16, 550, 12), (17, 16, 2730, 16), (17, 18, 1750, 20), (18, 19, 800, 24)),
    *((19, 3, 400, 24), (3, 20, 2200, 40), (20, 21, 1500, 20), (21, 22, 500, 12)),
    *((20, 23, 2650, 40), (23, 24, 1230, 30), (24, 25, 1300, 30), (26, 25, 850, 20)),
    *((27, 26, 300, 12), (16, 27, 750, 12), (23, 28, 1500, 16), (28, 29, 2000, 16)),
    *((29, 30, 1600, 12), (30, 31, 150, 12), (32, 31, 860, 16), (25, 32, 950, 20)),
)
PIPES = len(_PIPES)
ROUGHNESS = 130.0  # Hazen-Williams
INCH_MM = 25.4


class Uncertainty(NamedTuple):
    """What each pipe's figures are multiplied with in one scenario."""

    length: Floats
    diameter: Floats
    roughness: Floats


def inp(uncertainty: Uncertainty) -> str:
    """Return the network as EPANET reads it, in m3/h, with emitters of exponent 0.5."""
    junctions = "\n".join(f"{name} {ELEVATION_M} 0" for name in JUNCTIONS)
    pipes = "\n".join(
        f"{number} {pipe[0]} {pipe[1]} {pipe[2] * length:.3f} {pipe[3] * INCH_MM * diameter:.3f} "
        f"{ROUGHNESS * roughness:.3f} 0 Open"
        for number, (pipe, length, diameter, roughness) in enumerate(
            zip(_PIPES, *uncertainty, strict=True), start=1
        )
    )
    return (
        f"[JUNCTIONS]\n{junctions}\n[RESERVOIRS]\n{RESERVOIR} {HEAD_M}\n[PIPES]\n{pipes}\n"
        "[OPTIONS]\nUnits CMH\nHeadloss H-W\nEmitter Exponent 0.5\nAccuracy 0.0001\n"
        "Demand Model PDA\nMinimum Pressure 0\nRequired Pressure 20\nPressure Exponent 0.5\n"
        "Unbalanced Continue 10\n[TIMES]\nDuration 0\n[REPORT]\nStatus No\nSummary No\n[END]\n"
    )
