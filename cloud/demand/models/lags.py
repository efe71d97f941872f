# SPDX-License-Identifier: EUPL-1.2
"""What was known of a series' own use when a forecast was issued, by how far ahead it looks.

Training rows are built from the same hours as forecasts are: nothing at or after the origin.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from cloud.demand.series import DAY_H, WEEK_H, Floats, Ints

LAST_H = (1, 2, 3)
_WEEKS = 4
_DAYS = 7
_LEVELS_H = {"day_level": DAY_H, "week_level": WEEK_H, "month_level": 4 * WEEK_H}


def days_back_h(leads: Ints) -> Ints:
    """Return how long before each hour ahead the last known day's same hour lies."""
    return np.asarray((leads // DAY_H + 1) * DAY_H)


def weeks_back_h(leads: Ints) -> Ints:
    """Return how long before each hour ahead the last known week's same hour lies."""
    return np.asarray((leads // WEEK_H + 1) * WEEK_H)


def lags_of(amounts: Floats, origins: Ints, ahead: Ints, late_h: int = 0) -> dict[str, Floats]:
    """Return columns by name, each (series, origins, leads); NaN for a series never known.

    ``amounts`` is (series, hours) and ``ahead`` (origins, leads): the hour forecast is ``origin +
    ahead``, and only hours before ``origin`` are looked at; the last hours are those ``late_h``
    before it. What is unknown is filled by what is usual: the mean of this hour of the weeks
    before, else of the days before, else the level so far.
    """
    at = origins[:, None] + ahead
    days, weeks = days_back_h(ahead), weeks_back_h(ahead)
    count = ahead.shape[1]
    of_days = [_at(amounts, at - days - day * DAY_H) for day in range(_DAYS)]
    of_weeks = [_at(amounts, at - weeks - week * WEEK_H) for week in range(_WEEKS)]
    before = _Before.of(amounts)
    columns = {
        name: _spread(before.mean(origins, width), count) for name, width in _LEVELS_H.items()
    }
    ever = _spread(before.mean(origins, amounts.shape[1]), count)
    columns["month_level"] = _or(columns["month_level"], ever)
    columns["days_mean"] = _or(_mean(of_days), columns["month_level"])
    columns["usual"] = _or(_mean(of_weeks), columns["days_mean"])
    columns |= {
        "last_day": of_days[0],
        "day_before": of_days[1],
        "last_week": of_weeks[0],
        "week_before": of_weeks[1],
    }
    for back in LAST_H:
        last = origins - late_h - back
        ago = _at(amounts, last - DAY_H)
        columns[f"last_{back}h"] = _spread(_or(_at(amounts, last), ago), count)
        columns[f"last_{back}h_day_ago"] = _spread(ago, count)
    return {name: _or(told, columns["usual"]) for name, told in columns.items()}


@dataclass(frozen=True, kw_only=True)
class _Before:
    """Sums and counts of what is known before each hour: (series, hours + 1)."""

    sums: Floats
    counts: Ints

    @classmethod
    def of(cls, amounts: Floats) -> Self:
        known = ~np.isnan(amounts)
        sums = np.zeros((len(amounts), amounts.shape[1] + 1))
        np.cumsum(np.where(known, amounts, 0.0), axis=1, out=sums[:, 1:])
        counts = np.zeros(sums.shape, dtype=np.int64)
        np.cumsum(known, axis=1, out=counts[:, 1:])
        return cls(sums=sums, counts=counts)

    def mean(self, origins: Ints, width: int) -> Floats:
        """Return the mean of the ``width`` hours before each origin; NaN where none is known."""
        last = np.clip(origins, 0, self.sums.shape[1] - 1)
        first = np.maximum(last - width, 0)
        counts = self.counts[:, last] - self.counts[:, first]
        sums = self.sums[:, last] - self.sums[:, first]
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _at(amounts: Floats, index: Ints) -> Floats:
    inside = (index >= 0) & (index < amounts.shape[1])
    return np.where(inside, amounts[:, np.where(inside, index, 0)], np.nan)


def _or(told: Floats, otherwise: Floats) -> Floats:
    return np.where(np.isnan(told), otherwise, told)


def _spread(told: Floats, count: int) -> Floats:
    """Return what holds at each origin for all its leads."""
    return np.broadcast_to(told[:, :, None], (*told.shape, count))


def _mean(parts: list[Floats]) -> Floats:
    stacked = np.stack(parts)
    known = ~np.isnan(stacked)
    counts = known.sum(axis=0)
    sums = np.where(known, stacked, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
