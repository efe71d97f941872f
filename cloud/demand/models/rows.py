# SPDX-License-Identifier: EUPL-1.2
"""Rows to learn from: forecasts that could have been issued, with all that was known at each.

A row is a series, an origin and a lead. Origins lie at one hour of the local day, as forecasts are
issued, so that every lead has its own hour of the day. A lead is an hour of the first day ahead, or
of the day that lies ``days_ahead`` after it: days far ahead are learnt together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cloud.demand.models.features import Known
from cloud.demand.models.lags import days_back_h, lags_of, weeks_back_h
from cloud.demand.series import DAY_H, Floats, Ints

FOLDS = 5
_FOLD_DAYS = 14
_KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.97)  # of the temperatures known
_BENT = (
    "temperature",
    "temperature_over_6h",
    "temperature_over_24h",
    "temperature_over_72h",
    "temperature_max_24h",
    "temperature_min_24h",
)
_BENT_BEFORE = ("temperature", "temperature_over_24h")
_AROUND_HOLIDAYS = ("holiday", "day_after_free", "day_before_free", "bridge")
_FRIDAY = 4
_FADING = ("last_day", "day_level", "week_level", "last_1h")
_WAVES = ("year_sin1", "year_cos1")
_EXTRA = ("humidity_pct", "wind_m_per_s", "irradiance_w_per_m2", "precipitation_mm")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """All rows of some series, origins and leads; arrays are (series, origins, leads).

    Attributes:
        amounts: (series, hours), each over its series' scale; only hours before an origin count.
        known: what was known of each hour; covers every ``origin + lead``.
        origins: in hours from the start of the grid, rising; one may come once for each day ahead.
        leads: in hours from the origin, of its first day.
        days_ahead: of each origin, what to add to its leads, in days.
        late_h: how long before the origin the last hours told of are, where it lies at another
            hour of the day than those that were learnt from.
    """

    amounts: Floats
    known: Known
    origins: Ints
    leads: Ints
    days_ahead: Ints
    late_h: int = 0

    @cached_property
    def ahead(self) -> Ints:
        """How far ahead of its origin each hour lies: (origins, leads)."""
        return np.asarray(self.days_ahead[:, None] * DAY_H + self.leads[None, :])

    @cached_property
    def at(self) -> Ints:
        """The hours forecast: (origins, leads)."""
        return self.origins[:, None] + self.ahead

    @cached_property
    def used(self) -> Floats:
        """What was used; NaN where unknown or still to come."""
        inside = self.at < self.amounts.shape[1]
        return np.asarray(np.where(inside, self.amounts[:, np.where(inside, self.at, 0)], np.nan))

    @cached_property
    def lags(self) -> dict[str, Floats]:
        """What was known of the series' use, without gaps but for a series never known: NaN."""
        return lags_of(self.amounts, self.origins, self.ahead, self.late_h)

    @cached_property
    def folds(self) -> Ints:
        """To which fold each origin belongs: blocks of days, so that neighbours stay together."""
        days = self.known.hours.day[np.minimum(self.origins, self.known.hours.count - 1)]
        return np.asarray(days // _FOLD_DAYS % FOLDS)

    def column(self, name: str, back_h: Ints | int = 0) -> Floats:
        """Return a column of what is known (origins, leads), ``back_h`` before each hour.

        Outside of the grid it is that of the first or last hour: such rows have no use to learn.
        """
        index = np.clip(self.at - back_h, 0, self.known.hours.count - 1)
        return np.asarray(self.known.columns[name][index])

    def of(self, rows: Sequence[int] | slice) -> "Rows":
        """Return the rows of these series only."""
        return replace(self, amounts=self.amounts[rows])

    def issued(self, places: Ints) -> "Rows":
        """Return the rows of these origins only, by their place in ``origins``."""
        return replace(self, origins=self.origins[places], days_ahead=self.days_ahead[places])


@dataclass(frozen=True, kw_only=True)
class Knots:
    """Where the response to temperatures may bend: by column."""

    by_column: dict[str, Floats]

    @classmethod
    def of(cls, known: Known, until: int) -> "Knots":
        """Choose knots from the hours before ``until``."""
        return cls(
            by_column={
                name: np.unique(np.quantile(known.columns[name][:until], _KNOTS))
                for name in _BENT
                if name in known.columns
            }
        )

    def bent(self, name: str, told: Floats) -> list[Floats]:
        """Return the column and how far it is above each knot."""
        return [told, *(np.maximum(told - knot, 0.0) for knot in self.by_column[name])]


def shared_columns(rows: Rows, knots: Knots) -> Floats:
    """Return what a linear model uses of calendar and weather: (origins, leads, columns)."""
    columns: list[Floats] = []
    days, weeks = days_back_h(rows.ahead), weeks_back_h(rows.ahead)
    for name in knots.by_column:
        columns += knots.bent(name, rows.column(name))
        if name in _BENT_BEFORE:
            columns += knots.bent(name, rows.column(name, days))
            columns += knots.bent(name, rows.column(name, weeks))
    weekday, holiday = rows.column("weekday"), rows.column("holiday")
    columns += [(weekday == day).astype(np.float64) for day in range(7)]
    columns += [rows.column(name) for name in (*_AROUND_HOLIDAYS, *_WAVES)]
    was_holiday = rows.column("holiday", days)
    workday = (weekday <= _FRIDAY).astype(np.float64)
    columns += [holiday * workday, was_holiday, was_holiday * (1 - workday)]
    columns.append(rows.column("holiday", weeks))
    for name in _EXTRA:
        if name in rows.known.columns:
            columns += [rows.column(name), rows.column(f"{name}_over_24h")]
    return np.nan_to_num(np.stack(columns, axis=-1))


def own_columns(rows: Rows) -> Floats:
    """Return what a linear model uses of the series' own use: (series, origins, leads, columns)."""
    lags = rows.lags
    weekday, holiday = rows.column("weekday"), rows.column("holiday")
    columns = [told for name, told in lags.items() if name != "month_level"]
    days = (weekday > _FRIDAY, weekday == 0, holiday)
    columns += [lags[name] * when for name in ("last_day", "last_week") for when in days]
    if rows.days_ahead.any():  # what was used last tells less of days that are further off
        nearness = 1.0 / (1.0 + rows.days_ahead[:, None])
        usual = lags["usual"]
        columns += [usual + (lags[name] - usual) * nearness for name in _FADING]
    return np.stack(columns, axis=-1)
