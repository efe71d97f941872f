# SPDX-License-Identifier: EUPL-1.2
"""``python -m tests.benchmark.demand.districts [--year]``: water of districts, each day ahead.

Forecasts of ten districts issued at local midnights, with the weather that came. Four stretches of
28 days, 91 days apart, the last one at the end of the history; each begins with a fit. ``--year``
takes the whole last year, with a fit every 91 days. Prints medians over the districts: the CVRMSE
of day sums (which is what the target is of: the naive model has some 6 % by days, 10 % by hours)
and of hours, and how much of the hours the 90 % range covered. The last line is one JSON object.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cloud.demand.model import LEVELS, Forecaster, RangeForecaster
from cloud.demand.models.forecast import default_forecaster
from cloud.demand.models.level import Level
from cloud.demand.models.naive import LastWeek
from cloud.demand.series import DAY_H, Floats, Ints, Usage, Weather
from tests.benchmark.demand import ferrara
from tests.benchmark.demand.level_days import foretold_days
from tests.benchmark.demand.spread import Spread
from tests.benchmark.demand.verdicts import Wanted, judge, show

USAGE = "python -m tests.benchmark.demand.districts [--year]\n"
STRETCHES = 4
_YEAR_DAYS = 364
_REFIT_DAYS = _YEAR_DAYS // STRETCHES
_SAMPLE_DAYS = 28
_LEAST_H = 20  # a day of which fewer hours are known isn't scored
_MIDDLE = LEVELS.index(0.5)
WANTED = (
    Wanted(figure="cvrmse_days_pct", most=4.1),
    Wanted(figure="coverage90_pct", least=88.0, most=92.0),
)
OURS = "Iskar"
BY_DAYS = "day sums: trees and level"


def _of_the_level() -> Spread:
    return Spread([Level])


MODELS: dict[str, Callable[[], Forecaster | RangeForecaster]] = {
    OURS: default_forecaster,
    "Iskar, the level alone": _of_the_level,
    "as last week": LastWeek,
}


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Days in a row: places among ``midnights``, the hours at which local days begin."""

    midnights: Ints
    first: int
    last: int


def main(options: list[str]) -> int:
    """Run all of it; return the exit status."""
    if options not in ([], ["--year"]):
        sys.stderr.write(USAGE)
        return 2
    usage, weather = ferrara.longest()
    days = _REFIT_DAYS if options else _SAMPLE_DAYS
    stretches = _stretches(usage, days)
    what = f"{STRETCHES} stretches of {days} days"
    print(f"Ferrara's districts, {what}, one fit for each.", flush=True)
    came = _came(usage, stretches)
    rows: dict[str, dict[str, float | None]] = {}
    for name, make in MODELS.items():
        began_s = time.process_time()
        told = np.concatenate([_walked(make(), usage, weather, one) for one in stretches])
        rows[name] = figures(told, came) | {"cpu_s": time.process_time() - began_s}
        print(f"{name}: done in {rows[name]['cpu_s']:.0f} s of CPU", flush=True)
    by_days = np.concatenate([_by_days(usage, weather, one) for one in stretches])
    rows[BY_DAYS] = {"cvrmse_days_pct": figures(by_days, came)["cvrmse_days_pct"]}
    show("Water of districts, day ahead; medians", rows, WANTED)
    judge(rows[OURS], WANTED, what)
    print(json.dumps(rows))
    return 0


def _stretches(usage: Usage, days: int) -> list[Stretch]:
    midnights = np.flatnonzero(usage.hours.hour_of_day == 0)
    midnights = midnights[midnights + DAY_H <= usage.hours.count]
    ends = [midnights.size - back * _REFIT_DAYS for back in reversed(range(STRETCHES))]
    return [Stretch(midnights=midnights, first=end - days, last=end) for end in ends]


def _came(usage: Usage, stretches: list[Stretch]) -> Floats:
    """Return what was used: (days, series, 24)."""
    at = np.concatenate([one.midnights[one.first : one.last] for one in stretches])
    return np.stack([usage.amounts[:, origin : origin + DAY_H] for origin in at.tolist()])


def _walked(
    model: Forecaster | RangeForecaster, usage: Usage, weather: Weather, stretch: Stretch
) -> Floats:
    """Return forecasts (days, series, 24, levels or 1) of a model that is fitted once."""
    told = []
    for origin in stretch.midnights[stretch.first : stretch.last].tolist():
        known = usage.until(origin)
        if not told:
            model.fit(known, weather.over(known.hours))
        seen = weather.over(known.hours.between(0, origin + DAY_H))
        one = model.forecast(known, seen, DAY_H)
        told.append(one if one.ndim > usage.amounts.ndim else one[..., None])
    return np.stack(told)


def _by_days(usage: Usage, weather: Weather, stretch: Stretch) -> Floats:
    """Return the rival's days, told for each of their hours: (days, series, 24, 1)."""
    known = usage.until(int(stretch.midnights[stretch.last - 1]) + DAY_H)
    told = foretold_days(known, weather, stretch.midnights[: stretch.last], stretch.first)
    means = told[:, stretch.first :].T[..., None, None]
    return np.repeat(means, DAY_H, axis=2)


def figures(told: Floats, came: Floats) -> dict[str, float | None]:
    """Return medians over the series of ``told`` (days, series, 24, levels or 1)."""
    middle = told[..., _MIDDLE if told.shape[-1] > 1 else 0]
    missed, mean = came - middle, np.nanmean(came, axis=(0, 2))
    known = ~np.isnan(missed)
    counts = known.sum(axis=2)
    of_days = np.where(known, missed, 0.0).sum(axis=2) / np.maximum(counts, 1)
    of_days = np.where(counts >= _LEAST_H, of_days, np.nan)
    out: dict[str, float | None] = {
        "cvrmse_days_pct": _median(np.sqrt(np.nanmean(of_days**2, axis=0)) / mean * 100),
        "cvrmse_hours_pct": _median(np.sqrt(np.nanmean(missed**2, axis=(0, 2))) / mean * 100),
    }
    if told.shape[-1] > 1:
        inside = (told[..., 0] <= came) & (came <= told[..., -1])
        share = np.where(known, inside, 0.0).sum(axis=(0, 2)) / np.maximum(known.sum((0, 2)), 1)
        out["coverage90_pct"] = _median(share * 100)
        out["coverage90_mean_pct"] = float(np.mean(share) * 100)
    return out


def _median(told: Floats) -> float:
    return float(np.median(told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
