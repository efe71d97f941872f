# SPDX-License-Identifier: EUPL-1.2
"""Assembly: what was told becomes columns on a grid, as decisions have it read."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from cloud.weather.models import (
    Bools,
    Decision,
    Floats,
    Grid,
    Ints,
    Resolution,
    Weather,
    unknown,
)

# How a day is made of hours: by what, and of how many at least.
_MEANS = (
    "temperature_c",
    "humidity_pct",
    "wind_m_per_s",
    "irradiance_w_per_m2",
    "pressure_hpa",
    "snow_depth_cm",
)
# Three quarters of a day tell its mean within half a degree; a sum must not lack what fell.
MIN_HOURS_OF_MEAN = 18
MIN_HOURS_OF_SUM = 24


def on_grid(told: pl.DataFrame, grid: Grid) -> dict[str, Floats]:
    """Return rows, in order of time and ``known_at``, as columns; the last that says wins."""
    columns = unknown(grid.count, grid.resolution.columns)
    place = _places(told, grid)
    for name, column in columns.items():
        numbers = told[name].to_numpy()
        says = ~np.isnan(numbers)
        column[place[says]] = numbers[says]  # of several at one place the last stays
    return columns


def _places(told: pl.DataFrame, grid: Grid) -> Ints:
    start_us = int(grid.start.timestamp()) * 1_000_000
    step_us = grid.resolution.step // timedelta(microseconds=1)
    return (told["at"].dt.epoch("us").to_numpy() - start_us) // step_us


def reach(decisions: Iterable[Decision], resolution: Resolution) -> int:
    """Return how many steps further than the grid must be read for its shifts."""
    steps = [abs(one.steps) for one in decisions if one.resolution is resolution]
    return max(steps, default=0)


def decided(columns: dict[str, Floats], grid: Grid, decisions: Sequence[Decision]) -> None:
    """Read columns as decisions have it, in their order; ``since`` and ``until`` are as told."""
    for one in decisions:
        if one.resolution is not grid.resolution or one.column not in columns:
            continue
        first, last = _index(grid, one.since), _index(grid, one.until)
        column = columns[one.column]
        moved = column[first:last].copy()
        column[first:last] = np.nan
        if one.kind == "shift":
            put = np.arange(first, last) + one.steps
            inside = (put >= 0) & (put < grid.count)
            column[put[inside]] = moved[inside]


def _index(grid: Grid, at: datetime) -> int:
    """Return the first step that begins at or after ``at``, inside of the grid."""
    return int(np.clip(-((grid.start - at) // grid.resolution.step), 0, grid.count))


def cut(columns: dict[str, Floats], margin: int) -> dict[str, Floats]:
    """Return columns without so many steps on either side."""
    return {name: column[margin : len(column) - margin] for name, column in columns.items()}


def with_forecast(columns: dict[str, Floats], runs: dict[str, Floats]) -> dict[str, Bools]:
    """Put forecasts where nothing was observed; return where, of columns that have any."""
    put = {}
    for name, column in columns.items():
        by_run = np.isnan(column) & ~np.isnan(runs[name])
        column[by_run] = runs[name][by_run]
        if by_run.any():
            put[name] = by_run
    return put


def days_of_hours(hours: Weather, grid: Grid, zone_offsets_h: Ints) -> dict[str, Floats]:
    """Return the days that hours make: means of at least 18, sums of 24, the least and greatest.

    ``zone_offsets_h`` is what local time is ahead of UTC in each hour; a day of 23 hours is whole.
    """
    start_day = int(grid.start.timestamp()) // 86400
    start_h = int(hours.grid.start.timestamp()) // 3600
    day = (start_h + np.arange(hours.grid.count) + zone_offsets_h) // 24 - start_day
    inside = (day >= 0) & (day < grid.count)
    columns = unknown(grid.count, grid.resolution.columns)
    for name in _MEANS:
        columns[name] = _means(hours.get(name), day, inside, grid.count)
    temperature = hours.get("temperature_c")
    is_known = inside & ~np.isnan(temperature)
    for name, extreme, start in (
        ("temperature_min_c", np.minimum, np.inf),
        ("temperature_max_c", np.maximum, -np.inf),
    ):
        found = np.full(grid.count, start)
        extreme.at(found, day[is_known], temperature[is_known])
        columns[name] = np.where(np.isnan(columns["temperature_c"]), np.nan, found)
    columns["precipitation_mm"] = _sums(hours.get("precipitation_mm"), day, inside, grid.count)
    return columns


def _means(column: Floats, day: Ints, inside: Bools, count: int) -> Floats:
    known = inside & ~np.isnan(column)
    told = np.bincount(day[known], minlength=count)
    sums = np.bincount(day[known], weights=column[known], minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(told >= MIN_HOURS_OF_MEAN, sums / told, np.nan)


def _sums(column: Floats, day: Ints, inside: Bools, count: int) -> Floats:
    known = inside & ~np.isnan(column)
    told = np.bincount(day[known], minlength=count)
    length = np.minimum(np.bincount(day[inside], minlength=count), MIN_HOURS_OF_SUM)
    sums = np.bincount(day[known], weights=column[known], minlength=count)
    # 23 hours in spring are a whole day; at the grid's edges the length is cut, so at least 23
    return np.where((told >= length) & (told >= MIN_HOURS_OF_SUM - 1), sums, np.nan)


def newest(*tables: pl.DataFrame) -> datetime | None:
    """Return when the newest row became known."""
    known = [table["known_at"].max() for table in tables if len(table)]
    return max(known).astimezone(UTC) if known else None  # type: ignore[type-var,union-attr]


def days_touched(where: Bools, grid: Grid, hours: Grid, zone_offsets_h: Ints) -> Bools:
    """Return the days of ``grid`` with an hour at which ``where`` is true."""
    start_day = int(grid.start.timestamp()) // 86400
    start_h = int(hours.start.timestamp()) // 3600
    day = (start_h + np.arange(hours.count) + zone_offsets_h) // 24 - start_day
    touched = day[where & (day >= 0) & (day < grid.count)]
    return np.bincount(touched, minlength=grid.count) > 0
