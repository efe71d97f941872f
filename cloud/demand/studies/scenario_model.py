# SPDX-License-Identifier: EUPL-1.2
"""The model under scenarios: use by calendar and daily temperature, its level held; and its misses.

Misses are learnt as they will be made: the model is taught by all that came before an origin, told
the weather that followed, and what it missed by is kept hour by hour, over the level fitted.
"""

import math
from dataclasses import dataclass

import numpy as np

from cloud.demand.series import DAY_H, WEEK_H, Floats, Hours, Ints, Usage, Weather
from cloud.demand.studies.additive import (
    MIN_BLOCKS,
    Additive,
    Fitting,
    Solution,
    TooLittleHistoryError,
    fit,
)
from cloud.demand.studies.explain import unhelpful
from cloud.demand.studies.students import t_quantile
from cloud.demand.studies.terms import (
    DRIFT,
    HUMIDITY,
    RAIN,
    SUN,
    SUPPLY_RAIN,
    TEMPERATURE,
    TREND,
    WIND,
)

WITHOUT = (RAIN, SUPPLY_RAIN, HUMIDITY, WIND, SUN)  # long records tell temperature best
_LEVEL_H = 8 * WEEK_H  # of last errors, whose mean moves the level
_FIRST_H = 400 * DAY_H  # of history before the first origin, or half of it if that is less
_MIN_STRETCHES = 4
_FLOOR = 0.2  # of mean use: errors aren't scaled by less


@dataclass(frozen=True, kw_only=True)
class History:
    """A fitted history, ready to be gone on with.

    Attributes:
        columns: (hours, columns), standardised.
        use: (hours,), NaN where use or weather is unknown.
        out: places of the columns left out.
        level: what the last weeks were above the fit.
    """

    fitting: Fitting
    model: Additive
    hours: Hours
    columns: Floats
    use: Floats
    out: Ints
    level: float

    def held(self, ahead: Hours, weather: Weather) -> Floats:
        """Return (hours,) of use without the part of temperature, the level held."""
        blind = Weather(
            hours=ahead,
            columns={
                "holiday": weather.over(ahead).get("holiday"),
                "temperature_c": np.zeros(ahead.count),
            },
        )
        parts = self.model.parts(ahead, blind)
        rest = [part for name, part in parts.items() if name != TEMPERATURE]
        return np.asarray(np.sum(rest, axis=0) + self.model.coefficients[-1] + self.level)


@dataclass(frozen=True, kw_only=True)
class Misses:
    """Stretches of errors over the level fitted, each as long as the scenario or its share of it.

    Their means are widened for how few of them don't overlap.

    Attributes:
        stretches: (origins, hours), no unit.
        floor: amounts (in the unit of use) under which errors are not scaled.
        apart: how many stretches don't overlap, the honest count.
        out_of_sample: whether the model saw nothing of them.
    """

    stretches: Floats
    floor: float
    apart: int
    out_of_sample: bool
    notes: tuple[str, ...]

    def draw(self, luck: np.random.Generator, fitted: Floats) -> Floats:
        """Return (hours,) of errors in the unit of use, for what is fitted."""
        stretch = self.stretches[luck.integers(len(self.stretches))]
        errors = np.resize(stretch, fitted.size)
        if stretch.size < fitted.size:
            # The last level goes on; the hours' own errors begin anew.
            errors = errors.copy()
            errors[stretch.size :] += stretch[-4 * WEEK_H :].mean() - stretch.mean()
        sign = 1.0 if luck.random() < 0.5 else -1.0
        return np.asarray(sign * errors * scale_of(fitted, self.floor))


def scale_of(fitted: Floats, floor: float) -> Floats:
    """Return what errors are taken over: a day's mean level, but never under ``floor``."""
    day = np.ones(min(DAY_H, fitted.size))
    smooth = np.convolve(fitted, day, "same")
    return np.maximum(smooth / np.convolve(np.ones(fitted.size), day, "same"), floor)


def history_of(usage: Usage, weather: Weather, row: int) -> History:
    """Fit one series by calendar, season, level and daily temperature.

    Raises:
        TooLittleHistoryError: the history can't tell.
    """
    fitting = fit(usage, weather, row, by_day=True, without=WITHOUT)
    if len(fitting.products.blocks) < MIN_BLOCKS:
        raise TooLittleHistoryError(
            f"{usage.series_ids[row]} spans {len(fitting.products.blocks)} blocks;"
            f" {MIN_BLOCKS} are needed to tell what may come."
        )
    dropped, _ = unhelpful(fitting, keep=(TEMPERATURE,))
    model = fitting.model(dropped)
    columns = model.standardised(usage.hours, weather)
    use = np.where(np.isnan(columns).any(axis=1), np.nan, usage.amounts[row])
    fitted = columns @ model.coefficients[:-1] + model.coefficients[-1]
    return History(
        fitting=fitting,
        model=model,
        hours=usage.hours,
        columns=columns,
        use=use,
        out=fitting.products.places(dropped),
        level=_level(use - fitted),
    )


def misses_of(history: History, count: int) -> Misses:
    """Return what the model missed by over ``count`` hours from past origins on."""
    products = history.fitting.products
    use_scale = history.fitting.use_scale
    floor = _FLOOR * float(np.nanmean(np.abs(history.use)))
    ends = [one.end for one in products.blocks]
    known = np.flatnonzero(~np.isnan(history.use))
    first = known[0] + min(_FIRST_H, (known[-1] - known[0]) // 2)
    origins = [at for at in range(len(ends)) if ends[at] >= first and ends[at] < known[-1]]
    longest = _longest([int(known[-1]) + 1 - ends[at] for at in origins], count)
    stretches, levels = (
        [],
        [products.groups[name] for name in (TREND, DRIFT) if name in products.groups],
    )
    for at in origins:
        if known[-1] + 1 - ends[at] < longest:
            continue
        taught = np.sum([one.inside for one in products.blocks[: at + 1]], axis=0)
        told = Solution.of(taught, history.fitting.penalty).without(history.out) * use_scale
        errors = _errors(history, told, ends[at], longest, levels, floor)
        if not np.isnan(errors).all():
            stretches.append(np.where(np.isnan(errors), np.nanmean(errors), errors))
    if len(stretches) < _MIN_STRETCHES:
        return _misses_within(history, floor)
    notes = []
    if longest < count:
        notes.append(f"model error beyond {longest // DAY_H} days ahead is taken as at that")
    apart = max(1, int((known[-1] - ends[origins[0]]) // longest))
    table = np.array(stretches)
    apart = min(apart, len(table))
    return Misses(
        stretches=table + (_widening(apart) - 1) * table.mean(axis=1, keepdims=True),
        floor=floor,
        apart=apart,
        out_of_sample=True,
        notes=tuple(notes),
    )


def _widening(apart: int) -> float:
    """Return by how much wider a range of one more is than the spread of so few seen.

    Source: the prediction interval of Student's t about a known mean, for 90 %.
    """
    freedom = max(2, apart)
    return t_quantile(0.95, freedom) / t_quantile(0.95, 10**6) * math.sqrt(1 + 1 / freedom)


def _errors(
    history: History, told: Floats, origin: int, longest: int, levels: list[slice], floor: float
) -> Floats:
    """Return what a fit taught until ``origin`` missed by after it, its level held."""
    before = slice(max(0, origin - _LEVEL_H), origin)
    fitted = history.columns[before] @ told[:-1] + told[-1]
    level = _level(history.use[before] - fitted)
    after = history.columns[origin : origin + longest].copy()
    for group in levels:
        after[:, group] = history.columns[origin - 1, group]
    ahead = after @ told[:-1] + told[-1] + level
    filled = np.where(np.isnan(ahead), np.nanmean(ahead), ahead)
    return np.asarray((history.use[origin : origin + longest] - ahead) / scale_of(filled, floor))


def _longest(left: list[int], count: int) -> int:
    """Return how long stretches may be, so that there are enough of them; whole weeks."""
    if len(left) < _MIN_STRETCHES:
        return count
    enough = sorted(left, reverse=True)[_MIN_STRETCHES - 1]
    return count if enough >= count else max(WEEK_H, enough // WEEK_H * WEEK_H)


def _misses_within(history: History, floor: float) -> Misses:
    """Return blocks of four weeks of errors of the fit itself: too small, and said to be."""
    fitted = history.columns @ history.model.coefficients[:-1] + history.model.coefficients[-1]
    filled = np.where(np.isnan(fitted), np.nanmean(fitted), fitted)
    errors = (history.use - fitted) / scale_of(filled, floor)
    length = min(4 * WEEK_H, errors.size // 2)
    cut = errors[: errors.size // length * length].reshape(-1, length)
    cut = cut[~np.isnan(cut).all(axis=1)]
    means = np.nanmean(cut, axis=1, keepdims=True)
    return Misses(
        stretches=np.where(np.isnan(cut), means, cut),
        floor=floor,
        apart=len(cut),
        out_of_sample=False,
        notes=("the history is too short to forecast its past: ranges are too narrow",),
    )


def _level(errors: Floats) -> float:
    """Return the median of the last weeks' mean errors: a burst for some days moves nothing."""
    last = errors[-_LEVEL_H:]
    weeks = [last[at : at + WEEK_H] for at in range(0, last.size, WEEK_H)]
    means = [float(np.nanmean(one)) for one in weeks if (~np.isnan(one)).sum() >= 2 * DAY_H]
    return float(np.median(means)) if means else 0.0
