# SPDX-License-Identifier: EUPL-1.2
"""Long records of daily weather, brought to today's climate and to the place of a history.

Only temperature is looked at. What warmed, warmed unevenly: the trend bends every 25 years and has
seasons of its own. Days are moved by it, so that how much days differ stays as it was then.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from cloud.demand.files import UnreadableFileError, numbers, read_table
from cloud.demand.series import Floats, Weather

YEAR_D = 365.2425
TREND_FROM_YEARS = 30  # of record: a climate is told by thirty years (WMO-No. 1203)
_BEND_YEARS = 25
_FULL_DAY_H = 20
_OVERLAP_D = 300  # a season's difference between two places takes most of a year to see
_SHORT_OVERLAP_D = 30
_GAP_D = 3
_EARLIEST_D = (date(1700, 1, 1) - date(1970, 1, 1)).days  # longer records than any that is kept
_LATEST_D = (date(2200, 1, 1) - date(1970, 1, 1)).days


@dataclass(frozen=True, kw_only=True)
class DailyTemperature:
    """Mean temperature (°C) of days in a row; ``first_day`` counts days since 1970-01-01."""

    first_day: int
    mean_c: Floats

    @classmethod
    def of(cls, weather: Weather) -> Self:
        """Return the means of the local days of hourly weather that are known nearly whole."""
        told = weather.get("temperature_c")
        known = ~np.isnan(told)
        if not known.any():
            return cls(first_day=0, mean_c=np.zeros(0))
        day = weather.hours.day - weather.hours.day[0]
        counts = np.bincount(day[known])
        sums = np.bincount(day[known], weights=told[known])
        with np.errstate(invalid="ignore"):
            means = np.where(counts >= _FULL_DAY_H, sums / counts, np.nan)
        return cls(first_day=int(weather.hours.day[0]), mean_c=means)

    @property
    def years(self) -> float:
        """How many years are known."""
        return float((~np.isnan(self.mean_c)).sum() / YEAR_D)

    def day_index(self, day: date) -> int:
        """Return the place of a date; it may lie outside."""
        return (day - date(1970, 1, 1)).days - self.first_day

    def _days(self) -> Floats:
        return self.first_day + np.arange(self.mean_c.size, dtype=np.float64)

    def at_climate_of(self, day: date) -> Self:
        """Return the record moved to the climate of ``day``; as it is if it is under 30 years."""
        if self.years < TREND_FROM_YEARS:
            return self
        days, target = self._days(), float((day - date(1970, 1, 1)).days)
        last = days[-1]
        count = int((last - days[0]) / YEAR_D // _BEND_YEARS)
        bends = last - YEAR_D * _BEND_YEARS * np.arange(1, count + 1)

        def trend(at: Floats, of_year: Floats) -> Floats:
            """Return columns that are linear in time between bends, with seasons."""
            years = (at - last) / YEAR_D
            slopes = [years, *(np.maximum((bend - at) / YEAR_D, 0) for bend in bends[:-1])]
            waves = _waves(of_year)[:, :3]
            return np.hstack([slope[:, None] * waves for slope in slopes])

        columns = np.hstack([_waves(days), trend(days, days)])
        known = ~np.isnan(self.mean_c)
        found = np.linalg.lstsq(columns[known], self.mean_c[known], rcond=None)[0][5:]
        then = trend(days, days) @ found
        now = trend(np.full(days.size, target), days) @ found
        return replace(self, mean_c=self.mean_c - then + now)

    def moved_to(self, place: Self) -> tuple[Self, str]:
        """Return the record with its mean differences to a place's own days taken off, and how."""
        first = max(self.first_day, place.first_day)
        last = min(self.first_day + self.mean_c.size, place.first_day + place.mean_c.size)
        days = np.arange(first, max(first, last))
        off = place.mean_c[days - place.first_day] - self.mean_c[days - self.first_day]
        known = ~np.isnan(off)
        if known.sum() < _SHORT_OVERLAP_D:
            return self, "the record of years shares too few days with the weather to compare"
        waves = 3 if known.sum() >= _OVERLAP_D else 1
        columns = _waves(days[known].astype(np.float64))[:, :waves]
        found = np.linalg.lstsq(columns, off[known], rcond=None)[0]
        shift = _waves(self._days())[:, :waves] @ found
        told = f"the record of years was moved by {shift.mean():+.1f} °C to the weather's place"
        return replace(self, mean_c=self.mean_c + shift), told


def read_years(path: Path) -> DailyTemperature:
    """Return the record of a CSV or Parquet file with ``date`` and ``temp_mean``.

    Raises:
        UnreadableFileError: with what is wrong.
    """
    table = read_table(path, ("date",), ("temp_mean", "temperature_c"))
    name = next((one for one in ("temp_mean", "temperature_c") if one in table.columns), None)
    if name is None:
        raise UnreadableFileError(f"{path} has no column temp_mean beside date.")
    stamps = table["date"]
    if stamps.dtype == pl.String:
        stamps = stamps.str.strip_chars().str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if stamps.null_count() or not stamps.dtype.is_temporal():
        raise UnreadableFileError(f"{path}: some of date are no dates; write 2026-01-31.")
    day = stamps.cast(pl.Date).to_physical().to_numpy().astype(np.int64)
    if day.min() < _EARLIEST_D or day.max() > _LATEST_D:
        raise UnreadableFileError(f"{path}: some of date are not between 1700 and 2200.")
    if len(np.unique(day)) < len(day):
        raise UnreadableFileError(f"{path} tells of some days twice; bring one place's weather.")
    means = np.full(int(day.max() - day.min()) + 1, np.nan)
    means[day - day.min()] = numbers(table, name, path, at="date").to_numpy()
    known = np.flatnonzero(~np.isnan(means))
    if known.size < YEAR_D:
        raise UnreadableFileError(f"{path} holds {known.size} days; a year is the least.")
    return DailyTemperature(first_day=int(day.min()), mean_c=filled(means))


def filled(means: Floats) -> Floats:
    """Return days with gaps of up to three drawn straight."""
    known = np.flatnonzero(~np.isnan(means))
    every = np.arange(means.size)
    before = np.searchsorted(known, every, side="right") - 1
    gap = known[np.clip(before + 1, 0, known.size - 1)] - known[np.clip(before, 0, None)] - 1
    drawn = np.interp(every, known, means[known])
    return np.where(np.isnan(means) & (gap > _GAP_D), np.nan, drawn)


def _waves(day: Floats) -> Floats:
    turns = 2 * np.pi * day / YEAR_D
    return np.stack(
        [np.ones(day.size), np.cos(turns), np.sin(turns), np.cos(2 * turns), np.sin(2 * turns)],
        axis=1,
    )
