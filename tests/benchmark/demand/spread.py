# SPDX-License-Identifier: EUPL-1.2
"""Ranges from what the level has missed of late: a year's misses, over what was usual then.

The level's past forecasts are out of sample by construction, so that a range needs no model to be
fitted twice. Misses of each day ahead are pooled, by hour of the day; those of quiet and restless
weeks become alike once divided by the error of the days before.
Sources: Papadopoulos (2008), normalised conformal; Barber et al. (2023), weights for what is older.
"""

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from cloud.demand.model import LEVELS, Forecaster
from cloud.demand.models.level import past_forecasts
from cloud.demand.series import DAY_H, WEEK_H, Floats, Usage, Weather

_ORIGINS = 240  # days of which misses are remembered
_WARM_UP_DAYS = 70
_HALF_DAYS = 90.0
_USUAL_DAYS = 14.0
_NEIGHBOURS_H = 2  # on each side, in the usual size of an hour's miss
_TINY = 1e-12


class Spread:
    """The mean of what members forecast, with ranges; a series too young has none."""

    def __init__(self, members: Sequence[Callable[[], Forecaster]]) -> None:
        self._members = [make() for make in members]

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Let every member learn."""
        for member in self._members:
            member.fit(usage, weather)
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return (series, horizon_h, levels), never crossing; NaN for a series never known."""
        told = np.stack([one.forecast(usage, weather, horizon_h) for one in self._members])
        quantiles = np.repeat(told.mean(axis=0)[:, :, None], len(LEVELS), axis=2)
        misses, usual = _misses(usage, weather, min(horizon_h, WEEK_H))
        for lead in range(0, horizon_h, DAY_H):
            first = lead % WEEK_H if lead < WEEK_H else max(misses.shape[2] - DAY_H, 0)
            of_day = misses[:, :, first : first + DAY_H]
            count = min(of_day.shape[2], horizon_h - lead)
            for series in range(misses.shape[0]):
                away = _away(of_day[series]) * usual[series]
                quantiles[series, lead : lead + count] += away[:count]
        return np.sort(quantiles, axis=2)


def _misses(usage: Usage, weather: Weather, horizon_h: int) -> tuple[Floats, Floats]:
    """Return misses (series, origins, hours) over what was usual, and what is usual now."""
    count = usage.hours.count
    first = max(0, count - (_ORIGINS + _WARM_UP_DAYS) * DAY_H)
    recent = usage.between(first, count)
    same_hour = np.arange(recent.hours.count % DAY_H, recent.hours.count, DAY_H)
    origins = same_hour[min(_WARM_UP_DAYS, same_hour.size // 2) :]
    used = recent.between(0, recent.hours.count + horizon_h).amounts
    came = np.stack([used[:, at : at + horizon_h] for at in origins], axis=1)
    misses = came - past_forecasts(recent, weather, origins, horizon_h)
    usual = _usual(np.abs(misses[:, :, :DAY_H]))
    return misses / usual[:, :-1, None], usual[:, -1]


def _usual(missed: Floats) -> Floats:
    """Return the usual error before each origin and after the last: (series, origins + 1)."""
    known = ~np.isnan(missed)
    counts = known.sum(axis=2)
    of_day = np.where(known, missed, 0.0).sum(axis=2) / np.maximum(counts, 1)
    whole = of_day.sum(axis=1) / np.maximum((counts > 0).sum(axis=1), 1)
    out = np.empty((missed.shape[0], missed.shape[1] + 1))
    out[:, 0] = whole
    for day in range(missed.shape[1]):
        step = np.where(counts[:, day] > 0, (of_day[:, day] - out[:, day]) / _USUAL_DAYS, 0.0)
        out[:, day + 1] = out[:, day] + step
    return np.maximum(out, _TINY)


def _away(misses: Floats) -> Floats:
    """Return quantiles of misses (origins, hours) of one day ahead: (hours, levels)."""
    known = ~np.isnan(misses)
    if not known.any():
        return np.zeros((misses.shape[1], len(LEVELS)))
    size = _smooth(np.sqrt(np.square(np.where(known, misses, 0.0)).sum(axis=0)), known.sum(axis=0))
    age = np.arange(len(misses))[::-1, None]
    weights = np.broadcast_to(0.5 ** (age / _HALF_DAYS), misses.shape)[known]
    sizes = (misses / size)[known]
    order = np.argsort(sizes)
    reached = np.cumsum(weights[order])
    places = np.searchsorted(reached, np.array(LEVELS) * reached[-1])
    away = sizes[order][np.minimum(places, sizes.size - 1)]
    away[LEVELS.index(0.5)] = 0.0
    return np.asarray(size[:, None] * away)


def _smooth(root_of_sum: Floats, counts: Floats) -> Floats:
    """Return the root mean square of each hour and its neighbours."""
    near = np.arange(root_of_sum.size)[:, None] - np.arange(root_of_sum.size)[None, :]
    is_near = (np.abs(near) <= _NEIGHBOURS_H).astype(np.float64)
    mean = is_near @ root_of_sum**2 / np.maximum(is_near @ counts, 1)
    return np.asarray(np.maximum(np.sqrt(mean), _TINY))
