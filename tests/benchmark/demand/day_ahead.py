# SPDX-License-Identifier: EUPL-1.2
"""What the field does well a day ahead: the mean of boosting and of Tao's regression with lags.

Both know the load of one, two and seven days before; the range is split conformal, by what the mean
missed in the last eight weeks without having learnt from them.
Sources: Hong (2010); Vovk et al. (2005).
"""

from typing import Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from cloud.demand.model import LEVELS
from cloud.demand.models.features import remembered, shifted, without_gaps
from cloud.demand.series import DAY_H, WEEK_H, Floats, Usage, Weather
from tests.benchmark.demand.rivals import TaoVanilla

_LAGS_H = (DAY_H, 2 * DAY_H, WEEK_H)
_SHIFTS_H = (1, 2, 3, 6, 24)
_CHECKED_H = 8 * WEEK_H
_TREES = 500


class TaoAndTrees:
    """Looks a day ahead, no further; every series for itself."""

    def __init__(self) -> None:
        self._weights: list[Floats] = []
        self._trees: list[HistGradientBoostingRegressor] = []
        self._away = np.empty(0)  # (series, levels)

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn from all but the last weeks, note what these missed, and learn from all."""
        early = usage.until(max(usage.hours.count - _CHECKED_H, usage.hours.count // 2))
        self._learn(early, weather)
        first, last = early.hours.count, usage.hours.count
        missed = usage.amounts[:, first:] - self._middle(usage, weather, first, last)
        self._away = np.nan_to_num(np.nanquantile(missed, (LEVELS[0], LEVELS[-1]), axis=1).T)
        self._learn(usage, weather)
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return (series, horizon_h, levels)."""
        first = usage.hours.count
        middle = self._middle(usage, weather, first, first + min(horizon_h, DAY_H))
        away = np.insert(self._away, 1, 0.0, axis=1)
        return np.asarray(middle[:, :, None] + away[:, None, :])

    def _learn(self, usage: Usage, weather: Weather) -> None:
        self._weights, self._trees = [], []
        for series, used in enumerate(usage.amounts):
            lines, splits = _columns(usage, weather, series, 0, usage.hours.count)
            known = ~np.isnan(used) & ~np.isnan(lines).any(axis=1)
            self._weights.append(np.linalg.lstsq(lines[known], used[known], rcond=None)[0])
            trees = HistGradientBoostingRegressor(
                max_iter=_TREES, learning_rate=0.05, random_state=0
            )
            self._trees.append(trees.fit(splits[known], used[known]))

    def _middle(self, usage: Usage, weather: Weather, first: int, last: int) -> Floats:
        told = []
        for series, (weights, trees) in enumerate(zip(self._weights, self._trees, strict=True)):
            lines, splits = _columns(usage, weather, series, first, last)
            told.append((np.nan_to_num(lines) @ weights + trees.predict(splits)) / 2)
        return np.stack(told)


def _columns(
    usage: Usage, weather: Weather, series: int, first: int, last: int
) -> tuple[Floats, Floats]:
    """Return the columns of the regression and of the trees: (hours, columns) each."""
    hours = usage.hours.between(0, last)
    seen = weather.over(hours)
    used = usage.between(-WEEK_H, last).amounts[series]
    lags = [used[WEEK_H - back : WEEK_H - back + last] for back in _LAGS_H]
    temperature = without_gaps(seen.get("temperature_c"))
    memory = remembered(temperature, DAY_H)
    holiday = np.nan_to_num(seen.get("holiday"))
    weekday = hours.weekday.astype(float)
    lines = [*lags, holiday, memory, memory**2, *(one * (weekday > 4) for one in lags)]
    splits = [hours.hour_of_day, weekday, hours.year_fraction, holiday, temperature, memory]
    splits += [shifted(temperature, by) for by in _SHIFTS_H] + lags
    cut = slice(first, last)
    ahead = seen.over(hours.between(first, last))
    vanilla = TaoVanilla.columns(ahead.hours, ahead)
    return (
        np.column_stack([vanilla, *(one[cut] for one in lines)]),
        np.column_stack([one[cut] for one in splits]),
    )
