# SPDX-License-Identifier: EUPL-1.2
"""What others would do in an afternoon: boosted trees on calendar, weather and last weeks' use."""

from typing import Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from cloud.demand.series import DAY_H, WEEK_H, Floats, Hours, Usage, Weather

_WEEKS_BACK = (1, 2, 3, 4)
_WEATHER = ("temperature_c", "precipitation_mm", "humidity_pct")


class PlainBoosting:
    """scikit-learn's histogram boosting, pooled over the series, with its own settings.

    Columns: series, hour, weekday, time of year, holiday, weather now and over a day, use at this
    hour one to four weeks ago and their mean. It looks a week ahead at most.
    """

    def __init__(self, loss: str = "squared_error") -> None:
        self._model = HistGradientBoostingRegressor(
            loss=loss, max_iter=300, learning_rate=0.05, categorical_features=[0], random_state=0
        )
        self._means = np.zeros(0)

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn from all hours that are known."""
        self._means = np.nanmean(usage.amounts, axis=1)
        first = max(_WEEKS_BACK) * WEEK_H
        rows = _rows(usage, weather.over(usage.hours), first, usage.hours.count, self._means)
        used = (usage.amounts[:, first:] / self._means[:, None]).ravel()
        known = ~np.isnan(used)
        self._model.fit(rows[known], used[known])
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return (series, horizon_h)."""
        first, last = usage.hours.count, usage.hours.count + horizon_h
        rows = _rows(usage, weather.over(usage.hours.between(0, last)), first, last, self._means)
        told = self._model.predict(rows).reshape(len(usage.series_ids), horizon_h)
        return np.asarray(told * self._means[:, None], dtype=np.float64)


def _rows(usage: Usage, weather: Weather, first: int, last: int, means: Floats) -> Floats:
    """Return the columns of the hours from ``first`` to before ``last``, series after series."""
    hours: Hours = usage.hours.between(first, last)
    share = usage.between(0, last).amounts / means[:, None]
    lags = [share[:, first - back * WEEK_H : last - back * WEEK_H] for back in _WEEKS_BACK]
    turn = 2 * np.pi * hours.year_fraction
    common = [hours.hour_of_day, hours.weekday, np.sin(turn), np.cos(turn)]
    common.append(weather.get("holiday")[first:last])
    for name in _WEATHER:
        told = np.nan_to_num(weather.get(name), nan=0.0)
        total = np.concatenate([np.zeros(DAY_H), np.cumsum(told)])
        of_day = (total[DAY_H:] - total[:-DAY_H]) / DAY_H
        common += [weather.get(name)[first:last], of_day[first:last]]
    count = len(usage.series_ids)
    tables: list[Floats] = [np.repeat(np.arange(float(count))[:, None], hours.count, axis=1)]
    tables += [np.repeat(np.asarray(one, dtype=np.float64)[None], count, axis=0) for one in common]
    tables += [*lags, np.nanmean(np.stack(lags), axis=0)]
    return np.stack(tables, axis=-1).reshape(count * hours.count, -1)
