# SPDX-License-Identifier: EUPL-1.2
"""Thresholds of the rivals that have no published one, chosen on meters that are not in the test.

The most sensitive threshold that keeps the alarms per meter-year within what the issue allows.
"""

from bisect import bisect_left
from pathlib import Path

from tests.benchmark.leaks import rivals
from tests.benchmark.leaks.cases import Case
from tests.benchmark.leaks.cells import Batch
from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.rival import Rival
from tests.benchmark.leaks.scoring import YEAR_S

Seen = list[tuple[Case, Readings]]


def thresholds(batch: Batch, cache: Path) -> dict[str, float]:
    """Return the threshold by the rival's name, for meters like those of this tuning batch."""
    every = [batch.case(index, cache) for index in range(batch.cases)]
    seen = [(case, case.readings(batch.interval_s, batch.pulse_ml)) for case in every]
    return {
        rival.name: chosen(rival, seen, batch.allowed)
        for rival in rivals.discover()
        if rival.thresholds
    }


def chosen(rival: Rival, seen: Seen, allowed: float) -> float:
    """Return the first of its thresholds that is quiet enough; the last if none is."""
    years = sum(until_s - from_s for case, _ in seen for from_s, until_s in case.counted) / YEAR_S
    learned = [rival.learn(readings.between(0, case.learned_at_s)) for case, readings in seen]

    def is_quiet(threshold: float) -> bool:
        alarms = sum(
            from_s <= one.raised_at_s < until_s
            for (case, readings), known in zip(seen, learned, strict=True)
            for one in rival.alarms(readings, known, threshold)
            for from_s, until_s in case.counted
        )
        return alarms <= allowed * years

    first = bisect_left(rival.thresholds, True, key=is_quiet)
    return rival.thresholds[min(first, len(rival.thresholds) - 1)]
