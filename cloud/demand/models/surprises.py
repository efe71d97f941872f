# SPDX-License-Identifier: EUPL-1.2
"""What the level misses, and why: weather, holidays, what the last days were like.

Forecasts that the level would have issued on each day of the past are compared with what came, and
boosted trees learn the difference, over the usual error of each series so that large and small
ones teach each other. They learn absolute errors: a burst is not to move the middle.
LightGBM where it is installed (extra ``boost``), else scikit-learn (extra ``demand``).
"""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Protocol, Self

import numpy as np

from cloud.demand.models.level import Level
from cloud.demand.models.local_days import WEEK_DAYS, LocalDays
from cloud.demand.models.paces import PACES, Walk
from cloud.demand.models.surprise_columns import DayWeather, columns_of
from cloud.demand.series import DAY_H, WEEK_H, Floats, Ints, Usage, Weather

MAX_ROWS = 200_000
_FIRST_DAY = 42  # before, neither level nor shape are worth learning from
_MIN_ROWS = 2000
_TINY = 1e-12
_LIMIT = 8.0  # usual errors: more is a fault, nothing to learn
_HISTORY_DAYS = 7 * 24
_TREES = 200
_LEARNING_RATE = 0.05
_LEAVES = 64
_LEAST_ROWS = 150
_SHARE_OF_COLUMNS = 0.5


class Trees(Protocol):
    """A regression that learns from rows."""

    def fit(self, columns: Floats, targets: Floats) -> object:
        """Learn."""
        ...

    def predict(self, columns: Floats) -> Floats:
        """Return what is forecast."""
        ...


class Surprises:
    """The level, and what trees expect it to miss."""

    max_series_days = 60_000.0  # some ten seconds to walk through
    reach_h = WEEK_H
    is_dear = True

    def __init__(self) -> None:
        self._level = Level()
        self._trees: Trees | None = None

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn from each day of ``usage`` on which a forecast could have been issued."""
        days = LocalDays.of(usage, weather)
        told = DayWeather.of(days, usage.hours, weather)
        rng = np.random.default_rng(0)
        count = days.amounts.shape[1] - WEEK_DAYS - _FIRST_DAY
        rows = days.amounts.shape[0] * count * WEEK_DAYS * DAY_H
        share = min(1.0, MAX_ROWS / max(rows, 1))
        columns, targets = [], []
        for day, walk in _walked(days):
            to_come = slice(day, day + WEEK_DAYS)
            if day < _FIRST_DAY or to_come.stop > days.amounts.shape[1]:
                continue
            at = rng.random((days.amounts.shape[0], WEEK_DAYS, DAY_H)) < share
            base, table = columns_of(walk, days, told, day, WEEK_DAYS)
            missed = (days.amounts[:, to_come] - base) / np.maximum(walk.usual_error, _TINY)[
                :, None, None
            ]
            at &= np.isfinite(missed)
            columns.append(table[at])
            targets.append(np.clip(missed[at], -_LIMIT, _LIMIT))
        self._trees = None
        if sum(map(len, targets)) >= _MIN_ROWS:
            self._trees = _untaught()
            self._trees.fit(np.concatenate(columns), np.concatenate(targets))
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return (series, horizon_h); NaN only for a series of which nothing is known."""
        plain = self._level.forecast(usage, weather, horizon_h)
        if self._trees is None or not horizon_h:
            return plain
        recent = usage.between(max(0, usage.hours.count - _HISTORY_DAYS * DAY_H), usage.hours.count)
        days = LocalDays.of(recent, weather, horizon_h)
        told = DayWeather.of(days, recent.hours.between(0, recent.hours.count + horizon_h), weather)
        to_come = slice(recent.hours.count, None)
        today = int(days.day[to_come][0])
        walk = next(walk for day, walk in _walked(days) if day == today)
        count = days.amounts.shape[1] - today
        missed = self._missed(walk, days, told, today, count)
        return plain + missed[:, days.day[to_come] - today, days.hour[to_come]]

    def past(self, usage: Usage, weather: Weather, origins: Ints, horizon_h: int) -> Floats:
        """Return what would have been told at each origin: (series, origins, horizon_h)."""
        first = max(0, int(origins[0]) - _HISTORY_DAYS * DAY_H)
        recent = usage.between(first, usage.hours.count)
        at = origins - first
        plain = self._level.past(recent, weather, at, horizon_h)
        if self._trees is None:
            return plain
        hours = recent.hours.between(0, recent.hours.count + horizon_h)
        days = LocalDays.of(recent, weather, horizon_h)
        told = DayWeather.of(days, hours, weather)
        places = {int(days.day[origin]): place for place, origin in enumerate(at.tolist())}
        for today, walk in _walked(days):
            if today not in places:
                continue
            place = places[today]
            to_come = slice(int(at[place]), int(at[place]) + horizon_h)
            count = int(days.day[to_come][-1]) - today + 1
            missed = self._missed(walk, days, told, today, count)
            plain[:, place] += missed[:, days.day[to_come] - today, days.hour[to_come]]
        return plain

    def _missed(
        self, walk: Walk, days: LocalDays, told: DayWeather, today: int, count: int
    ) -> Floats:
        """Return what trees expect the level to miss: (series, days, 24)."""
        if self._trees is None:
            raise ValueError("Nothing was learnt of what the level misses.")
        _, table = columns_of(walk, days, told, today, count)
        missed = self._trees.predict(table.reshape(-1, table.shape[-1])).reshape(table.shape[:-1])
        return np.asarray(missed * np.nan_to_num(walk.usual_error)[:, None, None])


def _walked(days: LocalDays) -> Iterator[tuple[int, Walk]]:
    """Yield each day and what was known before it."""
    walk = Walk(days.amounts, PACES)
    for day in range(days.amounts.shape[1]):
        yield day, walk
        walk.foresee(days.kinds[day : day + WEEK_DAYS])
        walk.learn(days.amounts[:, day], int(days.kinds[day]))


def _untaught() -> Trees:
    if find_spec("lightgbm") is None:
        from sklearn.ensemble import HistGradientBoostingRegressor  # an extra, and slow to load

        plain: Trees = HistGradientBoostingRegressor(
            loss="absolute_error",
            max_iter=_TREES,
            learning_rate=_LEARNING_RATE,
            max_leaf_nodes=_LEAVES,
            min_samples_leaf=_LEAST_ROWS,
            max_features=_SHARE_OF_COLUMNS,
            early_stopping=False,
            random_state=0,
        )
        return plain
    from lightgbm import LGBMRegressor  # an extra, and slow to load

    trees: Trees = LGBMRegressor(
        objective="l1",
        n_estimators=_TREES,
        learning_rate=_LEARNING_RATE,
        num_leaves=_LEAVES,
        min_child_samples=_LEAST_ROWS,
        colsample_bytree=_SHARE_OF_COLUMNS,
        subsample=0.6,
        subsample_freq=1,
        reg_lambda=5.0,
        max_bin=127,
        random_state=0,
        n_jobs=1,  # as many threads as there are processes would only wait for each other
        deterministic=True,
        force_row_wise=True,
        verbose=-1,
    )
    return trees
