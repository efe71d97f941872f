# SPDX-License-Identifier: EUPL-1.2
"""A change point in the lowest hour of the day: ruptures' best split of the last three weeks.

Every morning, the least-squares split of the days' lowest hours into two levels is sought; an alarm
where it gains more than the threshold, in squares of the ordinary spread (see ``night``), and the
later level is the higher. Source: C. Truong, L. Oudre, N. Vayatis, Selective review of offline
change point detection methods, Signal Processing 167 (2020).

Not compared: stumpy's matrix profile, which looks for strange shapes: a constant leak leaves every
shape as it was, and its distances, taken after each window is standardised, do not see a shift.
"""

from functools import lru_cache

import numpy as np
import ruptures

from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.night import tell, unusual
from tests.benchmark.leaks.rivals.rival import DAY_S, Rival
from tests.benchmark.leaks.scoring import Episode

WINDOW_NIGHTS = 21
LEAST_NIGHTS = 2


def split(readings: Readings, _learned: object, threshold: float) -> list[Episode]:
    """Raise on a morning when the nights have stepped up; clear when the step is forgotten."""
    ended_at_s, figures = unusual(readings)
    found: list[Episode] = []
    for last in range(2 * LEAST_NIGHTS, len(figures) + 1):
        window = figures[max(0, last - WINDOW_NIGHTS) : last]
        tell(found, int(ended_at_s[last - 1]), is_high=_gain(window.tobytes()) > threshold)
    return found


@lru_cache(maxsize=1 << 14)  # the same nights come again with each threshold and each leak
def _gain(nights: bytes) -> float:
    """Return by how much two levels fit better than one; 0 if the later is the lower."""
    window = np.frombuffer(nights)
    search = ruptures.Binseg(model="l2", min_size=LEAST_NIGHTS, jump=1).fit(window)
    middle, end = search.predict(n_bkps=1)
    if window[middle:].mean() <= window[:middle].mean():
        return 0.0
    return float(search.cost.sum_of_costs([end]) - search.cost.sum_of_costs([middle, end]))


RIVALS = (
    Rival(
        name="ruptures",
        source="ruptures Binseg on nightly minima",
        alarms=split,
        thresholds=tuple(10.0 * 1.5**step for step in range(16)),
        history_s=(WINDOW_NIGHTS + 36) * DAY_S,
    ),
)
