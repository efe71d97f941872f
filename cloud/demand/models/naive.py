# SPDX-License-Identifier: EUPL-1.2
"""The naive model: as a week ago. What every model has to beat, and the way out without data."""

from typing import Self

import numpy as np

from cloud.demand.series import DAY_H, WEEK_H, Floats, Usage, Weather

_WEEKS_BACK = 4


class LastWeek:
    """The same hour a week ago; where unknown, of the weeks before; else the hour's mean."""

    def fit(self, usage: Usage, weather: Weather) -> Self:  # noqa: ARG002 - learns nothing
        """Return self: there is nothing to learn."""
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:  # noqa: ARG002
        """Return (series, horizon_h); NaN only for a series of which nothing is known."""
        count = usage.hours.count
        told = np.full((len(usage.series_ids), horizon_h), np.nan)
        for lead in range(horizon_h):
            first = count + lead - (lead // WEEK_H + 1) * WEEK_H
            for back in range(_WEEKS_BACK):
                index = first - back * WEEK_H
                if index >= 0:
                    column = usage.amounts[:, index]
                    told[:, lead] = np.where(np.isnan(told[:, lead]), column, told[:, lead])
        return _filled(told, usage)


def _filled(told: Floats, usage: Usage) -> Floats:
    """Fill what is unknown by the hour's mean of the last weeks, then by the mean of all."""
    recent = usage.amounts[:, -_WEEKS_BACK * WEEK_H :]
    count = usage.hours.count
    for row in np.flatnonzero(np.isnan(told).any(axis=1)):
        known = recent[row]
        if np.isnan(known).all():
            known = usage.amounts[row]
        if np.isnan(known).all():
            continue
        phase = (count - known.size + np.arange(known.size)) % DAY_H
        for lead in np.flatnonzero(np.isnan(told[row])):
            same = known[phase == (count + lead) % DAY_H]
            of_hour = same[~np.isnan(same)]
            told[row, lead] = of_hour.mean() if of_hour.size else np.nanmean(known)
    return told
