# SPDX-License-Identifier: EUPL-1.2
"""The ensemble: for any hour of issue and any hours ahead, members weighed by their past errors.

What is learnt depends on how far ahead forecasts look, and for the first day on the hour of the day
at which they are issued; both are learnt for when they are first asked for, from the history of the
last fit. Days further off are learnt once: what was used in the hours before tells little of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np

from cloud.demand.models.block import Block
from cloud.demand.models.boosted import learner
from cloud.demand.models.features import Known, known_of
from cloud.demand.models.heard import heard
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
# What is used less in all but one of a hundred hours is seldom passed twentyfold.
_SELDOM, _FAULTY = 0.99, 20.0


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
        self._scale = self._most = np.empty(0)
        self._blocks: dict[tuple[int, int], Block] = {}

    @property
    def learners(self) -> tuple[str, ...]:
        """Which members there are, for those who read the forecasts."""
        return ("ridge", "kernel ridge", f"trees of {learner()}")

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Keep the history, and learn for a day ahead from the hour at which it ends."""
        self._most = _most_of(usage.amounts)
        usage = _as_kept(_clipped(usage, self._most))
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
        usage = _clipped(usage, self._most)
        hours = usage.hours.between(0, usage.hours.count + horizon_h)
        known = known_of(weather.over(hours), self._country)
        amounts = usage.amounts / self._scale[:, None]
        pieces = []
        for index, first in enumerate(BLOCKS_H[:-1]):
            if first >= horizon_h:
                break
            hour = _hour_at_end(usage)
            key = self._key(hour, index)
            block = self._block(key)
            if block is None:
                continue
            late_h = (hour - key[0]) % DAY_H
            count = min(BLOCKS_H[index + 1], horizon_h) - first
            days_ahead = np.arange(first // DAY_H, -(-(first + count) // DAY_H))
            rows = Rows(
                amounts=amounts,
                known=known,
                origins=np.full(days_ahead.size, usage.hours.count),
                leads=(np.arange(DAY_H) - late_h) % DAY_H,  # each lead has its hour of the day
                days_ahead=days_ahead,
                late_h=late_h,
            )
            others = self._others_ahead(block, usage, weather, rows, horizon_h)
            told = block.predict(rows, partial(self._rows, key), others)
            middle, width = (
                np.roll(one, -late_h, axis=2).reshape(len(one), -1)[:, :count]
                * self._scale[:, None]
                for one in (told.middle, told.width)
            )
            pieces.append(
                Piece(
                    key=(hour, index), first=first, middle=middle, width=width, misses=block.misses
                )
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
            self._usage = _as_kept(self._usage)
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
                ask = partial(member.past, self._usage, self._weather, rows.origins, rows.ahead)
                past = heard(member.name, ask, linear.shape) / scale
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
                ask = partial(member.ahead, usage, weather, rows.ahead, horizon_h)
                one = heard(member.name, ask, rows.used.shape)
                told.append(one / self._scale[:, None, None])
            else:
                told.append(np.full((len(usage.series_ids), *rows.at.shape), np.nan))
        return told

    def _block(self, key: tuple[int, int]) -> Block | None:
        """Return the block, learnt; None where there is too little to learn from."""
        if key not in self._blocks:
            rows = self._rows(key)
            if np.unique(rows.origins).size < _LEAST_ORIGINS:
                return None
            block = Block()
            block.learn(rows, partial(self._others_past, rows))
            self._blocks[key] = block
        return self._blocks[key]

    def _key(self, hour: int, index: int) -> tuple[int, int]:
        """Return which block tells of these days: for all but the first, any hour's will do."""
        learnt = [key for key in self._blocks if key[1] == index > 0]
        return learnt[0] if learnt else (hour, index)

    def _rows(self, key: tuple[int, int]) -> Rows:
        """Return the rows that a block learns from."""
        if self._usage is None or self._known is None:
            raise ValueError("An ensemble is fitted before it is asked.")
        origins, days_ahead = _origins(self._usage, *key)
        return Rows(
            amounts=self._usage.amounts / self._scale[:, None],
            known=self._known,
            origins=origins,
            leads=np.arange(DAY_H),
            days_ahead=days_ahead,
        )


def _as_kept(usage: Usage) -> Usage:
    """Return the history as it is after it was put away: no more precise than that."""
    return replace(usage, amounts=usage.amounts.astype(np.float32).astype(np.float64))


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
        at = at[usage.hours.day[at] % step == 0]  # the same days for all blocks
    rng = np.random.default_rng(_SEED)
    chosen = np.sort(rng.permuted(np.tile(days, (at.size, 1)), axis=1)[:, :each], axis=1)
    return np.repeat(at, each), np.asarray(chosen.ravel())


def _most_of(amounts: Floats) -> Floats:
    """Return what each series may use in an hour; what is more is a meter's fault."""
    most = np.full(len(amounts), np.inf)
    for series, used in enumerate(np.abs(amounts)):
        known = used[~np.isnan(used)]
        if known.size:  # lower: of few hours, not the fault itself
            most[series] = _FAULTY * float(np.quantile(known, _SELDOM, method="lower"))
    return np.where(most > 0, most, np.inf)


def _clipped(usage: Usage, most: Floats) -> Usage:
    return replace(usage, amounts=np.clip(usage.amounts, -most[:, None], most[:, None]))


def _scale_of(amounts: Floats) -> Floats:
    """Return each series' mean of the last year; 1 where that is nothing."""
    recent = np.abs(amounts[:, -_YEAR_H:])
    known = ~np.isnan(recent)
    sums = np.where(known, recent, 0.0).sum(axis=1)
    scale = sums / np.maximum(known.sum(axis=1), 1)
    return np.where(scale > 0, scale, 1.0)
