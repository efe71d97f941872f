# SPDX-License-Identifier: EUPL-1.2
"""Days: how a meter's use was spread over each day, as logarithms, so that a factor is a shift."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from cloud.validation.series import DAY_S, HOUR_S, Integers, UsageSeries

Floats = npt.NDArray[np.float64]

# Low, middle, high and highest use of a day. A change of season moves the high hours alone, or the
# low; a change of unit moves them all alike.
QUANTILES = (0.2, 0.5, 0.8, 1.0)
MIN_COVERED_S = 20 * HOUR_S
MIN_USED = 3  # intervals with any use; a day with fewer is asleep and tells nothing
YEAR_D = 364  # the same day of the week
SEASON_D = 21  # days either side that count as the same season
SAME_SEASON_D = range(YEAR_D - SEASON_D, YEAR_D + SEASON_D + 1, 7)
MIN_MATCHES = 3


@dataclass(frozen=True, kw_only=True)
class Days:
    """The days on which the meter was awake: their numbers since 1970 (UTC) and log levels."""

    number: Integers
    level: Floats  # (days, QUANTILES)

    def __len__(self) -> int:
        return len(self.number)

    @classmethod
    def of(cls, series: UsageSeries) -> Self:
        """Return the awake days of a series whose intervals are a day long at most."""
        day = series.start_s // DAY_S
        if not len(day):
            return cls(number=day, level=np.empty((0, len(QUANTILES))))
        first, count = int(day[0]), int(day[-1] - day[0]) + 1
        covered_s = np.bincount(day - first, weights=series.length_s, minlength=count)
        used = series.usage > 0
        day, usage = day[used] - first, series.usage[used]
        order = np.lexsort((usage, day))
        day, usage = day[order], usage[order]
        each = np.bincount(day, minlength=count)
        enough = min(MIN_USED, max(DAY_S // max(series.step_s, 1), 1))
        awake = np.flatnonzero((covered_s >= MIN_COVERED_S) & (each >= enough))
        start = np.searchsorted(day, awake)
        places = [start + np.rint(share * (each[awake] - 1)).astype(int) for share in QUANTILES]
        level = np.log(usage[np.stack(places, axis=1)]) if len(awake) else np.empty((0, 4))
        return cls(number=awake + first, level=level)

    def shifted(self, start: int, shift: float) -> Self:
        """Return the same days, those from place ``start`` on moved by ``shift``."""
        level = self.level.copy()
        level[start:] += shift
        return replace(self, level=level)

    def step(self, before: int, after: int) -> Floats:
        """Return for each day how the medians of the days after and before it differ."""
        steps = np.zeros_like(self.level)
        if len(self) < before + after:
            return steps
        earlier = np.median(sliding_window_view(self.level, before, axis=0), axis=-1)
        later = np.median(sliding_window_view(self.level, after, axis=0), axis=-1)
        places = np.arange(before, len(self) - after + 1)
        steps[places] = later[places] - earlier[places - before]
        return steps

    def against_last_year(self) -> Floats:
        """Return how each day differs from the same weekday and season a year before.

        NaN where too little is known of that.
        """
        first, count = int(self.number[0]), int(self.number[-1] - self.number[0]) + 1
        calendar = np.full((count, self.level.shape[1]), np.nan)
        calendar[self.number - first] = self.level
        place = self.number - first
        alike = np.full((len(SAME_SEASON_D), *self.level.shape), np.nan)
        for days, away_d in zip(alike, SAME_SEASON_D, strict=True):
            inside = (place >= away_d) & (place - away_d < count)
            days[inside] = calendar[place[inside] - away_d]
        alike.sort(axis=0)
        known = np.count_nonzero(~np.isnan(alike[:, :, 0]), axis=0)
        usual = alike[np.maximum(known - 1, 0) // 2, np.arange(len(self))]
        usual[known < MIN_MATCHES] = np.nan
        differences: Floats = self.level - usual
        return differences


def least(shifts: Floats) -> Floats:
    """Return the smallest of each row's shifts, 0 where they don't all go the same way."""
    agree = (np.sign(shifts) == np.sign(shifts[:, :1])).all(axis=1)
    return np.where(agree, np.sign(shifts[:, 0]) * np.abs(shifts).min(axis=1), 0.0)
