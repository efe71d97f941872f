# SPDX-License-Identifier: EUPL-1.2
"""Lagged rank correlation: whether one series' steps are those of another, or dated otherwise.

Ranks don't mind that one rain gauge catches half of what another does. Windows are judged one by
one, so that a stretch that is shifted stands out from one that isn't, and chance in one year isn't
taken for a shift.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cloud.weather.models import Floats

MAX_LAG = 3
WINDOW_DAYS = 365
MIN_PAIRS = 120
# What another lag must gain, in Fisher's z, over all windows that agree: 4 standard errors of the
# difference, were both correlations independent, which errs on the careful side.
MIN_STANDARD_ERRORS = 4.0


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A stretch of steps dated ``lag`` later than another's (earlier if negative)."""

    first: int
    last: int  # not included
    lag: int
    correlation: float  # at the lag
    undelayed: float  # without it
    windows: int


def shifts(series: Floats, other: Floats, window: int = WINDOW_DAYS) -> list[Shift]:
    """Return the stretches over which ``series`` fits ``other`` better some steps earlier."""
    found: list[Shift] = []
    judged = list(_judged(series, other, window))
    start = 0
    while start < len(judged):
        end = start
        while end < len(judged) and judged[end][2] == judged[start][2]:
            end += 1
        lag = judged[start][2]
        if lag:
            stretch = _shift(judged[start:end], lag)
            if stretch is not None:
                found.append(stretch)
        start = end
    return found


def _judged(
    series: Floats, other: Floats, window: int
) -> Iterator[tuple[int, int, int, dict[int, float], int]]:
    """Yield windows: from, to, the best lag, all correlations, and how many pairs they rest on."""
    for first in range(0, len(series), window):
        last = min(first + window, len(series))
        by_lag, pairs = {}, 0
        for lag in range(-MAX_LAG, MAX_LAG + 1):
            told = correlation(series[first:last], _moved(other, lag)[first:last])
            if told is None:
                break
            by_lag[lag], pairs = told
        else:
            best = max(by_lag, key=lambda lag: (by_lag[lag], -abs(lag)))
            yield first, last, best, by_lag, pairs


def _shift(windows: list[tuple[int, int, int, dict[int, float], int]], lag: int) -> Shift | None:
    """Return what windows with the same best lag say together, None if it may be chance."""
    weight = sum(pairs - 3 for *_, pairs in windows)
    better, plain = (
        sum(_z(by_lag[at]) * (pairs - 3) for *_, by_lag, pairs in windows) / weight
        for at in (lag, 0)
    )
    if (better - plain) / math.sqrt(2 / weight) < MIN_STANDARD_ERRORS:
        return None
    return Shift(
        first=windows[0][0],
        last=windows[-1][1],
        lag=lag,
        correlation=math.tanh(better),
        undelayed=math.tanh(plain),
        windows=len(windows),
    )


def _z(correlation: float) -> float:
    return math.atanh(min(max(correlation, -0.999), 0.999))


def correlation(one: Floats, other: Floats) -> tuple[float, int] | None:
    """Return Spearman's rank correlation and of how many pairs; None of too few or of constants."""
    both = ~np.isnan(one) & ~np.isnan(other)
    pairs = int(both.sum())
    if pairs < MIN_PAIRS:
        return None
    first, second = _ranks(one[both]), _ranks(other[both])
    spread = float(first.std() * second.std())
    if spread == 0:
        return None
    return float(((first - first.mean()) * (second - second.mean())).mean()) / spread, pairs


def _ranks(amounts: Floats) -> Floats:
    """Return ranks; equals share the mean of theirs."""
    _, place, counts = np.unique(amounts, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], dtype=np.float64)


def _moved(series: Floats, lag: int) -> Floats:
    """Return the series ``lag`` steps later, unknown where nothing comes from."""
    moved = np.full(len(series), np.nan)
    if lag > 0:
        moved[lag:] = series[:-lag]
    elif lag < 0:
        moved[:lag] = series[-lag:]
    else:
        moved[:] = series
    return moved
