# SPDX-License-Identifier: EUPL-1.2
"""Ranges from a model's own past errors: split conformal prediction, by series and lead.

The model is fitted on all but the last weeks, forecasts these, and what it missed them by, over the
series' level, becomes the range about the next forecasts.
Source: Vovk et al. (2005); Romano, Patterson and Candès (2019).
"""

from collections.abc import Callable
from typing import Self

import numpy as np

from cloud.demand.model import LEVELS, Forecaster
from cloud.demand.series import DAY_H, WEEK_H, Floats, Usage, Weather

WEEKS = 8
HORIZON_H = 336


class Calibrated:
    """A forecaster with ranges about what ``make`` returns forecasts."""

    def __init__(self, make: Callable[[], Forecaster]) -> None:
        self._make = make
        self._model = make()
        self._errors: list[Floats] = []  # each (series, hours): used less forecast

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Gather errors of the last weeks, then learn from all."""
        self._errors = []
        first = usage.hours.count - WEEKS * WEEK_H
        if first >= WEEK_H:
            early = usage.until(first)
            model = self._make().fit(early, weather.over(early.hours))
            for origin in range(first, usage.hours.count - WEEK_H + 1, WEEK_H):
                seen = weather.between(0, origin + WEEK_H)
                told = model.forecast(usage.until(origin), seen, WEEK_H)
                self._errors.append(usage.between(origin, origin + WEEK_H).amounts - told)
        self._model = self._make().fit(usage, weather)
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return (series, horizon_h, levels)."""
        middle = self._model.forecast(usage, weather, horizon_h)
        quantiles = np.repeat(middle[:, :, None], len(LEVELS), axis=2)
        if not self._errors:
            return quantiles
        errors = np.stack(self._errors)  # (weeks, series, hours)
        for lead in range(horizon_h):
            day = min(lead // DAY_H, WEEK_H // DAY_H - 1)
            of_day = errors[:, :, day * DAY_H : (day + 1) * DAY_H]
            for row in range(len(usage.series_ids)):
                known = of_day[:, row][~np.isnan(of_day[:, row])]
                if known.size:
                    quantiles[row, lead] += np.quantile(known, LEVELS)
        return np.sort(quantiles, axis=2)
