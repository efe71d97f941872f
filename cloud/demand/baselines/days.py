# SPDX-License-Identifier: EUPL-1.2
"""Days as rows: each local day's 24 hours of use, and what is known of its calendar and weather.

A baseline is learnt by whole days, for weather acts through a day (walls are slow) and people plan
by days. An hour that the clock shows twice is the mean of both; one that it leaves out is unknown.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cloud.demand.series import DAY_H, Floats, Hours, Ints, Weather

YEAR_D = 365.25
_BLOCKS_H = 6  # of the day, whose temperatures tell morning frost from a mild noon
_LAGS_D = (1, 2, 3)
_LAG_SHARES = (0.5, 0.3, 0.2)  # of the three days before: what walls still hold of their weather


@dataclass(frozen=True, kw_only=True)
class Days:
    """Local days in a row.

    Attributes:
        number: days since 1970-01-01, without a gap: (days,).
        weekday: 0 is Monday; off is 1 on a weekend or public holiday: (days,).
        temperature_c: the mean of each day; before_c: of the days before it: (days,).
        course_c: what each quarter of the day differs by from its mean: (days, 4).
        sky: other weather, as means of days over their deviation: (days, columns), maybe none.
    """

    number: Ints
    weekday: Ints
    holiday: Floats
    temperature_c: Floats
    before_c: Floats
    course_c: Floats
    sky: Floats

    @property
    def count(self) -> int:
        """How many days there are."""
        return int(self.number.size)

    def of(self, rows: Ints) -> Self:
        """Return these days only."""
        return replace(self, **{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def within(self, seen_c: tuple[float, float]) -> Self:
        """Return the days as if none were colder or hotter than ``seen_c`` (least, most)."""
        return replace(
            self,
            temperature_c=np.clip(self.temperature_c, *seen_c),
            before_c=np.clip(self.before_c, *seen_c),
        )

    @property
    def angle(self) -> Floats:
        """Where in the year a day lies, in radians."""
        return np.asarray(self.number % YEAR_D / YEAR_D * 2 * np.pi, dtype=np.float64)

    @property
    def off(self) -> Floats:
        """1 on a weekend or public holiday, else 0."""
        return np.maximum(self.holiday, self.weekday >= 5)  # Saturday


def by_day(amounts: Floats, hours: Hours) -> Floats:
    """Return hours as (days, 24) from the first local day to the last; NaN where unknown."""
    if not hours.count:
        return np.empty((0, DAY_H))
    place = (hours.day - hours.day[0]) * DAY_H + hours.hour_of_day
    size = int(hours.day[-1] - hours.day[0] + 1) * DAY_H
    known = ~np.isnan(amounts)
    told = np.bincount(place[known], minlength=size)
    sums = np.bincount(place[known], weights=amounts[known], minlength=size)
    with np.errstate(invalid="ignore"):
        return np.asarray((sums / told).reshape(-1, DAY_H))


def days_of(weather: Weather, climate: "Climate") -> Days:
    """Return the days that the weather's hours touch, what is unknown of it as it usually is."""
    hours = weather.hours
    number = np.arange(hours.day[0], hours.day[-1] + 1)
    temperature = climate.filled(by_day(weather.get("temperature_c"), hours), number)
    mean = temperature.mean(axis=1)
    before = sum(
        share * np.concatenate([np.full(min(lag, mean.size), mean[0]), mean[:-lag]])
        for lag, share in zip(_LAGS_D, _LAG_SHARES, strict=True)
    )
    holiday = np.nan_to_num(by_day(weather.get("holiday"), hours))
    sky = [climate.scaled(name, by_day(weather.get(name), hours)) for name in climate.sky]
    return Days(
        number=number,
        weekday=(number + 3) % 7,
        holiday=(holiday.max(axis=1) > 0).astype(np.float64),
        temperature_c=mean,
        before_c=np.asarray(before),
        course_c=temperature.reshape(mean.size, -1, _BLOCKS_H).mean(axis=2) - mean[:, None],
        sky=np.stack(sky, axis=1) if sky else np.empty((mean.size, 0)),
    )


@dataclass(frozen=True, kw_only=True)
class Climate:
    """What weather usually is at a place, from the history: it stands in where none is known.

    Attributes:
        usual_c: temperature by the day of the year and hour: (366, 24).
        sky: mean and deviation of the daily means of other columns, by name.
    """

    usual_c: Floats
    has_temperature: bool
    sky: dict[str, tuple[float, float]]

    def filled(self, temperature: Floats, number: Ints) -> Floats:
        """Return (days, 24) without gaps."""
        usual = self.usual_c[_day_of_year(number)]
        if not self.has_temperature:
            return usual
        gap = temperature - usual
        near = _carried(gap)  # an hour's gap is as far from usual as its neighbours
        return np.asarray(np.where(np.isnan(temperature), usual + near, temperature))

    def scaled(self, name: str, told: Floats) -> Floats:
        """Return the daily means of a column over their deviation; 0 where unknown."""
        mean, deviation = self.sky[name]
        return np.nan_to_num((_means(told) - mean) / deviation)


_SKY = ("irradiance_w_per_m2", "humidity_pct", "wind_m_per_s", "precipitation_mm")
_HARMONICS = 2
_MIN_SKY_SHARE = 0.8  # a column known on fewer days teaches more about its gaps than about use


def climate_of(weather: Weather) -> Climate:
    """Return what is usual in the hours of ``weather``."""
    hours = weather.hours
    told = by_day(weather.get("temperature_c"), hours)
    number = hours.day[0] + np.arange(len(told)) if hours.count else np.empty(0, np.int64)
    known = ~np.isnan(told).any(axis=1)
    usual = np.zeros((366, DAY_H))
    if known.any():
        basis = _year_basis(number[known] % YEAR_D)
        gram = basis.T @ basis + np.diag([0.0] + [1.0] * (basis.shape[1] - 1))
        usual = _year_basis(np.arange(366)) @ np.linalg.solve(gram, basis.T @ told[known])
    sky = {}
    for name in _SKY:
        means = _means(by_day(weather.get(name), hours))
        if means.size and (~np.isnan(means)).mean() >= _MIN_SKY_SHARE and np.nanstd(means) > 0:
            sky[name] = (float(np.nanmean(means)), float(np.nanstd(means)))
    return Climate(usual_c=usual, has_temperature=bool(known.any()), sky=sky)


def _year_basis(day: NDArray[Any]) -> Floats:
    angle = day / YEAR_D * 2 * np.pi
    waves = [f(k * angle) for k in range(1, _HARMONICS + 1) for f in (np.sin, np.cos)]
    return np.stack([np.ones_like(angle), *waves], axis=1)


def _day_of_year(number: Ints) -> Ints:
    return (number % YEAR_D).astype(np.int64)


def _means(told: Floats) -> Floats:
    known = ~np.isnan(told)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore"):
        means = np.where(known, told, 0).sum(axis=1) / count
    return np.asarray(np.where(count >= DAY_H // 2, means, np.nan))


def _carried(gap: Floats) -> Floats:
    """Return (days, 24) of what is known, carried on linearly through gaps of up to two days."""
    flat = gap.ravel()
    known = np.flatnonzero(~np.isnan(flat))
    if not known.size:
        return np.zeros_like(gap)
    at = np.arange(flat.size)
    told = np.interp(at, known, flat[known])
    after = np.searchsorted(known, at)
    behind = at - known[np.maximum(after - 1, 0)]
    ahead = known[np.minimum(after, known.size - 1)] - at
    far = np.minimum(np.abs(behind), np.abs(ahead)) > DAY_H
    return np.where(far, 0.0, told).reshape(gap.shape)
