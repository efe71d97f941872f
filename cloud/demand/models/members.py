# SPDX-License-Identifier: EUPL-1.2
"""Members of the ensemble that are forecasters of their own, and how they did lately.

A copy that has seen all but the last weeks forecasts these; by that a member is weighed. One that
is dear to learn is learnt only where its cheap neighbour came near the linear model.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from cloud.demand.series import DAY_H, WEEK_H, Floats, Ints, Usage, Weather

TRIAL_H = 13 * WEEK_H
_LEAST_H = 8 * WEEK_H  # that a copy must have seen
_NEAR = 1.2  # times what the linear model misses: who misses more hardly counts in the mean


class Walker(Protocol):
    """A forecaster that can tell in one go what it would have said at many hours of the past."""

    max_series_days: float  # of history: more takes too long
    reach_h: int  # how far ahead it looks
    is_dear: bool

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Learn from ``usage``; return self."""
        ...

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        """Return what will be used: (series, horizon_h)."""
        ...

    def past(self, usage: Usage, weather: Weather, origins: Ints, horizon_h: int) -> Floats:
        """Return what it would have told at each origin: (series, origins, horizon_h)."""
        ...


def is_near(told: Floats, linear: Floats, used: Floats) -> bool:
    """Tell whether what was told missed not much more than the linear model did."""
    common = ~np.isnan(told) & ~np.isnan(linear) & ~np.isnan(used)
    if not common.any():
        return False
    missed, by_linear = (np.abs(one - used)[common].mean() for one in (told, linear))
    return bool(missed <= _NEAR * by_linear)


class Member:
    """A forecaster, made by ``make``, and a copy of it on trial; both learn when first asked."""

    def __init__(self, make: Callable[[], Walker]) -> None:
        self._make = make
        self._model: Walker | None = None
        self._learnt: tuple[Usage, Weather] | None = None
        self._trial: Walker | None = None
        self._past: dict[int, NDArray[np.float32]] = {}  # by origin: (series, reach)

    @property
    def name(self) -> str:
        """What it is called where it fails."""
        return type(self._make()).__name__

    def fit(self, usage: Usage, weather: Weather) -> Self:
        """Keep what there is to learn from."""
        self._model, self._learnt = None, (usage, weather)
        self._trial, self._past = None, {}
        return self

    def __getstate__(self) -> dict[str, object]:
        """Return what is kept of a member that is put away: no history."""
        return {**self.__dict__, "_trial": None, "_past": {}, "_learnt": None}

    def is_worth_it(
        self, usage: Usage, others: Sequence[Floats], linear: Floats, used: Floats
    ) -> bool:
        """Tell whether it can learn in time, and is likely to count."""
        maker = self._make()
        if len(usage.series_ids) * usage.hours.count > maker.max_series_days * DAY_H:
            return False
        return not maker.is_dear or not others or is_near(others[-1], linear, used)

    def past(self, usage: Usage, weather: Weather, origins: Ints, ahead: Ints) -> Floats:
        """Return what the copy says of the last weeks: (series, origins, leads), else NaN."""
        told = np.full((len(usage.series_ids), *ahead.shape), np.nan)
        first = usage.hours.count - min(TRIAL_H, usage.hours.count // 3)
        late = np.flatnonzero(origins >= first)
        reach = self._make().reach_h
        if first < _LEAST_H or not late.size or int(ahead.max()) >= reach:
            return told
        if self._trial is None:
            early = usage.until(first)
            self._trial = self._make().fit(early, weather.over(early.hours))
        new = np.setdiff1d(origins[late], list(self._past))
        if new.size:  # as far ahead as it can: whoever asks next asks for days further off
            past = self._trial.past(usage, weather, new, reach).astype(np.float32)
            self._past |= {int(origin): past[:, place] for place, origin in enumerate(new)}
        for row in late.tolist():
            told[:, row] = self._past[int(origins[row])][:, ahead[row]]
        return told

    def ahead(self, usage: Usage, weather: Weather, ahead: Ints, horizon_h: int) -> Floats:
        """Return what is forecast: (series, days, leads); NaN beyond the horizon."""
        if self._model is None:
            learnt = self._learnt or (usage, weather)
            self._model = self._make().fit(*learnt)
        seen = weather.over(usage.hours.between(0, usage.hours.count + horizon_h))
        told = self._model.forecast(usage, seen, horizon_h)
        inside = ahead < horizon_h
        return np.where(inside, told[:, np.where(inside, ahead, 0)], np.nan)
