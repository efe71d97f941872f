# SPDX-License-Identifier: EUPL-1.2
"""Page-Hinkley on the nightly minimum: river's, as it comes but for its threshold.

It watches for a rise of what ``night`` takes from every night, standardised by the weeks before.
Source: ``river.drift.PageHinkley``; E. S. Page, Continuous inspection schemes, Biometrika (1954).
"""

from river.drift import PageHinkley

from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.night import Ordinary, nights, ordinary
from tests.benchmark.leaks.rivals.rival import DAY_S, Rival
from tests.benchmark.leaks.scoring import Episode


def rise(readings: Readings, learned: object, threshold: float) -> list[Episode]:
    """Raise where the nights drift upwards; the test begins anew by itself."""
    assert isinstance(learned, Ordinary)
    test = PageHinkley(threshold=threshold, mode="up")
    found = []
    for at_s, l_per_h in zip(*nights(readings), strict=True):
        test.update((l_per_h - learned.median) / learned.spread)
        if test.drift_detected:
            found.append(Episode(int(at_s), int(at_s)))
    return found


RIVALS = (
    Rival(
        name="river Page-Hinkley",
        source="river.drift.PageHinkley on nightly minima",
        alarms=rise,
        learn=ordinary,
        thresholds=tuple(3.0 * 1.5**step for step in range(16)),
        history_s=42 * DAY_S,
    ),
)
