# SPDX-License-Identifier: EUPL-1.2
"""Page-Hinkley on the nightly minimum: river's, as it comes but for its threshold and patience.

It watches for a rise of what ``night`` takes from every night, standardised by the weeks before.
Source: ``river.drift.PageHinkley``; E. S. Page, Continuous inspection schemes, Biometrika (1954).
"""

from river.drift import PageHinkley

from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.night import unusual
from tests.benchmark.leaks.rivals.rival import DAY_S, Rival
from tests.benchmark.leaks.scoring import Episode

LEAST_NIGHTS = 10


def rise(readings: Readings, _learned: object, threshold: float) -> list[Episode]:
    """Raise where the nights drift upwards; the test begins anew by itself."""
    test = PageHinkley(threshold=threshold, min_instances=LEAST_NIGHTS, mode="up")
    found = []
    for at_s, spreads in zip(*unusual(readings), strict=True):
        test.update(spreads)
        if test.drift_detected:
            found.append(Episode(int(at_s), int(at_s)))
    return found


RIVALS = (
    Rival(
        name="river Page-Hinkley",
        source="river.drift.PageHinkley on nightly minima",
        alarms=rise,
        thresholds=tuple(3.0 * 1.5**step for step in range(16)),
        history_s=70 * DAY_S,
    ),
)
