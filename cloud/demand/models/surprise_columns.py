# SPDX-License-Identifier: EUPL-1.2
"""What could tell on a day how the days to come will differ from the level and shape of late."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from cloud.demand.models.local_days import WEEK_DAYS, LocalDays
from cloud.demand.models.paces import Walk
from cloud.demand.series import DAY_H, Floats, Hours, Ints, Weather

_LAST_H = 3
_DAYS_BACK = (1, 2, 7)
_SAME_HOUR_DAYS_BACK = (1, 2)
_WEEKS_BACK = (1, 2, 3)
_SPAN_DAYS = (7, 21)  # over which the weather of late is what habits of late were used to
_TINY = 1e-12
_MEANT = ("temperature_c", "humidity_pct", "wind_m_per_s", "irradiance_w_per_m2")


@dataclass(frozen=True, kw_only=True)
class DayWeather:
    """Calendar and weather by local day: all that is the same for every series.

    Attributes:
        temperature_c: (days, 24).
        by_day: (days, columns): of the day itself.
        late: (days, columns): how far a column of ``by_day`` was from 0 in the days before.
        calendar: (days, columns).
    """

    temperature_c: Floats
    by_day: Floats
    late: list[Floats]
    calendar: Floats

    @classmethod
    def of(cls, days: LocalDays, hours: Hours, weather: Weather) -> Self:
        """Lay the weather of ``hours`` out as ``days`` are."""
        count = days.amounts.shape[1]
        told = weather.over(hours)

        def laid(name: str) -> Floats:
            out = np.full((count, DAY_H), np.nan)
            out[days.day, days.hour] = told.get(name)
            return out

        temperature = laid("temperature_c")
        rain = laid("precipitation_mm")
        by_day = [_mean(laid(name)) for name in _MEANT]
        by_day += [np.fmax.reduce(temperature, axis=1), _mean(rain)]
        table = np.stack(by_day, axis=1)
        return cls(
            temperature_c=temperature,
            by_day=table,
            late=[_before(table, span) for span in _SPAN_DAYS],
            calendar=_calendar(days, hours, count),
        )

    def columns(self, today: int, count: int) -> Floats:
        """Return what is told of ``count`` days from ``today`` on: (days, 24, columns)."""
        ahead = slice(today, today + count)
        by_day: list[Floats] = [self.by_day[ahead], self.calendar[ahead]]
        by_day += [self.by_day[ahead] - late[today] for late in self.late]
        by_day += [self.by_day[ahead] - self.late[0][ahead], np.arange(float(count))[:, None]]
        table = np.concatenate(by_day, axis=1)[:, None, :]
        hour = np.broadcast_to(np.arange(DAY_H)[None, :, None], (count, DAY_H, 1))
        parts = [np.broadcast_to(table, (count, DAY_H, table.shape[-1])), hour]
        return np.concatenate([*parts, self.temperature_c[ahead, :, None]], axis=-1)


def columns_of(
    walk: Walk, days: LocalDays, weather: DayWeather, today: int, count: int
) -> tuple[Floats, Floats]:
    """Return what is forecast of ``count`` days, (series, days, 24), and what trees split by.

    Args:
        walk: has learnt all days before ``today``.
    """
    paces = walk.ahead(days.kinds[today : today + count])
    base = walk.mixed(paces)
    used, level = days.amounts, walk.level
    own = [one - base for one in paces]
    own.append(base - level[:, None, None])
    lead = np.arange(count)
    compared = [np.full(count, today - back) for back in _SAME_HOUR_DAYS_BACK]
    compared += [today + lead % WEEK_DAYS - weeks * WEEK_DAYS for weeks in _WEEKS_BACK]
    own += [_days_of(used, at) - base for at in compared]
    of_days = [_mean(used[:, max(today - back, 0)]) - level for back in _DAYS_BACK]
    of_days.append(_mean(used[:, max(today - 1, 0), -_LAST_H:]) - level)
    own += [np.broadcast_to(one[:, None, None], base.shape) for one in of_days]
    usual = np.maximum(walk.usual_error, _TINY)[:, None, None]
    numbers = np.arange(base.shape[0], dtype=np.float64)[:, None, None]
    columns = [one / usual for one in own]
    columns.append(np.broadcast_to(level[:, None, None] / usual, base.shape))
    columns.append(np.broadcast_to(numbers, base.shape))
    shared = weather.columns(today, count)
    parts = [np.stack(columns, -1), np.broadcast_to(shared, (*base.shape, shared.shape[-1]))]
    return base, np.concatenate(parts, axis=-1, dtype=np.float32)


def _days_of(used: Floats, at: Ints) -> Floats:
    """Return these days, (series, days, 24); NaN before the first."""
    return np.where((at >= 0)[None, :, None], used[:, np.maximum(at, 0)], np.nan)


def _calendar(days: LocalDays, hours: Hours, count: int) -> Floats:
    turn = np.zeros(count)
    turn[days.day] = 2 * np.pi * hours.year_fraction
    weekday = (int(hours.day[0]) + np.arange(count) + 3) % WEEK_DAYS
    is_holiday = (days.kinds != weekday).astype(np.float64)
    around = [np.roll(is_holiday, 1), np.roll(is_holiday, -1)]
    return np.stack([days.kinds, weekday, is_holiday, *around, np.sin(turn), np.cos(turn)], axis=1)


def _mean(told: Floats) -> Floats:
    """Return the mean of the last axis; NaN where nothing is known."""
    known = ~np.isnan(told)
    counts = known.sum(axis=-1)
    sums = np.where(known, told, 0.0).sum(axis=-1)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def _before(table: Floats, span: int) -> Floats:
    """Return the means over the ``span`` days before each day."""
    return np.stack([_mean(table[max(0, day - span) : max(day, 1)].T) for day in range(len(table))])
