# SPDX-License-Identifier: EUPL-1.2
"""Rivals of the forecaster, as forecasters of their own: Tao's vanilla model and the naive one.

They have no ranges: all their quantiles are the middle, and only its figures are to be quoted.
"""

from typing import Self

import numpy as np

from cloud.demand.model import LEVELS, Forecaster
from cloud.demand.models.features import without_gaps
from cloud.demand.series import Floats, Hours, Usage, Weather


class WithoutRanges:
    """A forecaster whose range is nothing but its middle."""

    def __init__(self, forecaster: Forecaster) -> None:
        self._forecaster = forecaster

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn; return self."""
        self._forecaster.fit(usage, weather)
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return (series, horizon_h, levels), all levels the same."""
        middle = self._forecaster.forecast(usage, weather, horizon_h)
        return np.repeat(middle[:, :, None], len(LEVELS), axis=2)


class TaoVanilla:
    """Least squares on trend, month, hour of the week, and cubic temperature by month and hour.

    Source: Hong (2010), the benchmark of GEFCom2012; a series needs a year of history.
    """

    def __init__(self) -> None:
        self._weights = np.empty(0)

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn from all hours whose use is known."""
        columns = self.columns(usage.hours, weather)
        weights = []
        for used in usage.amounts:
            known = ~np.isnan(used)
            weights.append(np.linalg.lstsq(columns[known], used[known], rcond=None)[0])
        self._weights = np.stack(weights)
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return (series, horizon_h)."""
        count = usage.hours.count
        ahead = weather.over(usage.hours.between(count, count + horizon_h))
        return np.asarray(self._weights @ self.columns(ahead.hours, ahead).T)

    @staticmethod
    def columns(hours: Hours, weather: Weather) -> Floats:
        """Return the columns of the regression: (hours, columns)."""
        temperature = without_gaps(weather.get("temperature_c")) / 10
        months = (hours.day.astype("datetime64[D]").astype("datetime64[M]")).astype(int) % 12
        month, hour = np.eye(12)[months], np.eye(24)[hours.hour_of_day]
        week = np.eye(168)[hours.weekday * 24 + hours.hour_of_day]
        years = hours.start.timestamp() / 3.156e7 + np.arange(hours.count) / 8766 - 42
        parts = [years[:, None], month, week]
        for power in (1, 2, 3):
            told = (temperature**power)[:, None]
            parts += [told * month, told * hour]
        return np.concatenate(parts, axis=1)
