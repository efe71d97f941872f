# SPDX-License-Identifier: EUPL-1.2
"""A forecaster that tries to look ahead in a backtest is handed nothing to look at."""

import gc
from typing import Self

import numpy as np

from cloud.demand.backtest import Backtest, backtest
from cloud.demand.models.naive import LastWeek
from cloud.demand.series import WEEK_H, Floats, Usage, Weather
from tests.demand_builders import some_hours, some_usage, some_weather

WEATHER = some_weather(some_hours(10 * WEEK_H))
USAGE = some_usage(WEATHER, noise=0.3)
SPREAD = np.array([0.9, 1.0, 1.1])


class Cheat:
    """As a week ago; but whatever it can lay hands on of the hours to come it forecasts."""

    def __init__(self, stolen: Usage | None = None) -> None:
        self._stolen = stolen

    def fit(self, usage: Usage, weather: Weather) -> Self:  # noqa: ARG002
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        middle = LastWeek().forecast(usage, weather, horizon_h)
        count = usage.hours.count
        if self._stolen is not None:
            middle = self._stolen.between(count, count + horizon_h).amounts
        for told in (usage.amounts, *weather.columns.values()):
            whole = told.base  # what a view would be cut from
            if isinstance(whole, np.ndarray) and whole.shape[-1] >= count + horizon_h:
                middle = np.atleast_2d(whole)[:, count : count + horizon_h]
        later = usage.between(count, count + horizon_h).amounts
        return np.where(np.isnan(later), middle, later)[:, :, None] * SPREAD


def _mae(stolen: Usage | None) -> float:
    told: Backtest = backtest(
        lambda: Cheat(stolen), USAGE, WEATHER, start=USAGE.hours.at(6 * WEEK_H), horizon_h=24
    )
    assert told.overall.mae is not None
    return told.overall.mae


def test_a_cheat_does_as_well_as_who_does_not() -> None:
    honest = np.nanmean(
        np.abs(USAGE.amounts[:, 6 * WEEK_H :] - USAGE.amounts[:, 5 * WEEK_H : -WEEK_H])
    )
    assert abs(_mae(None) - honest) < 1e-9
    gc.collect()


def test_one_that_is_given_the_future_is_caught_by_being_too_good() -> None:
    assert _mae(USAGE) == 0
