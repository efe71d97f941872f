# SPDX-License-Identifier: EUPL-1.2
"""Kamstrup MULTICAL 21 and flowIQ: LEAK and BURST, as shares of the meter's Q3.

LEAK: no single continuous hour without flow in the last 24 hours; over once an hour was still.
BURST: flow over a share of Q3 for 30 minutes without a break. Source: the meters' data sheets.
"""

from functools import partial

import numpy as np

from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.rival import (
    DAY_S,
    FINELY,
    HOUR_S,
    Rival,
    episodes,
    flows,
    passed_ml,
    runs_s,
)
from tests.benchmark.leaks.scoring import Episode

LEAK_OF_Q3 = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.0025, 5: 0.001}
BURST_OF_Q3 = (0.05, 0.10, 0.20)
BURST_S = 1800


def leak(share: float, readings: Readings, _learned: object, _threshold: float) -> list[Episode]:
    """Raise after 24 hours none of which was still; clear after a still hour."""
    at_s = readings.read_at_s
    lengths_s = np.diff(at_s, prepend=at_s[:1] - readings.interval_s)
    flowing = passed_ml(readings) * 3.6 > share * readings.q3_l_per_h * lengths_s
    # Half a reading's grace, so that an hour between two hourly readings is an hour.
    still_hour = runs_s(at_s, ~flowing) + readings.interval_s / 2 >= HOUR_S
    still_hour[0] = True  # nothing is known of before
    last_still_s = np.maximum.accumulate(np.where(still_hour, at_s, at_s[0]))
    return episodes(at_s, at_s - last_still_s >= DAY_S, still_hour)


def burst(share: float, readings: Readings, _learned: object, _threshold: float) -> list[Episode]:
    """Raise after half an hour over the limit; clear when it is under."""
    flowing = flows(readings, share * readings.q3_l_per_h, steps=FINELY)
    at_s = readings.read_at_s
    return episodes(at_s, runs_s(at_s, flowing) >= BURST_S, ~flowing)


_SHEET = "Kamstrup, flowIQ and MULTICAL 21 data sheets: info codes LEAK and BURST"
RIVALS = (
    *(
        Rival(name=f"Kamstrup LEAK {n}", source=_SHEET, alarms=partial(leak, share))
        for n, share in LEAK_OF_Q3.items()
    ),
    *(
        Rival(name=f"Kamstrup BURST {share:.0%}", source=_SHEET, alarms=partial(burst, share))
        for share in BURST_OF_Q3
    ),
)
