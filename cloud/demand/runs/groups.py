# SPDX-License-Identifier: EUPL-1.2
"""One run over a group of series: a model is fitted, or its forecasts are made, and doubted.

Nothing here knows of a database or a clock: what was known is handed in, so that the same question
has the same answer today, next year, in another process and on another machine.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cloud.demand.model import LEVELS, RangeForecaster
from cloud.demand.runs.check import Check, walk_forward
from cloud.demand.runs.days import DayErrors, whole_days
from cloud.demand.runs.fallback import (
    FAILED,
    IMPLAUSIBLE,
    NO_MODEL,
    NO_WEATHER,
    lacks_weather,
    naive_quantiles,
    reason_before,
)
from cloud.demand.runs.plausible import is_plausible
from cloud.demand.scores import MIDDLE
from cloud.demand.series import DAY_H, Floats, Usage, Weather

HORIZON_H = 336  # fourteen days
MOST_REPLAYED_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A model that has learnt.

    Attributes:
        series_ids: which series it knows, in order.
        known_h: the end of its data, in hours since 1970.
        hours: of the local day, at which it has learnt to forecast from.
        days: what it missed days by, None where that couldn't be learnt.
    """

    series_ids: tuple[str, ...]
    forecaster: RangeForecaster
    known_h: int
    hours: frozenset[int]
    days: DayErrors | None


@dataclass(frozen=True, kw_only=True)
class Forecasts:
    """Of each series: quantiles of hours, and of its whole local days' sums and peaks.

    Attributes:
        quantiles: (series, hours, levels); NaN only for a series of which nothing is known.
        sums, peaks: (series, days, levels); NaN where no range could be learnt for days.
        reasons: why a forecast is the naive model's, None where it is not.
        failure: what a model that failed said.
    """

    quantiles: Floats
    sums: Floats
    peaks: Floats
    reasons: tuple[str | None, ...]
    failure: str | None = None


def fit(
    make: Callable[[], RangeForecaster],
    usage: Usage,
    weather: Weather,
    every_h: int = DAY_H,
) -> tuple[Fitted, Check | None, float]:
    """Return a model of all that ``usage`` tells, how it does, and how long both took in s.

    What a forecaster learns only when it is first asked from an hour of the day is learnt here, for
    every ``every_h`` hours of it: a forecast must not take as long as a fit.
    """
    began = time.perf_counter()
    check = walk_forward(make, usage, weather, HORIZON_H)
    forecaster = make().fit(usage, weather.over(usage.hours))
    count, hours = usage.hours.count, set()
    beyond = weather.over(usage.hours.between(0, count + HORIZON_H))
    for back in range(0, min(DAY_H, count), every_h):
        known = usage.until(count - back)
        forecaster.forecast(known, beyond.between(0, count - back + HORIZON_H), HORIZON_H)
        hours.add(_hour_after(usage, count - back))
    fitted = Fitted(
        series_ids=usage.series_ids,
        forecaster=forecaster,
        known_h=_since_1970(usage, count),
        hours=frozenset(hours),
        days=check.days if check else None,
    )
    return fitted, check, time.perf_counter() - began


def forecast(fitted: Fitted | None, usage: Usage, weather: Weather, horizon_h: int) -> Forecasts:
    """Return forecasts of the hours that follow on ``usage``, which may end in unknown ones.

    ``weather`` reaches to their end. Where the model can't be had or believed, the naive model's.
    """
    quantiles = naive_quantiles(usage, horizon_h)
    reasons = [reason_before(used) for used in usage.amounts]
    told, failure = None, None
    if lacks_weather(weather, usage.hours.count):
        reasons = [reason or NO_WEATHER for reason in reasons]
    elif fitted is None:
        reasons = [reason or NO_MODEL for reason in reasons]
    else:
        try:
            told = _modelled(fitted, usage, weather, horizon_h)
        except Exception as error:  # noqa: BLE001 - whatever it is, there has to be a forecast
            failure = f"{type(error).__name__}: {error}"[:500]
            reasons = [reason or FAILED for reason in reasons]
    if told is not None and fitted is not None:
        for row, name in enumerate(usage.series_ids):
            reasons[row] = reasons[row] or _doubt(name, fitted, told[row], usage.amounts[row])
            if reasons[row] is None:
                quantiles[row] = told[row]
    sums, peaks = _days(fitted, usage, quantiles, reasons)
    return Forecasts(
        quantiles=quantiles, sums=sums, peaks=peaks, reasons=tuple(reasons), failure=failure
    )


def _modelled(fitted: Fitted, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
    """Return the model's quantiles in the order of ``usage``, NaN for series it doesn't know.

    It goes on from the newest hour that is known of any series and that it has learnt to go on
    from, and its first hours are left out. Before that it forecasts the days since its fit, for a
    forecaster that looks at how it fared; all of these were known when the forecast is issued.
    """
    known_h = _learnt_h(fitted, usage)
    gap_h = usage.hours.count - known_h
    rows = {name: row for row, name in enumerate(usage.series_ids)}
    asked = np.full((len(fitted.series_ids), known_h), np.nan)
    for at, name in enumerate(fitted.series_ids):
        if name in rows:
            asked[at] = usage.amounts[rows[name], :known_h]
    known = Usage(
        series_ids=fitted.series_ids, hours=usage.hours.between(0, known_h), amounts=asked
    )
    seen = weather.over(usage.hours.between(0, known_h + gap_h + horizon_h))
    for origin in _replayed(fitted, usage, known_h):
        fitted.forecaster.forecast(known.until(origin), seen.between(0, origin + DAY_H), DAY_H)
    told = fitted.forecaster.forecast(known, seen, gap_h + horizon_h)[:, gap_h:]
    expected = (len(fitted.series_ids), horizon_h, len(LEVELS))
    if told.shape != expected:
        raise ValueError(f"The model told {told.shape}, not {expected}.")
    whole = np.full((len(usage.series_ids), horizon_h, len(LEVELS)), np.nan)
    for at, name in enumerate(fitted.series_ids):
        if name in rows:
            whole[rows[name]] = told[at]
    return whole


def _replayed(fitted: Fitted, usage: Usage, known_h: int) -> list[int]:
    """Return the origins since the fit, one a day, at the hour of the local day of ``known_h``.

    By the clock: an hour off it, as after a change of the clock, would have to be learnt first.
    """
    days = range(MOST_REPLAYED_DAYS, 0, -1)
    around = (known_h - day * DAY_H + off for day in days for off in (-1, 0, 1))
    hour = _hour_after(usage, known_h)
    found = {
        usage.hours.between(at, at + 1).day[0]: at
        for at in around
        if fitted.known_h <= _since_1970(usage, at) < _since_1970(usage, known_h)
        and at > 0
        and _hour_after(usage, at) == hour
    }
    return list(found.values())


def _learnt_h(fitted: Fitted, usage: Usage) -> int:
    """Return the newest hour to go on from; 0 for nothing known.

    Where the newest hour ends that is known of any series, or before that, at an hour of the day
    that the model has learnt to forecast from.
    """
    known = np.flatnonzero(~np.isnan(usage.amounts).all(axis=0))
    newest = int(known[-1]) + 1 if known.size else 0
    for known_h in range(newest, max(0, newest - DAY_H), -1):
        if _hour_after(usage, known_h) in fitted.hours:
            return known_h
    return newest


def _hour_after(usage: Usage, index: int) -> int:
    """Return the hour of the local day that begins at ``index``."""
    return int(usage.hours.between(index, index + 1).hour_of_day[0])


def _since_1970(usage: Usage, index: int) -> int:
    return int(usage.hours.at(index).timestamp()) // 3600


def _doubt(name: str, fitted: Fitted, told: Floats, used: Floats) -> str | None:
    if name not in fitted.series_ids:
        return NO_MODEL
    return None if is_plausible(told, used) else IMPLAUSIBLE


def _days(
    fitted: Fitted | None, usage: Usage, quantiles: Floats, reasons: list[str | None]
) -> tuple[Floats, Floats]:
    """Return quantiles of sums and peaks of the whole days ahead, of the model's forecasts."""
    count = usage.hours.count
    days = whole_days(usage.hours.between(count, count + quantiles.shape[1]))
    sums = np.full((len(usage.series_ids), len(days), len(LEVELS)), np.nan)
    peaks = sums.copy()
    rows = [row for row, reason in enumerate(reasons) if reason is None]
    if fitted is None or fitted.days is None or not rows:
        return sums, peaks
    theirs = usage.of(rows)
    errors = fitted.days.of(theirs.series_ids)
    sums[rows], peaks[rows] = errors.ranges(quantiles[rows, :, MIDDLE], theirs, days)
    return sums, peaks
