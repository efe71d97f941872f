# SPDX-License-Identifier: EUPL-1.2
"""How a building's level moves from year to year: growth, new tenants, better lamps.

Older years teach how use follows weather, but the level to expect is mostly that of the last year:
what changed usually stays, though not all of it. How much it moved tells how wide a range about the
year to come has to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cloud.demand.baselines.breaks import Break, level_break
from cloud.demand.baselines.day_features import Features
from cloud.demand.baselines.day_ridge import day_ridge
from cloud.demand.baselines.days import Days
from cloud.demand.series import Floats, Ints

USUAL_DRIFT = 0.1  # a year, standard deviation; of buildings whose own history is too short
_USUAL_YEARS = 2.0  # of evidence that this counts for
_STAYS = 0.75  # of a change of level; on five buildings before 2019, gas keeps less, power all
_YEAR_DAYS = 365
_MIN_YEAR_DAYS = 240  # of a year, to tell its level and not its season
_MOST_FACTOR = 2.0  # beyond, it isn't the same building


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What brings each day (days,) to the last year's level, and how levels moved.

    Attributes:
        drift: by what share the level moves in a year: standard deviation.
    """

    factors: Floats
    drift: float
    found: Break | None


def yearly_levels(days: Days, used: Floats, weights: Floats, blocks: Sequence[Ints]) -> Levels:
    """Return the levels of the years before the last of ``days``, each counted back from it."""
    columns = Features.of(days).columns("smooth", days)
    told = day_ridge(columns, used, weights, blocks).left_out.sum(axis=1)
    sums = used.sum(axis=1)
    year = (days.number[-1] - days.number) // _YEAR_DAYS
    ratios: dict[int, float] = {}
    for number in range(int(year[0]) + 1):
        rows = year == number
        if rows.sum() >= _MIN_YEAR_DAYS and told[rows].sum() > 0 and sums[rows].sum() > 0:
            ratios[number] = float(sums[rows].sum() / told[rows].sum())
    factors = np.ones(days.count)
    if 0 in ratios:
        for number, ratio in ratios.items():
            moved = (ratios[0] / ratio) ** _STAYS
            factors[year == number] = np.clip(moved, 1 / _MOST_FACTOR, _MOST_FACTOR)
    steps = np.diff(list(ratios.values()))
    evidence = _USUAL_YEARS * USUAL_DRIFT**2 + float((steps**2).sum())
    return Levels(
        factors=factors,
        drift=float(np.sqrt(evidence / (_USUAL_YEARS + steps.size))),
        found=level_break(days.number, sums, told),
    )
