# SPDX-License-Identifier: EUPL-1.2
"""The ensemble: for any hour of issue and any hours ahead, members weighed by their past errors.

What is learnt depends on the hour of the day at which forecasts are issued and on how far ahead
they look; both are learnt for when they are first asked for, from the history of the last fit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np

from cloud.demand.models.block import Block
from cloud.demand.models.boosted import learner
from cloud.demand.models.features import Known, known_of
from cloud.demand.models.members import Member, Walker, is_near
from cloud.demand.models.rows import Rows
from cloud.demand.series import DAY_H, WEEK_H, Floats, Ints, Usage, Weather

BLOCKS_H = (0, DAY_H, WEEK_H, 2 * WEEK_H)  # a day ahead, the rest of the week, another week
_LEAST_ORIGINS = 14  # with fewer rows there is too little to learn from
_WARM_UP = 4 * WEEK_H  # of history before the first row, if there is enough of it
_MAX_ROWS = 3_000_000  # of a block; of more, days are left out evenly
_DAYS_EACH = 2  # of days beyond the first, how many are learnt from at each origin
_SEED = 5
_YEAR_H = 8766


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What one block forecasts: (series, leads), in the series' unit."""

    key: tuple[int, int]  # hour of the day of issue, and the block
    first: int
    middle: Floats
    width: Floats
    misses: list[Floats]


class Ensemble:
    """Forecasts middles and widths, where there is enough history."""

    def __init__(
        self, members: Sequence[Callable[[], Walker]] = (), country: str | None = None
    ) -> None:
        self._members = [Member(make) for make in members]
        self._country = country
        self._weather: Weather | None = None
        self._usage: Usage | None = None
        self._known: Known | None = None
        self._scale = np.empty(0)
        self._blocks: dict[tuple[int, int], Block] = {}

    @property
    def learners(self) -> tuple[str, ...]:
        """Which members there are, for those who read the forecasts."""
        return ("ridge", "kernel ridge", f"trees of {learner()}")

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Keep the history, and learn for a day ahead from the hour at which it ends."""
        self._usage = usage
        self._known = known_of(weather.over(usage.hours), self._country)
        self._scale = _scale_of(usage.amounts)
        self._blocks = {}
        self._weather = weather.over(usage.hours)
        for member in self._members:
            member.fit(usage, self._weather)
        self._block((_hour_at_end(usage), 0))
        return self

    def tell(self, usage: Usage, weather: Weather, horizon_h: int) -> list[Piece]:
        """Return the forecast piece by piece; empty where there was too little to learn from."""
        hours = usage.hours.between(0, usage.hours.count + horizon_h)
        known = known_of(weather.over(hours), self._country)
        amounts = usage.amounts / self._scale[:, None]
        pieces = []
        for index, first in enumerate(BLOCKS_H[:-1]):
            if first >= horizon_h:
                break
            key = (_hour_at_end(usage), index)
            block = self._block(key)
            if block is None:
                continue
            count = min(BLOCKS_H[index + 1], horizon_h) - first
            days_ahead = np.arange(first // DAY_H, -(-(first + count) // DAY_H))
            rows = Rows(
                amounts=amounts,
                known=known,
                origins=np.full(days_ahead.size, usage.hours.count),
                leads=np.arange(DAY_H),
                days_ahead=days_ahead,
            )
            told = block.predict(rows, self._others_ahead(block, usage, weather, rows, horizon_h))
            middle, width = (
                one.reshape(len(one), -1)[:, :count] * self._scale[:, None]
                for one in (told.middle, told.width)
            )
            pieces.append(
                Piece(key=key, first=first, middle=middle, width=width, misses=block.misses)
            )
        return pieces

    def __getstate__(self) -> dict[str, object]:
        """Return what is kept of an ensemble that is put away: its history in single precision."""
        usage = self._usage
        if usage is not None:
            usage = replace(usage, amounts=usage.amounts.astype(np.float32))
        return {**self.__dict__, "_usage": usage, "_known": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Work out again what follows from the rest."""
        self.__dict__.update(state)
        if self._usage is not None and self._weather is not None:
            self._usage = replace(self._usage, amounts=self._usage.amounts.astype(np.float64))
            self._known = known_of(self._weather, self._country)

    def _others_past(self, rows: Rows, linear: Floats) -> list[Floats]:
        """Return what the other members said of rows; NaN of those that can't keep up."""
        if self._usage is None or self._weather is None:
            raise ValueError("An ensemble is fitted before it is asked.")
        scale = self._scale[:, None, None]
        told: list[Floats] = []
        for member in self._members:
            told.append(np.full(linear.shape, np.nan))
            if member.is_worth_it(self._usage, told[:-1], linear, rows.used):
                past = member.past(self._usage, self._weather, rows.origins, rows.ahead) / scale
                if is_near(past, linear, rows.used):
                    told[-1] = past
        return told

    def _others_ahead(
        self, block: Block, usage: Usage, weather: Weather, rows: Rows, horizon_h: int
    ) -> list[Floats]:
        """Return what the other members forecast; NaN of those that don't count."""
        told = []
        for place, member in enumerate(self._members):
            if block.counts(place):
                one = member.ahead(usage, weather, rows.ahead, horizon_h)
                told.append(one / self._scale[:, None, None])
            else:
                told.append(np.full((len(usage.series_ids), *rows.at.shape), np.nan))
        return told

    def _block(self, key: tuple[int, int]) -> Block | None:
        """Return the block, learnt; None where there is too little to learn from."""
        if key not in self._blocks:
            if self._usage is None or self._known is None or self._weather is None:
                raise ValueError("An ensemble is fitted before it is asked.")
            hour, index = key
            origins, days_ahead = _origins(self._usage, hour, index)
            if np.unique(origins).size < _LEAST_ORIGINS:
                return None
            block = Block()
            rows = Rows(
                amounts=self._usage.amounts / self._scale[:, None],
                known=self._known,
                origins=origins,
                leads=np.arange(DAY_H),
                days_ahead=days_ahead,
            )
            block.learn(rows, partial(self._others_past, rows))
            self._blocks[key] = block
        return self._blocks[key]


def _hour_at_end(usage: Usage) -> int:
    end = usage.hours.between(usage.hours.count, usage.hours.count + 1)
    return int(end.hour_of_day[0])


def _origins(usage: Usage, hour: int, block: int) -> tuple[Ints, Ints]:
    """Return the hours at which forecasts could have been issued and checked, and days ahead.

    Each origin comes once for each day ahead that is learnt from there: of many, some by chance.
    """
    count = usage.hours.count
    days = np.arange(BLOCKS_H[block] // DAY_H, BLOCKS_H[block + 1] // DAY_H)
    first = min(_WARM_UP, max(DAY_H, count // 4))
    at = np.flatnonzero(usage.hours.hour_of_day == hour)
    at = at[(at >= first) & (at + days[0] * DAY_H < count)]
    each = min(_DAYS_EACH, days.size)
    rows = at.size * each * DAY_H * len(usage.series_ids)
    if rows > _MAX_ROWS:
        each = 1
        step = -(-at.size * DAY_H * len(usage.series_ids) // _MAX_ROWS)
        step += step % 7 == 0  # all weekdays
        at = at[::-1][::step][::-1]
    rng = np.random.default_rng(_SEED)
    chosen = np.sort(rng.permuted(np.tile(days, (at.size, 1)), axis=1)[:, :each], axis=1)
    return np.repeat(at, each), np.asarray(chosen.ravel())


def _scale_of(amounts: Floats) -> Floats:
    """Return each series' mean of the last year; 1 where that is nothing."""
    recent = np.abs(amounts[:, -_YEAR_H:])
    known = ~np.isnan(recent)
    sums = np.where(known, recent, 0.0).sum(axis=1)
    scale = sums / np.maximum(known.sum(axis=1), 1)
    return np.where(scale > 0, scale, 1.0)
