# SPDX-License-Identifier: EUPL-1.2
"""Members of the ensemble that are forecasters of their own, and how they did lately.

A copy that has seen all but the last weeks forecasts these; by that a member is weighed.
"""

from collections.abc import Callable
from typing import Self

import numpy as np

from cloud.demand.model import Forecaster
from cloud.demand.series import WEEK_H, Floats, Ints, Usage, Weather

TRIAL_H = 8 * WEEK_H
_LEAST_H = 4 * WEEK_H  # that a copy must have seen


class Member:
    """A forecaster, made by ``make``, and a copy of it on trial."""

    def __init__(self, make: Callable[[], Forecaster]) -> None:
        self._make = make
        self._model = make()
        self._on_trial: Forecaster | None = None
        self._from = 0

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn from all, and the copy from all but the last weeks."""
        self._model = self._make().fit(usage, weather)
        self._on_trial = None
        self._from = usage.hours.count - TRIAL_H
        if self._from >= _LEAST_H:
            early = usage.until(self._from)
            self._on_trial = self._make().fit(early, weather.over(early.hours))
        return self

    def past(self, usage: Usage, weather: Weather, origins: Ints, leads: Ints) -> Floats:
        """Return what the copy says of the last weeks: (series, origins, leads), else NaN."""
        told = np.full((len(usage.series_ids), origins.size, leads.size), np.nan)
        if self._on_trial is None:
            return told
        reach = int(leads[-1]) + 1
        for place in np.flatnonzero(origins >= self._from):
            at = int(origins[place])
            seen = weather.over(usage.hours.between(0, at + reach))
            told[:, place] = self._on_trial.forecast(usage.until(at), seen, reach)[:, leads]
        return told

    def ahead(self, usage: Usage, weather: Weather, leads: Ints, horizon_h: int) -> Floats:
        """Return what is forecast: (series, 1, leads); NaN beyond the horizon."""
        reach = min(horizon_h, int(leads[-1]) + 1)
        seen = weather.over(usage.hours.between(0, usage.hours.count + reach))
        told = np.full((len(usage.series_ids), 1, leads.size), np.nan)
        here = self._model.forecast(usage, seen, reach)[:, leads[0] :]
        told[:, 0, : here.shape[1]] = here
        return told
