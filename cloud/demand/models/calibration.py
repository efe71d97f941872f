# SPDX-License-Identifier: EUPL-1.2
"""Ranges that hold: errors out of sample, over the width expected, corrected by how ranges fared.

A range is the middle plus the width times quantiles of past misses. These come from left-out folds
at first, and more and more from forecasts that were issued and have been checked since. Whether too
many hours fell out of the last ranges moves the levels (adaptive conformal inference).
Sources: Papadopoulos (2008), normalised conformal; Gibbs and Candès (2021), adaptive.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cloud.demand.model import LEVELS
from cloud.demand.models.ensemble import Ensemble, Piece
from cloud.demand.models.naive import LastWeek
from cloud.demand.series import DAY_H, Floats, Usage, Weather

_MIDDLE = LEVELS.index(0.5)
_LEARNT_DAYS = 60.0  # left-out folds count as so many days of forecasts that were checked
_HALF_LIFE_DAYS = 60.0
_FORGOTTEN_DAYS = 360
_STEP = 0.02  # how far a day's surprise moves a level
_LOOSEST, _TIGHTEST = 0.3, 4.0  # of a level's tail, over the tail asked for
_NAIVE_DAYS = 28


@dataclass(frozen=True, kw_only=True)
class _Open:
    """A piece that was issued and not checked yet."""

    issued_at: datetime
    piece: Piece
    quantiles: Floats


@dataclass
class _Fared:
    """How the forecasts of a block fared: days since 1970, and misses over the width."""

    days: list[float] = field(default_factory=list)
    misses: list[Floats] = field(default_factory=list)  # each (series, hours)
    tails: Floats | None = None  # (series, 2): what share the levels leave out below and above


class Calibrated:
    """An ensemble with ranges; asked again later, it looks at how its forecasts fared."""

    def __init__(self, ensemble: Ensemble) -> None:
        self._ensemble = ensemble
        self._open: list[_Open] = []
        self._fared: dict[tuple[int, int], _Fared] = {}
        self._series: tuple[str, ...] = ()
        self._naive = LastWeek()

    @property
    def learners(self) -> tuple[str, ...]:
        """Which members the ensemble has."""
        return self._ensemble.learners

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn anew; what is remembered of forecasts issued stays, if the series are the same."""
        if usage.series_ids != self._series:
            self._open, self._fared, self._series = [], {}, usage.series_ids
        self._ensemble.fit(usage, weather)
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return (series, horizon_h, levels), never crossing; NaN for a series never known."""
        self._check(usage)
        quantiles = _naive_ranges(self._naive.forecast(usage, weather, horizon_h), usage)
        for piece in self._ensemble.tell(usage, weather, horizon_h):
            told = self._ranges(piece, usage.hours.end)
            count = told.shape[1]
            here = quantiles[:, piece.first : piece.first + count]
            here[:] = np.where(np.isnan(told), here, told)
            self._open.append(_Open(issued_at=usage.hours.end, piece=piece, quantiles=told))
        least = np.where(_never_negative(usage.amounts), 0.0, -np.inf)
        return np.sort(np.maximum(quantiles, least[:, None, None]), axis=2)

    def _ranges(self, piece: Piece, issued_at: datetime) -> Floats:
        fared = self._fared.setdefault(piece.key, _Fared())
        count = piece.middle.shape[0]
        if fared.tails is None:
            fared.tails = np.full((count, 2), LEVELS[0])
        today = issued_at.timestamp() / 86400
        ages = today - np.array(fared.days)
        out = np.empty((*piece.middle.shape, len(LEVELS)))
        for series in range(count):
            misses, weights = _pooled(piece.misses[series], fared, ages, series)
            low, high = fared.tails[series]
            for place, level in ((0, low), (len(LEVELS) - 1, 1 - high)):
                away = _quantile(misses, weights, level)
                out[series, :, place] = piece.middle[series] + away * piece.width[series]
        out[..., _MIDDLE] = piece.middle
        return out

    def _check(self, usage: Usage) -> None:
        """Look at the forecasts whose hours are over; forget those that are too old to matter."""
        still = []
        for one in self._open:
            first = usage.hours.index(one.issued_at) + one.piece.first
            last = first + one.piece.middle.shape[1]
            if last > usage.hours.count:
                still.append(one)
                continue
            self._learn(one, usage.between(first, last).amounts)
        self._open = still

    def _learn(self, one: _Open, used: Floats) -> None:
        fared = self._fared[one.piece.key]
        misses = (used - one.piece.middle) / one.piece.width
        fared.days.append(one.issued_at.timestamp() / 86400)
        fared.misses.append(misses)
        if fared.days[-1] - fared.days[0] > _FORGOTTEN_DAYS:
            fared.days.pop(0)
            fared.misses.pop(0)
        known = ~np.isnan(misses) & ~np.isnan(one.quantiles).any(axis=2)
        some = np.maximum(known.sum(axis=1), 1)
        out = np.stack([used < one.quantiles[..., 0], used > one.quantiles[..., -1]], axis=1)
        share = (out & known[:, None]).sum(axis=2) / some[:, None]
        if fared.tails is not None:
            told = np.asarray(known.any(axis=1))
            moved = fared.tails + _STEP * (LEVELS[0] - share) * told[:, None]
            fared.tails = np.clip(moved, LEVELS[0] / _TIGHTEST, LEVELS[0] / _LOOSEST)


def _pooled(learnt: Floats, fared: _Fared, ages: Floats, series: int) -> tuple[Floats, Floats]:
    """Return misses of left-out folds and of forecasts checked, and what each counts."""
    parts, weights = [learnt], []
    for age, misses in zip(ages, fared.misses, strict=True):
        mine = misses[series][~np.isnan(misses[series])]
        parts.append(mine)
        weights.append(np.full(mine.size, 0.5 ** (age / _HALF_LIFE_DAYS) / max(1, mine.size)))
    each = _LEARNT_DAYS / max(1, learnt.size)
    return np.concatenate(parts), np.concatenate([np.full(learnt.size, each), *weights])


def _quantile(told: Floats, weights: Floats, level: float) -> float:
    if not told.size:
        return 0.0
    order = np.argsort(told)
    reached = np.cumsum(weights[order])
    place = np.searchsorted(reached, level * reached[-1])
    return float(told[order[min(place, told.size - 1)]])


def _naive_ranges(middle: Floats, usage: Usage) -> Floats:
    """Return ranges by what use differed from the day before; for series too young to learn."""
    recent = usage.amounts[:, -_NAIVE_DAYS * DAY_H :]
    steps = recent[:, DAY_H:] - recent[:, :-DAY_H]
    out = np.repeat(middle[:, :, None], len(LEVELS), axis=2)
    for series in range(middle.shape[0]):
        known = steps[series][~np.isnan(steps[series])]
        if not known.size:
            known = recent[series][~np.isnan(recent[series])]
            known = known - known.mean() if known.size else known
        if known.size:
            out[series] += np.quantile(known, LEVELS) * (np.array(LEVELS) != LEVELS[_MIDDLE])
    return out


def _never_negative(amounts: Floats) -> NDArray[np.bool_]:
    return np.asarray(~(amounts < 0).any(axis=1))
