# SPDX-License-Identifier: EUPL-1.2
"""What demand is explained by: groups of columns over the hours, made from calendar and weather.

Smooth responses are hinges at quantiles of what was seen, and go on straight beyond the outermost
(5 % and 95 %), where a range of years may reach further than the history did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cloud.demand.series import DAY_H, WEEK_H, Floats, Hours, Ints, Weather

Bools: TypeAlias = NDArray[np.bool_]

CALENDAR, HOLIDAY, TEMPERATURE = "calendar", "holiday", "temperature"
SEASON, TREND, DRIFT = "season", "trend", "drift"
RAIN, SUPPLY_RAIN = "rain", "supply_rain"
HUMIDITY, WIND, SUN = "humidity", "wind", "sun"
GROUPS = (
    *(CALENDAR, HOLIDAY, TEMPERATURE, SEASON, TREND, DRIFT),
    *(RAIN, SUPPLY_RAIN, HUMIDITY, WIND, SUN),
)
OTHER_COLUMNS = {HUMIDITY: "humidity_pct", WIND: "wind_m_per_s", SUN: "irradiance_w_per_m2"}

SUPPLY_WINDOWS_D = ((0, 3), (3, 7), (7, 14), (14, 30), (30, 60))  # days ago, from and to before
BEFORE_H = 60 * DAY_H  # of weather before an hour that bears on it
_RAIN_WINDOWS_H = (1, 24, 72, 168)
_SEASON_H = 400 * DAY_H  # less than a year and a bit can't tell season from trend
_STEP_H = {TREND: 365 * DAY_H, DRIFT: 91 * DAY_H}  # between bends of the level
_MIN_HOLIDAYS = 4
_MIN_SHARE = 0.5  # of the hours used whose weather is known, for a column to be of use
_BRIDGED_H = 24  # gaps in temperature up to here are drawn straight


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The columns that a history allows, with the knots that it taught.

    Attributes:
        by_day: temperature is told by whole days only (as long records of weather are).
        names: groups in use, in the order of ``GROUPS``.
        knots: temperatures (°C) at which the response may bend.
        bends: hours since 1970 at which the level may bend, over years and over months; beyond,
            it is held.
        typical: what an unknown column of other weather is taken for.
        seen_c: lowest and highest (temperature of an hour, mean of a day) in hours with usage.
        wettest_mm: the most rain in an hour with usage; holidays: how many fell on working days.
    """

    by_day: bool
    names: tuple[str, ...]
    knots: Floats
    bends: Mapping[str, Floats]
    typical: Mapping[str, float]
    seen_c: tuple[tuple[float, float], tuple[float, float]]
    wettest_mm: float
    holidays: int

    @classmethod
    def learn(
        cls,
        hours: Hours,
        weather: Weather,
        used: Bools,
        *,
        by_day: bool = False,
        without: Sequence[str] = (),
    ) -> Self:
        """Return the terms for a history: ``used`` is (hours,), True where use is known."""
        at = weather.over(hours)
        names = [CALENDAR]
        days_off = np.unique(hours.day[used & _day_off(hours, weather)])
        if days_off.size >= _MIN_HOLIDAYS:
            names.append(HOLIDAY)
        now = _bridged(at.get("temperature_c"))
        temperatures = now[used & ~np.isnan(now)]
        if temperatures.size >= _MIN_SHARE * used.sum() and np.ptp(temperatures) > 0:
            names.append(TEMPERATURE)
        span = np.flatnonzero(used)
        length_h = int(span[-1] - span[0]) + 1 if span.size else 0
        if length_h >= _SEASON_H:
            names.append(SEASON)
        names += [name for name, step_h in _STEP_H.items() if length_h >= 2 * step_h]
        typical: dict[str, float] = {}
        for name, column in ((RAIN, "precipitation_mm"), *OTHER_COLUMNS.items()):
            told = at.get(column)[used]
            known = told[~np.isnan(told)]
            if known.size >= _MIN_SHARE * used.sum() and known.size and np.ptp(known) > 0:
                names.append(name)
                typical[column] = float(known.mean())
        if not np.isnan(at.get("supply_precipitation_mm")).all():
            names.append(SUPPLY_RAIN)
        start_h = hours.start.timestamp() / 3600 + (span[0] if span.size else 0)
        days = _of_day(hours, now)[used & ~np.isnan(now)]
        return cls(
            by_day=by_day,
            names=tuple(name for name in GROUPS if name in names and name not in without),
            knots=np.unique(np.quantile(temperatures, np.linspace(0.05, 0.95, 7)))
            if temperatures.size
            else np.zeros(0),
            bends={
                name: start_h + np.linspace(0, length_h, max(2, length_h // step_h + 1))
                for name, step_h in _STEP_H.items()
            },
            typical=typical,
            seen_c=(_ends(temperatures), _ends(days)),
            wettest_mm=_ends(_known(at.get("precipitation_mm")[used]))[1],
            holidays=days_off.size,
        )

    def columns(self, hours: Hours, weather: Weather) -> dict[str, Floats]:
        """Return (hours, columns) for each group; NaN where the temperature is unknown."""
        make = {
            CALENDAR: lambda: _one_of(hours.weekday * DAY_H + hours.hour_of_day, WEEK_H),
            HOLIDAY: lambda: _day_off(hours, weather)[:, None] * _one_of(hours.hour_of_day, DAY_H),
            TEMPERATURE: lambda: self._temperature(hours, weather),
            SEASON: lambda: _season(hours),
            TREND: lambda: self._level(hours, TREND),
            DRIFT: lambda: self._level(hours, DRIFT),
            RAIN: lambda: _rain(hours, weather),
            SUPPLY_RAIN: lambda: _supply_rain(hours, weather),
        }
        return {
            name: make[name]() if name in make else self._other(OTHER_COLUMNS[name], hours, weather)
            for name in self.names
        }

    def at_steady(self, temperature_c: float) -> Floats:
        """Return (24, columns): the temperature group by hour of the day in steady weather."""
        steady = np.full(DAY_H, temperature_c)
        return self.of_temperature(np.arange(DAY_H), steady, steady, steady)

    def _temperature(self, hours: Hours, weather: Weather) -> Floats:
        wide = hours.between(-5 * DAY_H, hours.count)
        now = _bridged(weather.over(wide).get("temperature_c"))
        first = 5 * DAY_H
        if self.by_day:
            day = _of_day(wide, now)
            now, last, *ago = (day[first - n * DAY_H : day.size - n * DAY_H] for n in range(4))
            return self.of_temperature(hours.hour_of_day, now, last, (ago[0] + ago[1]) / 2)
        return self.of_temperature(
            hours.hour_of_day,
            now[first:],
            _lagged_mean(now, 0, DAY_H)[first:],
            _lagged_mean(now, DAY_H, 4 * DAY_H)[first:],
        )

    def of_temperature(
        self, hour_of_day: Ints, now: Floats, lately: Floats, before: Floats
    ) -> Floats:
        """Return (hours, columns) for temperatures now, lately and before that.

        These are, by the hour: now, of the last day, of the three before it; by the day: of this
        day, of the last, of the two before it.
        """
        waves = _waves(hour_of_day / DAY_H, 3 if self.by_day else 2)
        few, fewest = self.knots[1::2], self.knots[self.knots.size // 2 :][:1]
        return np.hstack(
            [
                _times(_hinges(now, self.knots), waves),
                _hinges(lately, few) if self.by_day else _times(_hinges(lately, few), waves),
                _hinges(before, fewest),
            ]
        )

    def _level(self, hours: Hours, name: str) -> Floats:
        """Return how much of each step from bend to bend is made: after the last, all of it."""
        at = hours.start.timestamp() / 3600 + np.arange(hours.count)
        knots = self.bends[name]
        return np.clip((at[:, None] - knots[None, :-1]) / np.diff(knots)[None, :], 0, 1)

    def _other(self, column: str, hours: Hours, weather: Weather) -> Floats:
        wide = hours.between(-DAY_H, hours.count)
        # About what is typical: else its hours' waves would be the calendar's over again.
        told = np.nan_to_num(weather.over(wide).get(column) - self.typical[column])
        now = told[DAY_H:, None]
        lately = _lagged_mean(told, 0, DAY_H)[DAY_H:, None]
        waves = _waves(hours.hour_of_day / DAY_H, 1)
        return np.hstack([_times(now, waves), lately])


def _day_off(hours: Hours, weather: Weather) -> Bools:
    """Return True on holidays that fall on working days: a Sunday is quiet by itself."""
    off: Bools = np.nan_to_num(weather.over(hours).get("holiday")) > 0
    return off & (hours.weekday < 5)


def _season(hours: Hours) -> Floats:
    year = _waves(hours.year_fraction, 3)[:, 1:]
    weekend = (hours.weekday >= 5)[:, None].astype(np.float64)
    return _times(year, np.hstack([_waves(hours.hour_of_day / DAY_H, 2), weekend]))


def _rain(hours: Hours, weather: Weather) -> Floats:
    """Return columns that are all 0 after a dry week."""
    wide = hours.between(-WEEK_H, hours.count)
    fallen = np.nan_to_num(weather.over(wide).get("precipitation_mm"))
    sums = [_lagged_mean(fallen, 0, span)[WEEK_H:] * span for span in _RAIN_WINDOWS_H]
    return np.log1p(np.maximum(np.stack(sums, axis=1), 0))


def _supply_rain(hours: Hours, weather: Weather) -> Floats:
    """Return mean precipitation where the supply comes from, over windows up to 60 days ago."""
    wide = weather.over(hours.between(-BEFORE_H, hours.count)).get("supply_precipitation_mm")
    means = [
        _lagged_mean(wide, first * DAY_H, last * DAY_H)[BEFORE_H:]
        for first, last in SUPPLY_WINDOWS_D
    ]
    told = np.stack(means, axis=1)
    typical = np.nanmean(wide) if not np.isnan(wide).all() else 0.0
    return np.sqrt(np.maximum(np.nan_to_num(told, nan=float(typical)), 0))


def _hinges(told: Floats, knots: Floats) -> Floats:
    return np.hstack([told[:, None], np.maximum(told[:, None] - knots[None, :], 0)])


def _waves(phase: Floats, count: int) -> Floats:
    """Return 1 and ``count`` sine and cosine pairs of a phase from 0 to 1."""
    turns = 2 * np.pi * np.outer(phase, np.arange(1, count + 1))
    return np.hstack([np.ones((len(phase), 1)), np.cos(turns), np.sin(turns)])


def _times(one: Floats, other: Floats) -> Floats:
    return np.asarray((one[:, :, None] * other[:, None, :]).reshape(len(one), -1))


def _one_of(which: Ints, count: int) -> Floats:
    found: Floats = (which[:, None] == np.arange(count)[None, :]).astype(np.float64)
    return found


def _known(told: Floats) -> Floats:
    return told[~np.isnan(told)]


def _ends(told: Floats) -> tuple[float, float]:
    return (float(told.min()), float(told.max())) if told.size else (np.nan, np.nan)


def _bridged(told: Floats) -> Floats:
    """Return temperatures with gaps of up to a day drawn straight."""
    known = np.flatnonzero(~np.isnan(told))
    if not known.size:
        return told
    every = np.arange(told.size)
    drawn = np.interp(every, known, told[known])
    after = np.searchsorted(known, every)
    last, following = known[np.maximum(after - 1, 0)], known[np.minimum(after, known.size - 1)]
    near = np.minimum(np.abs(every - last), np.abs(following - every)) <= _BRIDGED_H // 2
    return np.where(near, drawn, np.nan)


def _of_day(hours: Hours, now: Floats) -> Floats:
    """Return the mean of its local day for each hour, over the hours known."""
    day = hours.day - (hours.day[0] if hours.count else 0)
    known = ~np.isnan(now)
    counts = np.bincount(day[known], minlength=int(day[-1]) + 1 if day.size else 0)
    sums = np.bincount(day[known], weights=now[known], minlength=counts.size)
    with np.errstate(invalid="ignore"):
        return np.asarray((sums / counts)[day], dtype=np.float64)


def _lagged_mean(told: Floats, first_h: int, last_h: int) -> Floats:
    """Return the mean of what was known from ``last_h`` to ``first_h`` hours before each's end."""
    known = ~np.isnan(told)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, told, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    end = np.clip(np.arange(1, told.size + 1) - first_h, 0, None)
    begin = np.clip(np.arange(1, told.size + 1) - last_h, 0, None)
    with np.errstate(invalid="ignore"):
        return np.asarray((sums[end] - sums[begin]) / (counts[end] - counts[begin]))
