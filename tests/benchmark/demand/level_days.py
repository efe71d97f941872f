# SPDX-License-Identifier: EUPL-1.2
"""Day sums by boosting on weather and calendar, corrected by the level: the best known of its kind.

The boosting learns once, from all but the days that are forecast; what it missed of late is added
with exponential forgetting.
Source: Winters (1960), the level.
"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from cloud.demand.series import DAY_H, Floats, Ints, Usage, Weather

_SHARE = 0.25  # of a day's miss, in the level
_COLUMNS = ("temperature_c", "precipitation_mm", "humidity_pct", "holiday")


def foretold_days(usage: Usage, weather: Weather, midnights: Ints, first: int) -> Floats:
    """Return means of days, (series, days), each known the day before; NaN before ``first``.

    Args:
        midnights: indices of hours at which local days begin.
        first: the place among them of the first day to forecast; all before are learnt from.
    """
    used = _means(usage.amounts, midnights)
    columns = _day_columns(usage, weather, midnights)
    told = np.full(used.shape, np.nan)
    for series, came in enumerate(used):
        known = np.flatnonzero(~np.isnan(came[:first]))
        model = HistGradientBoostingRegressor(max_iter=100, min_samples_leaf=10, random_state=0)
        static = np.asarray(model.fit(columns[known], came[known]).predict(columns))
        level = 0.0
        for day in range(first - DAY_H, came.size):  # some days before: the level must settle
            told[series, day] = static[day] + level
            if not np.isnan(came[day]):
                level += _SHARE * (came[day] - static[day] - level)
    told[:, :first] = np.nan
    return told


def _means(amounts: Floats, midnights: Ints) -> Floats:
    days = amounts[..., midnights[:, None] + np.arange(DAY_H)]
    known = ~np.isnan(days)
    counts = known.sum(axis=-1)
    sums = np.where(known, days, 0.0).sum(axis=-1)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def _day_columns(usage: Usage, weather: Weather, midnights: Ints) -> Floats:
    seen = weather.over(usage.hours)
    by_day = [_means(seen.get(name), midnights) for name in _COLUMNS]
    turn = 2 * np.pi * usage.hours.year_fraction[midnights]
    calendar = [usage.hours.weekday[midnights], np.sin(turn), np.cos(turn)]
    return np.column_stack([one for one in (*by_day, *calendar) if not np.isnan(one).all()])
