# SPDX-License-Identifier: EUPL-1.2
"""An isolation forest on what a day looks like: scikit-learn's, as it comes.

Every hour, the last 24 are summed up in a few figures, less their median of the three weeks before,
so that a season is not strange; the forest is grown from those of the weeks of learning. An alarm
where a day is stranger than the threshold and its lowest hours are higher than usual: a day of
absence is strange too. Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation
Forest, ICDM (2008).
"""

import numpy as np
from sklearn.ensemble import IsolationForest

from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.rival import DAY_S, Rival, episodes, whole_hours
from tests.benchmark.leaks.scoring import Episode

WINDOW_H = 24
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
TREES = 100
USUAL_H = 21 * 24
LEAST_H = 7 * 24
LOW = 1  # of the quantiles: what flows when nobody wants water


def days(readings: Readings) -> tuple[np.ndarray, np.ndarray]:
    """Return the figures of the 24 hours before each hour's end, and these ends."""
    ended_at_s, litres = whole_hours(readings)
    if len(litres) < 2 * WINDOW_H + LEAST_H:
        return np.empty((0, len(QUANTILES) + 1)), ended_at_s[:0]
    windows = np.lib.stride_tricks.sliding_window_view(litres, WINDOW_H)
    figures = np.column_stack((np.quantile(windows, QUANTILES, axis=1).T, windows.mean(axis=1)))
    first = LEAST_H + WINDOW_H
    return figures[first:] - _usual(figures, first), ended_at_s[WINDOW_H + first - 1 :]


def _usual(figures: np.ndarray, first: int) -> np.ndarray:
    """Return the medians of the weeks before the last day, renewed once a day."""
    medians = [
        np.median(figures[max(0, at - USUAL_H) : at - WINDOW_H], axis=0)
        for at in range(first, len(figures), WINDOW_H)
    ]
    return np.repeat(medians, WINDOW_H, axis=0)[: len(figures) - first]


def grow(past: Readings) -> IsolationForest:
    """Grow the forest from the weeks of learning."""
    figures, _ = days(past)
    return IsolationForest(n_estimators=TREES, random_state=0).fit(figures)


def strange(readings: Readings, learned: object, threshold: float) -> list[Episode]:
    """Raise where a day is stranger than the threshold; clear where it is not."""
    assert isinstance(learned, IsolationForest)
    figures, ended_at_s = days(readings)
    if not len(figures):
        return []
    raising = (-learned.score_samples(figures) > threshold) & (figures[:, LOW] > 0)
    return episodes(ended_at_s, raising, ~raising)


RIVALS = (
    Rival(
        name="Isolation forest",
        source="scikit-learn IsolationForest on daily figures",
        alarms=strange,
        learn=grow,
        thresholds=tuple(np.linspace(0.45, 0.85, 17).tolist()),
        history_s=32 * DAY_S,
    ),
)
