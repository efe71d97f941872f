# SPDX-License-Identifier: EUPL-1.2
"""LeakDB's own score of labels: each half-hour by itself, and how early each leak is found.

Source: Vrachimis et al., LeakDB (2018), equation of the early detection score, and the scoring
function published with it, whose peculiarities are kept: a leak counts as found only if three
quarters of all labels from the first alarm to five hours after the leak's end are alarms; near the
year's end those five hours shrink, and stay so for the scenario's later leaks. Their published
code has a steepness of 5 where their paper says 6; we follow the paper, the stricter.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.bool_]

STEEPNESS = 6.0
PERSISTENCE = 0.75
EXTRA_STEPS = 10  # five hours


class Score(NamedTuple):
    """All in percent."""

    true_positive_rate: float
    true_negative_rate: float
    f1: float
    early_detection: float


def score(truth: Sequence[Labels], alarms: Sequence[Labels]) -> Score:
    """Return the score of one algorithm over all scenarios."""
    is_leaking, is_alarm = np.concatenate(truth), np.concatenate(alarms)
    hits = np.sum(is_leaking & is_alarm)
    false = np.sum(~is_leaking & is_alarm)
    missed = np.sum(is_leaking & ~is_alarm)
    early = [one for pair in zip(truth, alarms, strict=True) for one in early_detections(*pair)]
    return Score(
        true_positive_rate=100 * float(hits / np.sum(is_leaking)),
        true_negative_rate=100 * float(1 - false / np.sum(~is_leaking)),
        f1=100 * float(2 * hits / (2 * hits + false + missed)),
        early_detection=100 * float(np.mean(early)),
    )


def early_detections(is_leaking: Labels, is_alarm: Labels) -> list[float]:
    """Return 1 for each leak of a scenario found at once, falling to 0 for one missed."""
    edges = np.diff(is_leaking.astype(int), append=0)
    starts = np.flatnonzero(edges[:-1] == 1) + 1
    lasts = np.flatnonzero(edges == -1)[-len(starts) :] if len(starts) else starts
    extra = EXTRA_STEPS
    scores = []
    for first, last in zip(starts, lasts, strict=True):
        extra = min(extra, len(is_leaking) - 1 - last)
        window = is_alarm[first : last + extra + 1]
        scores.append(_early(window))
    return scores


def _early(window: Labels) -> float:
    if not window.any():
        return 0.0
    delay = int(np.argmax(window))
    if np.mean(window[delay:]) <= PERSISTENCE:
        return 0.0
    width = max(len(window) - 1, 1)
    return float(2 / (1 + np.exp(STEEPNESS * delay / width)))
