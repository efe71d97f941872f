# SPDX-License-Identifier: EUPL-1.2
"""Public holidays, and the mean temperature of local days."""

import importlib.util
from collections.abc import Mapping
from datetime import date

import numpy as np

from cloud.demand.history.weathering import HOLIDAYS_OF
from cloud.demand.series import Hours
from cloud.demand.usual.method import MIN_WEATHER_H
from cloud.kit.hypertable import ZONE
from cloud.weather.models import DAY, EPOCH, Weather


def days_off(today: date) -> frozenset[date]:
    """Return the public holidays of this year and the last.

    None where the package ``holidays`` isn't there, which comes with the extra ``demand``.
    """
    if not importlib.util.find_spec("holidays"):
        return frozenset()
    import holidays

    return frozenset(holidays.country_holidays(HOLIDAYS_OF, years=[today.year - 1, today.year]))


def daily_c(weather: Weather) -> Mapping[date, float]:
    """Return the mean temperature of each local day of which most hours are known, in °C."""
    hours = Hours(start=weather.grid.start, count=weather.grid.count, zone=ZONE)
    temperature = weather.get("temperature_c")
    if not hours.count:
        return {}
    place = hours.day - hours.day[0]
    known = np.isfinite(temperature)
    counts = np.bincount(place[known], minlength=int(place[-1]) + 1)
    sums = np.bincount(place[known], weights=temperature[known], minlength=int(place[-1]) + 1)
    return {
        EPOCH + int(hours.day[0] + at) * DAY: float(sums[at] / counts[at])
        for at in np.flatnonzero(counts >= MIN_WEATHER_H)
    }
