# SPDX-License-Identifier: EUPL-1.2
"""Scenarios: how much a month, season or year to come may use, and its peaks, by weather years.

Each year of a long record of weather is kept whole, brought to today's climate, and laid over the
calendar to come; a week's shifts let its cold days meet other weekdays. What the model misses by is
added as it missed before: whole stretches of errors of forecasts that were made in the past, with
weather known and nothing else, their sign by chance.
Source: resampling weather for peak demand after Hyndman and Fan (2010), "Density forecasting for
long-term peak electricity demand"; one winter in ten or twenty after the planning of gas networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from cloud.demand.series import DAY_H, Floats, Hours, Usage, Weather
from cloud.demand.studies.additive import Additive
from cloud.demand.studies.climate import YEAR_D, DailyTemperature
from cloud.demand.studies.scenario_model import History, Misses, history_of, misses_of
from cloud.demand.studies.terms import TEMPERATURE

SHIFTS_D = (-3, 0, 3)
DRAWS = 4  # of errors, for each year and shift
MIN_YEARS = 3
MAX_DAYS = 731
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
ONE_IN = (10, 20)
OWN_YEARS = "the years are the history's own"
_RESAMPLED = 1000  # of the years, for how sure one year in ten is
_SEED = 20_261_122


class NoScenarioError(Exception):
    """A scenario can't be told; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Return:
    """What is passed in one year of so many, and where nine in ten records of years put it."""

    one_in: int
    told: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What may come, path by path; amounts in the unit of use.

    Attributes:
        years: weather years laid over the calendar, the honest count behind one in ten.
        weather_year: (paths,), which year each path has.
        totals, peak_days, peak_hours: (paths,).
        coldest_c: (paths,), the coldest day's mean; NaN where temperature has no part.
        beyond_pct: share of paths with a day outside of the temperatures that the history saw.
        misses: what model error was drawn from.
        notes: what a reader must know.
    """

    series_id: str
    hours: Hours
    years: int
    weather_year: Floats
    totals: Floats
    peak_days: Floats
    peak_hours: Floats
    coldest_c: Floats
    beyond_pct: float
    misses: Misses
    notes: tuple[str, ...]

    def quantiles(self, name: str) -> dict[float, float]:
        """Return ``LEVELS`` of ``totals``, ``peak_days``, ``peak_hours`` or ``coldest_c``."""
        told = np.quantile(getattr(self, name), LEVELS)
        return dict(zip(LEVELS, map(float, told), strict=True))

    def exceeded(self, name: str, amounts: Sequence[float]) -> list[float]:
        """Return with what probability each amount is passed."""
        return [float((getattr(self, name) > amount).mean()) for amount in amounts]

    def one_year_in(self, name: str, count: int) -> Return:
        """Return what is passed in one year of ``count``: of temperature, below.

        The range is from drawing weather years anew: few years can't tell rare ones.
        """
        told = getattr(self, name)
        level = 1 / count if name == "coldest_c" else 1 - 1 / count
        by_year = [told[self.weather_year == year] for year in np.unique(self.weather_year)]
        table = np.stack(by_year)
        luck = np.random.default_rng(_SEED)
        drawn = luck.integers(0, len(table), (_RESAMPLED, len(table)))
        again = np.quantile(table[drawn].reshape(_RESAMPLED, -1), level, axis=1)
        low, high = np.quantile(again, (0.05, 0.95))
        return Return(
            one_in=count, told=float(np.quantile(told, level)), low=float(low), high=float(high)
        )


def scenario(
    usage: Usage,
    weather: Weather,
    *,
    until: datetime,
    years: DailyTemperature | None = None,
    row: int = 0,
) -> Scenario:
    """Return what one series may use from the end of its history to ``until``.

    ``weather`` may go on past the history to tell holidays to come. Without ``years``, the years of
    ``weather`` that the history saw are drawn from.

    Raises:
        NoScenarioError: no hours to come, or too few years of weather.
        TooLittleHistoryError: the history can't tell.
    """
    [told] = scenarios(usage, weather, untils=[until], years=years, row=row)
    return told


def scenarios(
    usage: Usage,
    weather: Weather,
    *,
    untils: Sequence[datetime],
    years: DailyTemperature | None = None,
    row: int = 0,
) -> list[Scenario]:
    """Return the same for several ends, in their order: the history is learnt from once.

    Raises:
        NoScenarioError: no hours to come, or too few years of weather.
        TooLittleHistoryError: the history can't tell.
    """
    counts = [usage.hours.index(one.astimezone(UTC)) - usage.hours.count for one in untils]
    if not all(0 < count <= MAX_DAYS * DAY_H for count in counts):
        raise NoScenarioError(
            f"The history ends at {usage.hours.end:%Y-%m-%d %H:%M} UTC; name an end after that,"
            f" {MAX_DAYS} days at most."
        )
    seen = DailyTemperature.of(weather.over(usage.hours))
    farthest = usage.hours.between(usage.hours.count, usage.hours.count + max(counts))
    record, told = (seen, OWN_YEARS) if years is None else _moved(years, seen, farthest)
    whole = len(_starts(record, farthest))
    if whole < MIN_YEARS:
        raise NoScenarioError(
            f"{whole} whole years of weather cover these days; {MIN_YEARS} are the least."
        )
    history = history_of(usage, weather, row)
    if TEMPERATURE not in history.model.groups:
        raise NoScenarioError("Weather years need a history with temperature.")
    name = usage.series_ids[row]
    return [_ahead(name, history, weather, record, told, count) for count in counts]


def _ahead(
    series_id: str,
    history: History,
    weather: Weather,
    record: DailyTemperature,
    told: str,
    count: int,
) -> Scenario:
    """Return what the next ``count`` hours may bring."""
    ahead = history.hours.between(history.hours.count, history.hours.count + count)
    starts = _starts(record, ahead)
    misses = misses_of(history, count)
    notes = [*misses.notes, told]
    if not np.nan_to_num(weather.over(ahead).get("holiday")).any():
        notes.append("no holidays to come are told, so none are reckoned with")
    if len(starts) < max(ONE_IN):
        notes.append(f"{len(starts)} weather years can't tell what comes once in more than these")
    steady = history.held(ahead, weather)
    response = _response(history.model, record, starts, len(ahead.dates()))
    return _paths(series_id, history, misses, record, starts, steady, response, notes, ahead)


def _moved(
    years: DailyTemperature, seen: DailyTemperature, ahead: Hours
) -> tuple[DailyTemperature, str]:
    # The place first: both tell the climate of the same days then.
    placed, told = years.moved_to(seen)
    return placed.at_climate_of(ahead.dates()[0]), told


def _starts(record: DailyTemperature, ahead: Hours) -> list[tuple[int, int]]:
    """Return (year, index of the day) of years whose same dates are known to the end."""
    first, days = ahead.dates()[0], len(ahead.dates())
    found = []
    begin = date(1970, 1, 1) + timedelta(days=record.first_day)
    for year in range(begin.year, begin.year + int(record.mean_c.size / YEAR_D) + 2):
        day = 28 if (first.month, first.day) == (2, 29) else first.day
        at = record.day_index(date(year, first.month, day))
        low, high = at + min(SHIFTS_D) - 3, at + max(SHIFTS_D) + days
        if low >= 0 and high <= record.mean_c.size and not np.isnan(record.mean_c[low:high]).any():
            found.append((year, at))
    return found


def _response(
    model: Additive, record: DailyTemperature, starts: list[tuple[int, int]], length_d: int
) -> Floats:
    """Return (days, 24): what each day that is laid over does to use, hour by hour."""
    at = model.groups[TEMPERATURE]
    told = np.full((record.mean_c.size, DAY_H), np.nan)
    for _, start in starts:
        rows = np.arange(start + min(SHIFTS_D), start + max(SHIFTS_D) + length_d)
        hour = np.tile(np.arange(DAY_H), rows.size)
        now, last, two, three = (np.repeat(record.mean_c[rows - ago], DAY_H) for ago in range(4))
        columns = model.terms.of_temperature(hour, now, last, (two + three) / 2)
        part = (columns - model.mean[at]) / model.scale[at] @ model.coefficients[at]
        told[rows] = part.reshape(-1, DAY_H)
    return told


def _paths(
    series_id: str,
    history: History,
    misses: Misses,
    record: DailyTemperature,
    starts: list[tuple[int, int]],
    steady: Floats,
    response: Floats,
    notes: list[str],
    ahead: Hours,
) -> Scenario:
    day = ahead.day - ahead.day[0]
    whole = np.bincount(day) >= DAY_H - 1
    luck = np.random.default_rng(_SEED)
    low_c, high_c = history.model.terms.seen_c[1]
    rows: list[tuple[float, ...]] = []
    beyond = 0
    for year, start in starts:
        for shift in SHIFTS_D:
            days = record.mean_c[start + shift + np.arange(day[-1] + 1)]
            beyond += bool((days < low_c).any() or (days > high_c).any())
            fitted = steady + response[start + shift + day, ahead.hour_of_day]
            for _ in range(DRAWS):
                use = np.maximum(fitted + misses.draw(luck, fitted), 0.0)
                by_day = np.bincount(day, weights=use)
                peak = by_day[whole].max() if whole.any() else by_day.max()
                rows.append((year, use.sum(), peak, use.max(), days.min()))
    table = np.array(rows)
    return Scenario(
        series_id=series_id,
        hours=ahead,
        years=len(starts),
        weather_year=table[:, 0],
        totals=table[:, 1],
        peak_days=table[:, 2],
        peak_hours=table[:, 3],
        coldest_c=table[:, 4],
        beyond_pct=beyond / (len(starts) * len(SHIFTS_D)) * 100,
        misses=misses,
        notes=tuple(notes),
    )


def crps(paths: Floats, came: float) -> float:
    """Return the continuous ranked probability score of paths for what came; 0 is perfect.

    Source: Gneiting and Raftery (2007), in its form of sorted samples.
    """
    drawn = np.sort(paths)
    count = drawn.size
    weights = (2 * np.arange(1, count + 1) - count - 1) / count**2
    return float(np.abs(drawn - came).mean() - weights @ drawn)
