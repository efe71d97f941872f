# SPDX-License-Identifier: EUPL-1.2
"""The ensemble: for any hour of issue and any hours ahead, members weighed by their past errors.

What is learnt depends on the hour of the day at which forecasts are issued and on how far ahead
they look; both are learnt for when they are first asked for, from the history of the last fit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from cloud.demand.model import Forecaster
from cloud.demand.models.block import Block
from cloud.demand.models.boosted import learner
from cloud.demand.models.features import Known, known_of
from cloud.demand.models.members import Member
from cloud.demand.models.rows import Rows
from cloud.demand.series import DAY_H, WEEK_H, Floats, Ints, Usage, Weather

BLOCKS_H = (0, DAY_H, WEEK_H, 2 * WEEK_H)  # a day ahead, the rest of the week, another week
_LEAST_ORIGINS = 14  # with fewer rows there is too little to learn from
_WARM_UP = 4 * WEEK_H  # of history before the first row, if there is enough of it
_MAX_ROWS = 25_000_000  # of a block; of more, days are left out evenly
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
        self, members: Sequence[Callable[[], Forecaster]] = (), country: str | None = None
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
        origins = np.array([usage.hours.count])
        pieces = []
        for index, first in enumerate(BLOCKS_H[:-1]):
            if first >= horizon_h:
                break
            key = (_hour_at_end(usage), index)
            block = self._block(key)
            if block is None:
                continue
            leads = np.arange(first, BLOCKS_H[index + 1])
            told = block.predict(
                Rows(amounts=amounts, known=known, origins=origins, leads=leads),
                [
                    one.ahead(usage, weather, leads, horizon_h) / self._scale[:, None, None]
                    for one in self._members
                ],
            )
            count = min(BLOCKS_H[index + 1], horizon_h) - first
            pieces.append(
                Piece(
                    key=key,
                    first=first,
                    middle=told.middle[:, 0, :count] * self._scale[:, None],
                    width=told.width[:, 0, :count] * self._scale[:, None],
                    misses=block.misses,
                )
            )
        return pieces

    def _block(self, key: tuple[int, int]) -> Block | None:
        """Return the block, learnt; None where there is too little to learn from."""
        if key not in self._blocks:
            if self._usage is None or self._known is None or self._weather is None:
                raise ValueError("An ensemble is fitted before it is asked.")
            hour, index = key
            leads = np.arange(BLOCKS_H[index], BLOCKS_H[index + 1])
            origins = _origins(self._usage, hour, leads)
            if origins.size < _LEAST_ORIGINS:
                return None
            block = Block()
            amounts = self._usage.amounts / self._scale[:, None]
            block.learn(
                Rows(amounts=amounts, known=self._known, origins=origins, leads=leads),
                [
                    one.past(self._usage, self._weather, origins, leads)
                    / self._scale[:, None, None]
                    for one in self._members
                ],
            )
            self._blocks[key] = block
        return self._blocks[key]


def _hour_at_end(usage: Usage) -> int:
    end = usage.hours.between(usage.hours.count, usage.hours.count + 1)
    return int(end.hour_of_day[0])


def _origins(usage: Usage, hour: int, leads: Ints) -> Ints:
    """Return the hours at which such a forecast could have been issued and checked."""
    count = usage.hours.count
    first = min(_WARM_UP, max(DAY_H, count // 4))
    at = np.flatnonzero(usage.hours.hour_of_day == hour)
    at = at[(at >= first) & (at + leads[0] < count)]
    rows = at.size * leads.size * len(usage.series_ids)
    step = max(1, -(-rows // _MAX_ROWS))
    return np.asarray(at[::-1][::step][::-1])


def _scale_of(amounts: Floats) -> Floats:
    """Return each series' mean of the last year; 1 where that is nothing."""
    recent = np.abs(amounts[:, -_YEAR_H:])
    known = ~np.isnan(recent)
    sums = np.where(known, recent, 0.0).sum(axis=1)
    scale = sums / np.maximum(known.sum(axis=1), 1)
    return np.where(scale > 0, scale, 1.0)
