# SPDX-License-Identifier: EUPL-1.2
"""What was known of a series' own use when a forecast was issued, by how far ahead it looks.

Training rows are built from the same hours as forecasts are: nothing at or after the origin.
"""

import numpy as np

from cloud.demand.models.features import trailing_mean
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


def lags_of(amounts: Floats, origins: Ints, ahead: Ints) -> dict[str, Floats]:
    """Return columns by name, each (series, origins, leads); NaN for a series never known.

    ``amounts`` is (series, hours) and ``ahead`` (origins, leads): the hour forecast is ``origin +
    ahead``, and only hours before ``origin`` are looked at. What is unknown is filled by what is
    usual: the mean of this hour of the weeks before, else of the days before, else the level so
    far.
    """
    at = origins[:, None] + ahead
    days, weeks = days_back_h(ahead), weeks_back_h(ahead)
    count = ahead.shape[1]
    of_days = [_at(amounts, at - days - day * DAY_H) for day in range(_DAYS)]
    of_weeks = [_at(amounts, at - weeks - week * WEEK_H) for week in range(_WEEKS)]
    end = origins - 1
    columns = {
        name: _spread(_at(trailing_mean(amounts, width), end), count)
        for name, width in _LEVELS_H.items()
    }
    ever = _spread(_at(trailing_mean(amounts, amounts.shape[1]), end), count)
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
        ago = _at(amounts, origins - back - DAY_H)
        columns[f"last_{back}h"] = _spread(_or(_at(amounts, origins - back), ago), count)
        columns[f"last_{back}h_day_ago"] = _spread(ago, count)
    return {name: _or(told, columns["usual"]) for name, told in columns.items()}


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
