# SPDX-License-Identifier: EUPL-1.2
"""Baselines: what a building would have used in this weather if nothing had changed.

Unlike a forecast it never looks at use in the time that it tells of: a saving would vanish in it.
Learnt by whole days from candidates (change points, ridge regressions of calendar and weather,
smooth functions of both), mixed by how well they predict months left out. Recent years count more.
Sources: IPMVP option C; ASHRAE Guideline 14-2014; CalTRACK 2 for what is enough data.
Limits: what changes with the season for other reasons than weather looks like weather; a year of
data can't tell how a building drifts, so ranges assume that it does as buildings usually do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cloud.demand.baselines import warned
from cloud.demand.baselines.breaks import Break
from cloud.demand.baselines.change_points import ChangePoints
from cloud.demand.baselines.day_candidates import Mixture, mixture
from cloud.demand.baselines.days import Climate, by_day, climate_of, days_of
from cloud.demand.baselines.faults import Fault, cleaned
from cloud.demand.baselines.levels import USUAL_DRIFT, yearly_levels
from cloud.demand.baselines.ranges import Ranges
from cloud.demand.model import LEVELS
from cloud.demand.series import DAY_H, Floats, Hours, Ints, Weather

HISTORY_DAYS = 4 * 365  # what is older tells of another building
HALF_LIFE_DAYS = 365.0
_MIN_DAYS = 4  # of whole use; with fewer, the mean is all there is
_MIN_KNOWN_H = 20  # of a day, for what misses to be filled in by the usual course
_BLOCK_DAYS = 30
_MIN_BLOCKS = 5
_SEASON_DAYS = 91
_MIN_SEASONS = 4
_WARM_UP_H = 4 * DAY_H  # of weather before what is asked for: walls remember it


@dataclass(frozen=True, kw_only=True)
class Facts:
    """How a baseline was learnt, and how far it can be trusted.

    Attributes:
        cvrmse_pct: over days, of months left out; None without use.
        of_mean, of_course: shares of the candidates in the mean of a day and in its course.
        drift: by what share the level moves in a year (standard deviation).
        points: base load, slopes and balance points per day, None where there is too little data.
        warnings: what to know before money is paid for a saving, in sentences.
    """

    days: int
    cvrmse_pct: float | None
    of_mean: Mapping[str, float]
    of_course: Mapping[str, float]
    drift: float
    points: ChangePoints | None
    removed: Mapping[Fault, int]
    level_break: Break | None
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the facts by name, as JSON can hold them."""
        points = self.points
        return {
            "days": self.days,
            "cv_cvrmse_pct": self.cvrmse_pct,
            "shares": {name: round(share, 3) for name, share in self.of_mean.items() if share},
            "yearly_drift": self.drift,
            "base_per_day": points.base if points else None,
            "heating_per_day_c": points.heating if points else None,
            "cooling_per_day_c": points.cooling if points else None,
            "heats_below_c": points.heats_below_c if points else None,
            "cools_above_c": points.cools_above_c if points else None,
            "hours_removed": dict(self.removed),
            "level_break_on": self.level_break.on.isoformat() if self.level_break else None,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What would have been used: by hour (hours, levels) and by local day (days, levels).

    The middle is the expected use, so that hours sum to days; days that ``hours`` only touch are
    told as far as they are touched. ``warnings`` are of the weather that was given for them.
    """

    hours: Hours
    by_hour: Floats
    by_day: Floats
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A fitted baseline of one series.

    Attributes:
        missed: what days were missed by when their month was left out, for sums: (days,), with the
            numbers of these days.
    """

    facts: Facts
    climate: Climate
    model: Mixture | None
    usual: Floats  # (24,): all that is known without a model, NaN where nothing is
    floor: float
    hourly: Ranges
    daily: Ranges
    missed: Floats
    missed_days: Ints

    def predict(self, weather: Weather, hours: Hours) -> Predicted:
        """Return the baseline of ``hours``; weather before them is used where it is known."""
        first = weather.over(hours.between(-_WARM_UP_H, hours.count))
        days = days_of(first, self.climate)
        use = np.tile(self.usual, (days.count, 1)) if self.model is None else self.model.use(days)
        use = np.maximum(use, self.floor)
        row, slot = hours.day - days.number[0], hours.hour_of_day
        by_hour = np.maximum(self.hourly.around(use)[row, slot], self.floor)
        of_day = hours.day - hours.day[0] if hours.count else row
        middle = np.bincount(of_day, weights=by_hour[:, LEVELS.index(0.5)])
        share = np.bincount(of_day) / DAY_H
        with np.errstate(invalid="ignore"):
            ranges = self.daily.around((middle / share)[:, None])[:, 0] * share[:, None]
        seen_c = (-np.inf, np.inf) if self.model is None else self.model.seen_c
        return Predicted(
            hours=hours,
            by_hour=by_hour,
            by_day=np.maximum(ranges, self.floor),
            warnings=warned.of_asked(weather, hours, days, seen_c),
        )


def fit_baseline(amounts: Floats, hours: Hours, weather: Weather) -> Baseline:
    """Return the baseline of one series: ``amounts`` (hours,) with NaN where unknown."""
    first = max(0, hours.count - HISTORY_DAYS * DAY_H)
    kept = hours.between(first, hours.count)
    told = cleaned(amounts[first:])
    seen = weather.over(kept)
    climate = climate_of(seen)
    by_days = by_day(told.amounts, kept)
    whole, rows = _whole_days(by_days)
    known = told.amounts[~np.isnan(told.amounts)]
    floor = 0.0 if not known.size or known.min() >= 0 else -np.inf
    if rows.size < _MIN_DAYS:
        return _usual(by_days, seen, climate, floor, told.removed)
    days = days_of(seen, climate).of(rows)
    used = whole[rows]
    age_d = days.number[-1] - days.number
    weights = 0.5 ** (age_d / HALF_LIFE_DAYS)
    blocks = _blocks(days.number)
    levels = yearly_levels(days, used, weights, blocks)
    used, by_days[rows] = (told * levels.factors[:, None] for told in (used, by_days[rows]))
    model = mixture(days, used, weights, blocks, _blocks(days.number, _SEASON_DAYS, _MIN_SEASONS))
    sums, left_out = used.sum(axis=1), np.maximum(model.left_out, floor)
    told_sums = left_out.sum(axis=1)
    drift = levels.drift
    found = levels.found
    facts = Facts(
        days=int(rows.size),
        cvrmse_pct=_cvrmse_pct(sums, told_sums, weights),
        of_mean=model.of_mean,
        of_course=model.of_course,
        drift=drift,
        points=_per_day(model.points),
        removed=told.removed,
        level_break=found,
        warnings=warned.of_history(int(rows.size), seen, climate, told.removed, found),
    )
    return Baseline(
        facts=facts,
        climate=climate,
        model=model,
        usual=used.mean(axis=0),
        floor=floor,
        hourly=Ranges.of(by_days[rows], left_out, weights, drift),
        daily=Ranges.of(sums[:, None], told_sums[:, None], weights, drift),
        missed=sums - told_sums,
        missed_days=days.number,
    )


def _whole_days(by_days: Floats) -> tuple[Floats, Ints]:
    """Return days with small gaps filled in by the usual course, and the rows that are whole."""
    known = ~np.isnan(by_days)
    rows = np.flatnonzero(known.sum(axis=1) >= _MIN_KNOWN_H)
    filled = by_days.copy()
    if rows.size:
        course = _hour_means(by_days[rows])
        for row in rows[~known[rows].all(axis=1)]:
            there = known[row]
            usual = course[there].mean()
            factor = by_days[row, there].mean() / usual if usual > 0 else 1.0
            filled[row, ~there] = course[~there] * factor
    return filled, rows


def _usual(
    by_days: Floats,
    weather: Weather,
    climate: Climate,
    floor: float,
    removed: Mapping[Fault, int],
) -> Baseline:
    """Return the mean of what little is known; all NaN where nothing is."""
    usual = _hour_means(by_days)
    missed = by_days - usual
    used = np.where(np.isnan(by_days), usual, by_days)
    weights = np.ones(len(by_days))
    predicted = np.broadcast_to(np.nan_to_num(usual), used.shape)
    sums = used.sum(axis=1)
    drift = USUAL_DRIFT
    known = int((~np.isnan(by_days)).all(axis=1).sum())
    facts = Facts(
        days=known,
        cvrmse_pct=None,
        of_mean={},
        of_course={},
        drift=drift,
        points=None,
        removed=removed,
        level_break=None,
        warnings=warned.of_history(known, weather, climate, removed, None),
    )
    return Baseline(
        facts=facts,
        climate=climate,
        model=None,
        usual=usual,
        floor=floor,
        hourly=Ranges.of(by_days, predicted, weights, drift),
        daily=Ranges.of(sums[:, None], predicted.sum(axis=1)[:, None], weights, drift),
        missed=np.nan_to_num(missed).sum(axis=1),
        missed_days=np.arange(len(by_days)),
    )


def _hour_means(by_days: Floats) -> Floats:
    """Return the mean of each hour of the day, of all where an hour was never seen."""
    known = ~np.isnan(by_days)
    if not known.any():
        return np.full(DAY_H, np.nan)
    count = known.sum(axis=0)
    sums = np.where(known, by_days, 0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(count, sums / count, by_days[known].mean()))


def _blocks(number: Ints, days: int = _BLOCK_DAYS, least: int = _MIN_BLOCKS) -> list[Ints]:
    """Return rows to be left out together: months, or a fifth of what there is."""
    length = min(days, max(1, -(-number.size // least)))
    block = (number[-1] - number) // length
    return [np.flatnonzero(block == one) for one in np.unique(block)]


def _cvrmse_pct(used: Floats, predicted: Floats, weights: Floats) -> float | None:
    mean = float(weights @ used)
    if mean <= 0:
        return None
    error = np.sqrt(weights @ (used - predicted) ** 2 * weights.sum())
    return float(error / mean * 100)


def _per_day(points: ChangePoints) -> ChangePoints:
    """Return slopes of daily sums for those of daily means."""
    return points.times(DAY_H)
