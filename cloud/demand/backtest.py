# SPDX-License-Identifier: EUPL-1.2
"""Backtests: forecasts as they would have been issued, origin by origin, and how good they were.

The future can't be seen: a model is handed copies that end at the origin, and weather that ends
with the horizon. Refitted now and then, as in operation.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cloud.demand.model import LEVELS, RangeForecaster
from cloud.demand.scores import Scores, naive_error_of, overall, score
from cloud.demand.series import Floats, Hours, Usage, Weather


@dataclass(frozen=True, kw_only=True)
class Issued:
    """One forecast of all series: quantiles are (series, hours, levels)."""

    issued_at: datetime
    hours: Hours
    quantiles: Floats


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What was forecast, and how good it was, by series and over all."""

    series_ids: tuple[str, ...]
    issued: tuple[Issued, ...]
    by_series: tuple[Scores, ...]
    overall: Scores
    fit_s: float


def backtest(
    make: Callable[[], RangeForecaster],
    usage: Usage,
    weather: Weather,
    *,
    start: datetime,
    horizon_h: int,
    step_h: int | None = None,
    refit_h: int | None = None,
) -> Backtest:
    """Issue forecasts from ``start`` on, every ``step_h`` (else each horizon), and score them.

    Hours forecast several times count by the newest forecast issued before them. The weather to
    come is what ``weather`` tells: where that was observed, the error of weather forecasts is left
    out.
    """
    fit_s, issued = 0.0, []
    model, fitted_at = None, 0
    for origin in _origins(usage, weather, start, step_h or horizon_h):
        known = usage.until(origin)
        seen = weather.over(known.hours.between(0, origin + horizon_h))
        if model is None or (refit_h is not None and origin - fitted_at >= refit_h):
            began = time.perf_counter()
            model = (make() if model is None else model).fit(known, weather.over(known.hours))
            fitted_at = origin
            fit_s += time.perf_counter() - began
        issued.append(
            Issued(
                issued_at=usage.hours.at(origin),
                hours=usage.hours.between(origin, origin + horizon_h),
                quantiles=model.forecast(known, seen, horizon_h),
            )
        )
    by_series = tuple(_scored(usage, issued, row) for row in range(len(usage.series_ids)))
    return Backtest(
        series_ids=usage.series_ids,
        issued=tuple(issued),
        by_series=by_series,
        overall=overall(by_series),
        fit_s=fit_s,
    )


def _origins(usage: Usage, weather: Weather, start: datetime, step_h: int) -> Iterator[int]:
    """Yield where forecasts begin: at ``start``, and on while use or weather is there to follow."""
    end = max(usage.hours.count, usage.hours.index(weather.hours.end))
    first = usage.hours.index(start)
    yield from range(first, max(end, first + 1), step_h)


def _scored(usage: Usage, issued: list[Issued], row: int) -> Scores:
    first = usage.hours.index(issued[0].hours.start)
    last = max(usage.hours.index(one.hours.end) for one in issued)
    newest = np.full((last - first, len(LEVELS)), np.nan)
    for one in issued:
        at = usage.hours.index(one.hours.start) - first
        newest[at : at + one.hours.count] = one.quantiles[row]
    used = usage.between(first, last).amounts[row]
    return score(used, newest, naive_error_of(usage.amounts[row, :first]))
