# SPDX-License-Identifier: EUPL-1.2
"""Print the table of ``edge_gateway.leaks.still_prior`` from simulated homes.

    python -m tests.benchmark.leaks.floor_prior

For every hour and length: of the quarters of an hour after one without so long a stillness, the
share that were without one too. Registers of 0.1 l, read every minute; 0.1 l stands still less
often than 1 l, so the prior errs on the side of silence.
"""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from edge_gateway.leaks.still_prior import HOURS_A_DAY, STILL_S
from simulators.homes import household

SEEDS = range(5000, 5100)  # tuning has 0 to 9,999
DAYS = 28
MONDAY = date(2025, 1, 6)
QUARTER_MIN = 15
STEP_ML = 100


def longest_still_min(minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the longest still time that touches each quarter, from where it began."""
    steps = np.diff(np.cumsum(minutes) // STEP_ML, prepend=0)
    at = np.arange(len(steps))
    last = np.maximum.accumulate(np.where(steps > 0, at, -1))
    return np.asarray((at - last).reshape(-1, QUARTER_MIN).max(axis=1))


def main() -> None:
    """Print the table, a row an hour, in percent."""
    after = np.zeros((HOURS_A_DAY, len(STILL_S)))
    busy_too = np.zeros_like(after)
    hour = np.arange(DAYS * 96) // 4 % HOURS_A_DAY
    for seed in SEEDS:
        still_s = 60 * longest_still_min(household(seed, DAYS, MONDAY))
        is_busy = still_s[:, None] <= np.array(STILL_S)
        np.add.at(after, hour[1:], is_busy[:-1])
        np.add.at(busy_too, hour[1:], is_busy[:-1] & is_busy[1:])
    for row in np.rint(100 * (busy_too + 0.5) / (after + 1)).astype(int):
        print("    (" + ", ".join(f"{share}" for share in row) + "),")


if __name__ == "__main__":
    main()
