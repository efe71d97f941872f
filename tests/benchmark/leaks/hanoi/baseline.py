# SPDX-License-Identifier: EUPL-1.2
"""LeakDB's baseline: the day's least inflow against the least of the last ten quiet days.

Source: the MNF algorithm published with LeakDB (Vrachimis et al. 2018): the whole day is an alarm
if its least flow exceeds that of the window by more than a share; such days don't enter the window.
"""

from collections import deque

import numpy as np

from tests.benchmark.leaks.hanoi.demand import STEPS_PER_DAY
from tests.benchmark.leaks.hanoi.network import Floats
from tests.benchmark.leaks.hanoi.scoring import Labels

WINDOW_DAYS = 10


def minimum_night_flow(inflow: Floats, share: float) -> Labels:
    """Return for each step whether its day is an alarm."""
    least = inflow.reshape(-1, STEPS_PER_DAY).min(axis=1)
    quiet = deque(least[:WINDOW_DAYS], maxlen=WINDOW_DAYS)
    alarms = np.zeros(len(least), bool)
    for day in range(WINDOW_DAYS, len(least)):
        floor = min(quiet)
        alarms[day] = least[day] - floor > share * floor
        if not alarms[day]:
            quiet.append(least[day])
    return np.repeat(alarms, STEPS_PER_DAY)
