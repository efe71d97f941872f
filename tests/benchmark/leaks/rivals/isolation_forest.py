# SPDX-License-Identifier: EUPL-1.2
"""An isolation forest on what a day looks like: scikit-learn's, as it comes.

Every hour, the last 24 are summed up in a few figures; the forest is grown from those of the weeks
before. An alarm where a day is stranger than the threshold and its lowest hours are higher than
the median: a day of absence is strange too. Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation
Forest, ICDM (2008).
"""

from typing import NamedTuple

import numpy as np
from sklearn.ensemble import IsolationForest

from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.rival import DAY_S, Rival, episodes, whole_hours
from tests.benchmark.leaks.scoring import Episode

WINDOW_H = 24
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
TREES = 100
LOW = 1  # of the quantiles: what flows when nobody wants water


class Grown(NamedTuple):
    """A forest, and the median of the lowest hours that it was grown from."""

    forest: IsolationForest
    usual_low_l: float


def days(readings: Readings) -> tuple[np.ndarray, np.ndarray]:
    """Return the figures of the 24 hours before each hour's end, and these ends."""
    ended_at_s, litres = whole_hours(readings)
    if len(litres) < WINDOW_H:
        return np.empty((0, len(QUANTILES) + 1)), ended_at_s[:0]
    windows = np.lib.stride_tricks.sliding_window_view(litres, WINDOW_H)
    figures = np.quantile(windows, QUANTILES, axis=1).T
    return np.column_stack((figures, windows.mean(axis=1))), ended_at_s[WINDOW_H - 1 :]


def grow(past: Readings) -> Grown:
    """Grow the forest from the weeks before."""
    figures, _ = days(past)
    forest = IsolationForest(n_estimators=TREES, random_state=0).fit(figures)
    return Grown(forest, float(np.median(figures[:, LOW])))


def strange(readings: Readings, learned: object, threshold: float) -> list[Episode]:
    """Raise where a day is stranger than the threshold; clear where it is not."""
    assert isinstance(learned, Grown)
    figures, ended_at_s = days(readings)
    if not len(figures):
        return []
    is_strange = -learned.forest.score_samples(figures) > threshold
    raising = is_strange & (figures[:, LOW] > learned.usual_low_l)
    return episodes(ended_at_s, raising, ~raising)


RIVALS = (
    Rival(
        name="Isolation forest",
        source="scikit-learn IsolationForest on daily figures",
        alarms=strange,
        learn=grow,
        thresholds=tuple(np.linspace(0.45, 0.85, 17).tolist()),
        history_s=3 * DAY_S,
    ),
)
