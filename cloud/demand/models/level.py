# SPDX-License-Identifier: EUPL-1.2
"""The level of now in the shape of late: how a series is used is read from its last half year.

No weather is looked at and nothing is learnt ahead: a thousand series take a second.
"""

from copy import deepcopy
from typing import Self

import numpy as np

from cloud.demand.models.local_days import WEEK_DAYS, LocalDays
from cloud.demand.models.naive import LastWeek
from cloud.demand.models.paces import PACES, Pace, Walk
from cloud.demand.series import DAY_H, WEEK_H, Floats, Ints, Usage, Weather

_HISTORY_DAYS = 7 * 24  # eight times the slowest half: what is older counts under half a percent
_JUDGED_DAYS = 42  # before the origin: thrice the half of a pace's record


class Level:
    """Forecasts by several paces at once. Holidays (the column ``holiday``) are as Sundays."""

    max_series_days = np.inf
    reach_h = 2 * WEEK_H
    is_dear = False

    def __init__(self, paces: tuple[Pace, ...] = PACES) -> None:
        self._paces = paces

    def fit(self, usage: Usage, weather: Weather) -> Self:  # noqa: ARG002 - all is in the use
        """Return self: what there is to know is read from the use itself."""
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return (series, horizon_h); NaN only for a series of which nothing is known."""
        count = usage.hours.count
        recent = usage.between(max(0, count - _HISTORY_DAYS * DAY_H), count)
        days = LocalDays.of(recent, weather, horizon_h)
        to_come = slice(recent.hours.count, None)
        if not horizon_h:
            return np.empty((len(usage.series_ids), 0))
        today = int(days.day[to_come][0])
        told = self._by_day(days, today)[:, days.day[to_come] - today, days.hour[to_come]]
        gone = np.flatnonzero(np.isnan(told).any(axis=1)).tolist()
        if gone:
            told[gone] = LastWeek().forecast(usage.of(gone), weather, horizon_h)
        return told

    def past(self, usage: Usage, weather: Weather, origins: Ints, horizon_h: int) -> Floats:
        """Return what would have been told at each origin: (series, origins, horizon_h)."""
        first = max(0, int(origins[0]) - _HISTORY_DAYS * DAY_H)
        recent = usage.between(first, usage.hours.count)
        return past_forecasts(recent, weather, origins - first, horizon_h, self._paces)

    def _by_day(self, days: LocalDays, today: int) -> Floats:
        """Return (series, days from today on, 24)."""
        walk = Walk(days.amounts, self._paces)
        for day in range(today):
            if day >= today - _JUDGED_DAYS:
                walk.foresee(days.kinds[day : day + WEEK_DAYS])
            walk.learn(days.amounts[:, day], int(days.kinds[day]))
        walk.learn(days.amounts[:, today], int(days.kinds[today]))  # the hours before the origin
        return walk.mixed(walk.ahead(days.kinds[today:]))


def past_forecasts(
    usage: Usage,
    weather: Weather,
    origins: Ints,
    horizon_h: int,
    paces: tuple[Pace, ...] = PACES,
) -> Floats:
    """Return what would have been forecast at each origin: (series, origins, horizon_h).

    ``origins`` are indices of hours, rising. Nothing at or after an origin is looked at, so what
    these forecasts missed is out of sample.
    """
    days = LocalDays.of(usage, weather, horizon_h)
    out = np.full((len(usage.series_ids), origins.size, horizon_h), np.nan)
    walk, learnt = Walk(days.amounts, paces), 0
    for index, origin in enumerate(origins.tolist()):
        to_come = slice(origin, origin + horizon_h)
        today = int(days.day[origin])
        for day in range(learnt, today):
            walk.foresee(days.kinds[day : day + WEEK_DAYS])
            walk.learn(days.amounts[:, day], int(days.kinds[day]))
        learnt, now = today, walk
        if days.hour[origin]:
            now = deepcopy(walk)
            known = np.where(np.arange(DAY_H) < days.hour[origin], days.amounts[:, today], np.nan)
            now.learn(known, int(days.kinds[today]))
        told = now.mixed(now.ahead(days.kinds[today : int(days.day[to_come][-1]) + 1]))
        out[:, index] = told[:, days.day[to_come] - today, days.hour[to_come]]
    return out
