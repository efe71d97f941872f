# SPDX-License-Identifier: EUPL-1.2
"""Limits: how probable it is that a day passes what a utility can supply, and when that is news.

Told when it becomes probable, again only when it becomes more probable by a step, and once more
when it is called off: a forecast is made several times a day, and wavers.
"""

import math
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

import numpy as np

from cloud.demand.model import LEVELS
from cloud.demand.runs.days import whole_days
from cloud.demand.runs.repository import Run
from cloud.demand.series import Floats, Hours
from cloud.kit.hypertable import ZONE

DAY_SUM, DAY_PEAK = "day_sum", "day_peak"
# Each of these is worth telling of anew: even chance, more likely than not, likely, all but sure.
LADDER = (0.5, 0.75, 0.9, 0.97)
CALLED_OFF_BELOW = 0.1  # under the threshold by so much, or the news would waver with the forecast
RAISED, WORSENED, CALLED_OFF = "raised", "worsened", "called_off"
_Z = NormalDist().inv_cdf(LEVELS[-1])
_MIDDLE = LEVELS.index(0.5)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is forecast of a day, and how probably it passes the limit.

    ``is_calibrated``: from the day's own range; else from its hours', as if all were off together.
    """

    day: date
    p05: float
    p50: float
    p95: float
    probability: float
    is_calibrated: bool


def exceedance(quantiles: Floats, limit: float) -> float:
    """Return the probability of more than ``limit``, by a normal half on each side of the middle.

    Source: the split normal distribution, Wallis (2014), "The two-piece normal".
    """
    low, middle, high = (float(one) for one in quantiles)
    side = high - middle if limit >= middle else middle - low
    if side <= 0:
        return 0.5 if limit == middle else float(limit < middle)
    return 1 - NormalDist().cdf((limit - middle) / (side / _Z))


def outlooks(run: Run, quantity: str, limit: float) -> list[Outlook]:
    """Return the outlook of each whole local day of a forecast, in order."""
    hours = Hours(start=run.issued_at, count=len(run.quantiles), zone=ZONE)
    days = whole_days(hours)
    ranged = run.sums if quantity == DAY_SUM else run.peaks
    told = []
    for number, (first, last) in enumerate(days):
        of_hours = run.quantiles[first:last]
        quantiles = of_hours.sum(axis=0) if quantity == DAY_SUM else of_hours.max(axis=0)
        is_calibrated = ranged is not None and number < len(ranged)
        if ranged is not None and is_calibrated:
            quantiles = ranged[number]
        told.append(
            Outlook(
                day=date(1970, 1, 1).fromordinal(
                    date(1970, 1, 1).toordinal() + int(hours.day[first])
                ),
                p05=float(quantiles[0]),
                p50=float(quantiles[_MIDDLE]),
                p95=float(quantiles[-1]),
                probability=_rounded(exceedance(np.asarray(quantiles), limit)),
                is_calibrated=is_calibrated,
            )
        )
    return told


def _rounded(probability: float) -> float:
    """Return whole percents, never the certainty that nobody has."""
    return min(max(math.floor(probability * 100 + 0.5) / 100, 0.01), 0.99)


def news(told_step: int, probability: float, threshold: float) -> tuple[int, str | None]:
    """Return the step that counts from now on, and what to tell, None for nothing.

    ``told_step`` is the step that was told last, 0 for none or called off.
    """
    steps = [threshold, *(one for one in LADDER if one > threshold)]
    step = sum(probability >= one for one in steps)
    if step > told_step:
        return step, RAISED if told_step == 0 else WORSENED
    if told_step and probability < threshold - CALLED_OFF_BELOW * min(1.0, threshold / 0.5):
        return 0, CALLED_OFF
    return told_step, None
