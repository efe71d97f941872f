# SPDX-License-Identifier: EUPL-1.2
"""``python -m tests.benchmark.demand.districts``: water of districts, each day for the next.

A year of local midnights; the models are refitted every 13 weeks. Prints the CVRMSE of days and of
hours and the coverage of the 90 % range by hours, ours beside the naive model; medians over the
districts, last as one JSON object.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from cloud.demand.model import LEVELS, Forecaster, RangeForecaster
from cloud.demand.models.forecast import default_forecaster
from cloud.demand.models.level import Level
from cloud.demand.models.naive import LastWeek
from cloud.demand.models.spread import Spread
from cloud.demand.series import DAY_H, Floats, Usage, Weather
from tests.benchmark.demand import ferrara

_DAYS = 365
_REFIT_DAYS = 91
_LEAST_H = 20  # a day of which fewer hours are known isn't scored
_MIDDLE = LEVELS.index(0.5)
WANTED = "wanted: CVRMSE of days 4.1 %, coverage 88 to 92 %"


def _of_the_level() -> Spread:
    return Spread([Level])


MODELS: dict[str, Callable[[], Forecaster | RangeForecaster]] = {
    "Iskar": default_forecaster,
    "Iskar, the level alone": _of_the_level,
    "as last week": LastWeek,
}


def main() -> int:
    """Run all of it; return the exit status."""
    usage, weather = ferrara.longest()
    found = {}
    for name, make in MODELS.items():
        began_s = time.process_time()
        told, came = _year(make, usage, weather)
        figures = _figures(told, came)
        found[name] = figures
        shown = ", ".join(f"{key} {amount:.2f}" for key, amount in figures.items())
        print(f"{name:24} {shown}; {time.process_time() - began_s:.0f} s of CPU", flush=True)
    print(f"{WANTED}.")
    print(json.dumps(found))
    return 0


def _year(
    make: Callable[[], Forecaster | RangeForecaster], usage: Usage, weather: Weather
) -> tuple[Floats, Floats]:
    """Return forecasts (days, series, 24, levels or 1), and what came (days, series, 24)."""
    hours = usage.hours
    midnights = np.flatnonzero(hours.hour_of_day == 0)
    told, came = [], []
    model = make()
    for index, origin in enumerate(midnights[midnights + DAY_H <= hours.count][-_DAYS:].tolist()):
        known = usage.until(origin)
        if index % _REFIT_DAYS == 0:
            model = make().fit(known, weather.over(known.hours))
        seen = weather.over(known.hours.between(0, origin + DAY_H))
        one = model.forecast(known, seen, DAY_H)
        told.append(one if one.ndim > usage.amounts.ndim else one[..., None])
        came.append(usage.amounts[:, origin : origin + DAY_H])
    return np.stack(told), np.stack(came)


def _figures(told: Floats, came: Floats) -> dict[str, float]:
    """Return medians over the series."""
    middle = told[..., _MIDDLE if told.shape[-1] > 1 else 0]
    missed, mean = came - middle, np.nanmean(came, axis=(0, 2))
    enough = (~np.isnan(missed)).sum(axis=2) >= _LEAST_H
    of_days = np.where(enough, np.nanmean(missed, axis=2), np.nan)
    figures = {
        "cvrmse_days_pct": _median(np.sqrt(np.nanmean(of_days**2, axis=0)) / mean * 100),
        "cvrmse_hours_pct": _median(np.sqrt(np.nanmean(missed**2, axis=(0, 2))) / mean * 100),
    }
    if told.shape[-1] > 1:
        inside = (told[..., 0] <= came) & (came <= told[..., -1])
        share = np.nanmean(np.where(np.isnan(came), np.nan, inside), axis=(0, 2))
        figures["coverage90_pct"] = _median(share * 100)
    return figures


def _median(told: Floats) -> float:
    return float(np.median(told))


if __name__ == "__main__":
    sys.exit(main())
