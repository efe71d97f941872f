# SPDX-License-Identifier: EUPL-1.2
"""Gaps filled: from the hours around them, or from neighbours, and marked as estimated.

Temperature follows each neighbour along a line that is learnt where both are known; where they
hardly overlap, the standard lapse rate stands in for it. Estimates of several neighbours are
averaged, the better ones weighing more. Daily precipitation follows by the ratio of sums. The
error of a line is told by weeks that it did not learn from. Nothing after the last observation is
estimated, for that would be a forecast; hourly precipitation isn't either.
Source of the lapse rate: ICAO Doc 7488 (standard atmosphere), 6.5 K per km.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cloud.weather.models import Bools, Floats, Ints, Place, Resolution, Weather

LAPSE_C_PER_M = -0.0065
# What the standard lapse rate alone misses by, in mountains with inversions.
LAPSE_ERROR_C = 4.0
INTERPOLATED_H = 3  # the sun turns a temperature within more
MIN_OVERLAP_DAYS = 60
# A place with a tenth of another's rain, or tenfold, isn't told by it.
RATIO_LIMITS = (0.1, 10.0)
TEMPERATURES = ("temperature_c", "temperature_min_c", "temperature_max_c")
RAIN = "precipitation_mm"


@dataclass(frozen=True, kw_only=True)
class _Line:
    """An estimate by one neighbour, and how far it was off where it hadn't learnt."""

    estimate: Floats
    error: float


def lacks(target: Weather, margin: int) -> bool:
    """Tell whether there is a gap to fill after the first ``margin`` steps."""
    return any(
        _gaps(target, name)[margin:].any()
        for name in _filled_columns(target)
        if name in target.columns
    )


def filled(place: Place, target: Weather, neighbours: Sequence[tuple[Place, Weather]]) -> Weather:
    """Return the weather with its gaps filled as far as that can be done."""
    columns = dict(target.columns)
    estimated: dict[str, Bools] = {}
    errors: dict[str, float] = {}
    for name in _filled_columns(target):
        gaps = _gaps(target, name)
        if not gaps.any():
            continue
        known = np.where(target.forecast.get(name, False), np.nan, target.get(name))
        column, squares = target.get(name).copy(), np.full(len(gaps), np.nan)
        if target.grid.resolution is Resolution.HOUR:
            _interpolate(column, known, gaps, squares)
        left = gaps & np.isnan(column)
        if left.any():
            estimate, error = _from_neighbours(place, target, name, known, neighbours)
            column[left] = estimate[left]
            squares[left & ~np.isnan(estimate)] = error**2
        put = gaps & ~np.isnan(column)
        if put.any():
            columns[name], estimated[name] = column, put
            judged = squares[put & ~np.isnan(squares)]
            if len(judged):  # else there was nothing to judge the recipe by
                errors[name] = float(np.sqrt(judged.mean()))
    return replace(target, columns=columns, estimated=estimated, errors=errors)


def last(weather: Weather, margin: int) -> Weather:
    """Return the weather without its first ``margin`` steps."""
    grid = replace(weather.grid, start=weather.grid.at(margin), count=weather.grid.count - margin)

    def cut(columns: Mapping[str, Bools]) -> dict[str, Bools]:
        return {name: where[margin:] for name, where in columns.items() if where[margin:].any()}

    estimated = cut(weather.estimated)
    return replace(
        weather,
        grid=grid,
        columns={name: column[margin:] for name, column in weather.columns.items()},
        estimated=estimated,
        forecast=cut(weather.forecast),
        errors={name: weather.errors[name] for name in estimated if name in weather.errors},
    )


def _filled_columns(target: Weather) -> tuple[str, ...]:
    if target.grid.resolution is Resolution.HOUR:
        return ("temperature_c",)
    return (*TEMPERATURES, RAIN)


def _gaps(target: Weather, name: str) -> Bools:
    """Return where nothing is known between the first observation and the last."""
    column = target.get(name)
    observed = ~np.isnan(column) & ~target.forecast.get(name, np.zeros(len(column), dtype=np.bool_))
    before = np.cumsum(observed) > 0
    after = np.cumsum(observed[::-1])[::-1] > 0
    return np.isnan(column) & before & after


def _interpolate(column: Floats, known: Floats, gaps: Bools, squares: Floats) -> None:
    """Fill gaps of at most three hours along a line between the hours around them."""
    starts = np.flatnonzero(gaps & ~np.r_[False, gaps[:-1]])
    ends = np.flatnonzero(gaps & ~np.r_[gaps[1:], False]) + 1
    # What a line over four hours misses by in the middle, where all are known.
    middle = known[2:-2] - (known[:-4] + known[4:]) / 2
    square = float(np.nanmean(middle**2)) if (~np.isnan(middle)).any() else np.nan
    for start, end in zip(starts, ends, strict=True):
        if end - start > INTERPOLATED_H or np.isnan(known[start - 1]) or np.isnan(known[end]):
            continue
        share = np.arange(1, end - start + 1) / (end - start + 1)
        column[start:end] = known[start - 1] + share * (known[end] - known[start - 1])
        squares[start:end] = square


def _from_neighbours(
    place: Place,
    target: Weather,
    name: str,
    known: Floats,
    neighbours: Sequence[tuple[Place, Weather]],
) -> tuple[Floats, float]:
    """Return the estimate that neighbours make, NaN where none is known, and its error."""
    weeks = np.arange(len(known)) // (7 * 24 if target.grid.resolution is Resolution.HOUR else 7)
    per_day = 24 if target.grid.resolution is Resolution.HOUR else 1
    lines = []
    for other, weather in neighbours:
        theirs = np.where(weather.forecast.get(name, False), np.nan, weather.get(name))
        line = (
            _by_ratio(known, theirs, weeks)
            if name == RAIN
            else _by_line(
                known,
                theirs,
                weeks,
                MIN_OVERLAP_DAYS * per_day,
                place.elevation_m - other.elevation_m,
            )
        )
        if line is not None:
            lines.append(line)
    if not lines:
        return np.full(len(known), np.nan), np.nan
    estimate = _averaged(lines)
    both = ~np.isnan(estimate) & ~np.isnan(known)
    worst = max(line.error for line in lines)
    if both.sum() < MIN_OVERLAP_DAYS * per_day:
        return estimate, worst
    # Lines were learnt from this time: no better than the best of them did elsewhere.
    together = float(np.sqrt(np.mean((estimate[both] - known[both]) ** 2)))
    return estimate, max(together, min(line.error for line in lines) * 0.8)


def _averaged(lines: Sequence[_Line]) -> Floats:
    """Return the mean of estimates, weighed by the inverse of their squared errors."""
    estimates = np.array([line.estimate for line in lines])
    weights = np.array([1 / max(line.error, 0.05) ** 2 for line in lines])[:, None]
    known = ~np.isnan(estimates)
    total = (known * weights).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            np.where(total > 0, np.nansum(estimates * weights, axis=0) / total, np.nan)
        )


def _by_line(
    known: Floats, theirs: Floats, weeks: Ints, min_overlap: int, higher_m: float
) -> _Line | None:
    if np.isnan(theirs).all():
        return None
    both = ~np.isnan(known) & ~np.isnan(theirs)
    if both.sum() < min_overlap:
        return _Line(estimate=theirs + LAPSE_C_PER_M * higher_m, error=LAPSE_ERROR_C)
    slope, offset = _least_squares(theirs[both], known[both])
    squares = []
    for parity in (0, 1):
        learn, judge = both & (weeks % 2 == parity), both & (weeks % 2 != parity)
        if learn.sum() < 2 or not judge.any():
            continue
        a, b = _least_squares(theirs[learn], known[learn])
        squares.append((a * theirs[judge] + b - known[judge]) ** 2)
    error = float(np.sqrt(np.concatenate(squares).mean())) if squares else LAPSE_ERROR_C
    return _Line(estimate=slope * theirs + offset, error=error)


def _least_squares(x: Floats, y: Floats) -> tuple[float, float]:
    """Return slope and offset; a neighbour that never changes tells an offset alone."""
    spread = float(x.var())
    slope = float(((x - x.mean()) * (y - y.mean())).mean()) / spread if spread > 1e-9 else 0.0
    return slope, float(y.mean()) - slope * float(x.mean())


def _by_ratio(known: Floats, theirs: Floats, weeks: Ints) -> _Line | None:
    both = ~np.isnan(known) & ~np.isnan(theirs)
    if both.sum() < MIN_OVERLAP_DAYS or theirs[both].sum() <= 0:
        return None
    ratio = float(known[both].sum() / theirs[both].sum())
    if not RATIO_LIMITS[0] <= ratio <= RATIO_LIMITS[1]:
        return None
    squares = []
    for parity in (0, 1):
        learn, judge = both & (weeks % 2 == parity), both & (weeks % 2 != parity)
        if theirs[learn].sum() > 0:
            other = known[learn].sum() / theirs[learn].sum()
            squares.append((other * theirs[judge] - known[judge]) ** 2)
    error = float(np.sqrt(np.concatenate(squares).mean()))
    return _Line(estimate=np.asarray(ratio * theirs), error=error)
