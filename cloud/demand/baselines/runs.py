# SPDX-License-Identifier: EUPL-1.2
"""Baselines of many series, judged: learnt before an instant, compared with what came after."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np

from cloud.demand.baselines.baseline import Baseline, Predicted, fit_baseline
from cloud.demand.baselines.days import by_day
from cloud.demand.baselines.savings import Savings, savings
from cloud.demand.scores import Scores, naive_error_of, overall, score
from cloud.demand.series import DAY_H, Floats, Hours, Usage, Weather

Frequency = Literal["hourly", "daily"]


@dataclass(frozen=True, kw_only=True)
class BaselineRun:
    """Baselines of several series, and how good they were; ``saved`` and ``fit_s`` by series."""

    series_ids: tuple[str, ...]
    issued_at: datetime
    frequency: Frequency
    baselines: tuple[Baseline, ...]
    predicted: tuple[Predicted, ...]
    by_series: tuple[Scores, ...]
    overall: Scores
    saved: tuple[Savings | None, ...]
    fit_s: tuple[float, ...]

    def starts(self) -> list[datetime]:
        """Return where each interval that was predicted begins."""
        hours = self.predicted[0].hours
        if self.frequency == "hourly":
            return [hours.at(index) for index in range(hours.count)]
        firsts = np.flatnonzero(np.diff(hours.day, prepend=hours.day[0] - 1))
        return [hours.at(int(index)) for index in firsts]

    def quantiles(self) -> Iterator[tuple[str, Floats]]:
        """Yield each series with its quantiles: (intervals, levels)."""
        for name, told in zip(self.series_ids, self.predicted, strict=True):
            yield name, told.by_hour if self.frequency == "hourly" else told.by_day


def run_baselines(
    usage: Usage,
    weather: Weather,
    *,
    start: datetime,
    end: datetime | None = None,
    train_from: datetime | None = None,
    frequency: Frequency = "hourly",
    clock: Callable[[], float] = time.perf_counter,
) -> BaselineRun:
    """Learn from all between ``train_from`` and ``start``; predict until ``end``, else of use.

    Days are counted where all of their hours are known.
    """
    hours = usage.hours
    at = hours.index(start)
    since = 0 if train_from is None else max(0, hours.index(train_from))
    known = usage.between(min(since, at), at)
    seen = weather.over(known.hours)
    asked = hours.between(at, hours.count if end is None else hours.index(end))
    baselines, predicted, scores, saved, fits = [], [], [], [], []
    for row in range(len(usage.series_ids)):
        began = clock()
        fitted = fit_baseline(known.amounts[row], known.hours, seen)
        fits.append(clock() - began)
        predicted.append(fitted.predict(weather, asked))
        baselines.append(_warned(fitted, predicted[-1].warnings))
        used = usage.between(at, at + asked.count).amounts[row]
        saved.append(savings(fitted, weather, used, asked))
        scores.append(_scored(used, known.amounts[row], predicted[-1], known.hours, frequency))
    return BaselineRun(
        series_ids=usage.series_ids,
        issued_at=start,
        frequency=frequency,
        baselines=tuple(baselines),
        predicted=tuple(predicted),
        by_series=tuple(scores),
        overall=overall(scores),
        saved=tuple(saved),
        fit_s=tuple(fits),
    )


def _warned(fitted: Baseline, warnings: tuple[str, ...]) -> Baseline:
    told = dict.fromkeys([*fitted.facts.warnings, *warnings])  # each once
    return replace(fitted, facts=replace(fitted.facts, warnings=tuple(told)))


def _scored(
    used: Floats, history: Floats, told: Predicted, known: Hours, frequency: Frequency
) -> Scores:
    if frequency == "hourly":
        return score(used, told.by_hour, naive_error_of(history))
    before = by_day(history, known).sum(axis=1)
    week = np.abs(before[7:] - before[:-7])
    naive = float(np.nanmean(week)) if (~np.isnan(week)).any() else None
    return score(day_sums(used, told.hours), told.by_day, naive)


def day_sums(used: Floats, hours: Hours) -> Floats:
    """Return the sums of local days; NaN where an hour is unknown or the day isn't whole."""
    of_day = hours.day - hours.day[0]
    sums = np.bincount(of_day, weights=used)  # NaN stays NaN
    local = np.bincount(of_day)
    # A day of the change of clocks has 23 or 25 hours; fewer are a day that begins outside.
    return np.asarray(np.where(local >= DAY_H - 1, sums, np.nan))
