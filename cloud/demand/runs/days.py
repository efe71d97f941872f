# SPDX-License-Identifier: EUPL-1.2
"""Days of a forecast: sums and peaks with ranges of their own.

The hours' ranges don't add up to a day's: errors of neighbouring hours go together, but not wholly.
So a day's sum and its highest hour get their ranges from how far the model missed those of past
days, over the series' level then; as many days ahead.
Source: split conformal prediction, Vovk et al. (2005); errors over a level as in MASE's idea,
Hyndman and Koehler (2006).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from cloud.demand.model import LEVELS
from cloud.demand.series import DAY_H, WEEK_H, Floats, Hours, Usage

LEVEL_WEEKS = 4  # over which a series' level is reckoned
LEAD_DAYS = (0, 1, 7)  # the first day ahead of each class: tomorrow, this week, the next
# A quantile of one in twenty has to lie between errors that were seen.
MIN_ERRORS = 20

Span = tuple[int, int]


def whole_days(hours: Hours) -> list[Span]:
    """Return where each local day begins and ends that lies wholly inside ``hours``."""
    if not hours.count:
        return []
    steps = np.flatnonzero(np.diff(hours.day)) + 1
    cuts = [0, *(int(step) for step in steps), hours.count]
    days = list(itertools.pairwise(cuts))
    before, after = hours.between(-1, 0).day[0], hours.between(hours.count, hours.count + 1).day[0]
    if days and before == hours.day[0]:
        days = days[1:]
    if days and after == hours.day[-1]:
        days = days[:-1]
    return days


def of_days(amounts: Floats, days: Sequence[Span]) -> tuple[Floats, Floats]:
    """Return sums and highest hours of days, (…, days); NaN where an hour is unknown."""
    if not days:
        empty = np.empty((*amounts.shape[:-1], 0))
        return empty, empty.copy()
    sums = [amounts[..., first:last].sum(axis=-1) for first, last in days]
    peaks = [amounts[..., first:last].max(axis=-1) for first, last in days]
    return np.stack(sums, axis=-1), np.stack(peaks, axis=-1)


def level_of(usage: Usage) -> Floats:
    """Return the mean hour of each series in its last weeks, NaN where nothing is known."""
    recent = usage.amounts[:, -LEVEL_WEEKS * WEEK_H :]
    known = ~np.isnan(recent)
    count = known.sum(axis=1)
    total = np.abs(np.where(known, recent, 0.0)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        level = total / count
    return np.where(level > 0, level, np.nan)


def lead_class(days_ahead: int) -> int:
    """Return which errors count for a day that begins so many days ahead; tomorrow is 0."""
    return sum(days_ahead >= first for first in LEAD_DAYS[1:])


@dataclass(frozen=True, kw_only=True)
class DayErrors:
    """What a model missed days by, over the level of the series: quantiles of it.

    Attributes:
        sums, peaks: (series, lead classes, levels), to be multiplied by the level and added.
        spread: (series,) the robust standard deviation of sums' errors up to a week ahead.
        bias: (series,) their median.
    """

    series_ids: tuple[str, ...]
    sums: Floats
    peaks: Floats
    spread: Floats
    bias: Floats

    def of(self, series_ids: Sequence[str]) -> Self:
        """Return those of these series, which must be known."""
        rows = [self.series_ids.index(one) for one in series_ids]
        return type(self)(
            series_ids=tuple(series_ids),
            sums=self.sums[rows],
            peaks=self.peaks[rows],
            spread=self.spread[rows],
            bias=self.bias[rows],
        )

    def ranges(self, middle: Floats, usage: Usage, days: Sequence[Span]) -> tuple[Floats, Floats]:
        """Return quantiles of sums and peaks, (series, days, levels), about the middle forecast.

        ``middle`` is (series, hours ahead), ``usage`` what the forecast follows on.
        """
        level = level_of(usage)
        of_class = [lead_class(first // DAY_H) for first, _ in days]
        least = np.where((usage.amounts < 0).any(axis=1), -np.inf, 0.0)[:, None, None]
        told = []
        for middles, errors in zip(of_days(middle, days), (self.sums, self.peaks), strict=True):
            ranged = middles[..., None] + errors[:, of_class] * level[:, None, None]
            told.append(np.sort(np.maximum(ranged, least), axis=2))
        return told[0], told[1]


class DayErrorsGathered:
    """Gathers a model's errors over days, forecast by forecast."""

    def __init__(self, series_ids: tuple[str, ...]) -> None:
        self._series_ids = series_ids
        self._sums: list[list[Floats]] = [[] for _ in LEAD_DAYS]
        self._peaks: list[list[Floats]] = [[] for _ in LEAD_DAYS]

    def add(self, known: Usage, middle: Floats, used: Usage) -> None:
        """Add a forecast made from ``known``, over the hours of ``used``: both (series, hours)."""
        level = level_of(known)[:, None]
        days = whole_days(used.hours)
        told, was = of_days(middle, days), of_days(used.amounts, days)
        for number, (first, _) in enumerate(days):
            which = lead_class(first // DAY_H)
            self._sums[which].append((was[0] - told[0])[:, number : number + 1] / level)
            self._peaks[which].append((was[1] - told[1])[:, number : number + 1] / level)

    def told(self) -> DayErrors | None:
        """Return what was gathered, None if that is too little for ranges."""
        sums = [_quantiles(errors) for errors in self._sums]
        peaks = [_quantiles(errors) for errors in self._peaks]
        if sums[0] is None or peaks[0] is None:
            return None
        week = np.concatenate([*self._sums[0], *self._sums[1]], axis=1)
        bias, spread = _centre(week)
        return DayErrors(
            series_ids=self._series_ids,
            sums=np.stack(_carried(sums), axis=1),
            peaks=np.stack(_carried(peaks), axis=1),
            spread=spread,
            bias=bias,
        )


def _quantiles(gathered: list[Floats]) -> Floats | None:
    """Return quantiles by series, (series, levels): its own errors, all series' where few."""
    if not gathered:
        return None
    errors = np.concatenate(gathered, axis=1)
    pooled = errors[np.isfinite(errors)]
    if pooled.size < MIN_ERRORS:
        return None
    everybodys = _outer(pooled)
    told = np.tile(everybodys, (len(errors), 1))
    for row, own in enumerate(errors):
        known = own[np.isfinite(own)]
        if known.size >= MIN_ERRORS:
            told[row] = _outer(known)
    return told


def _outer(errors: Floats) -> Floats:
    """Return the quantiles, each outside of rather than between two errors that were seen."""
    low, middle, high = LEVELS
    return np.array(
        [
            np.quantile(errors, low, method="lower"),
            np.quantile(errors, middle),
            np.quantile(errors, high, method="higher"),
        ]
    )


def _carried(quantiles: list[Floats | None]) -> list[Floats]:
    """Return them with those of the class before where a class has too few errors."""
    told: list[Floats] = []
    for one in quantiles:
        told.append(told[-1] if one is None else one)
    return told


def _centre(errors: Floats) -> tuple[Floats, Floats]:
    """Return median and robust spread by series; all series' where a series has few errors.

    Source: 1.4826 times the median absolute deviation is a normal distribution's standard one.
    """
    pooled = errors[np.isfinite(errors)]
    bias, spread = np.empty(len(errors)), np.empty(len(errors))
    for row, own in enumerate(errors):
        known = own[np.isfinite(own)]
        known = known if known.size >= MIN_ERRORS else pooled
        bias[row] = np.median(known)
        spread[row] = 1.4826 * np.median(np.abs(known - bias[row]))
    return bias, spread
