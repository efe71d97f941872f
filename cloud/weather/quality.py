# SPDX-License-Identifier: EUPL-1.2
"""What is wrong with what was told of the weather: each check returns flags, and changes nothing.

Thresholds without another source follow WMO-No. 488, Guide to the Global Observing System, VI.2
(limits, jumps, persistence, consistency in space): the kinds of check are its, the numbers ours,
wide enough that the temperatures of three stations over 26 years raise no jump (see the tests).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np

from cloud.weather import ranks
from cloud.weather.limits import limits
from cloud.weather.models import Bools, Flag, Floats, Grid, Place, Resolution, Weather

Neighbours = Sequence[tuple[Place, Weather]]

JUMP_C = {Resolution.HOUR: 8.0, Resolution.DAY: 14.0}
FLAT_STEPS = {
    (Resolution.HOUR, "temperature_c"): 12,
    (Resolution.HOUR, "pressure_hpa"): 24,
    (Resolution.HOUR, "precipitation_mm"): 6,
    (Resolution.DAY, "temperature_c"): 5,
    (Resolution.DAY, "precipitation_mm"): 4,
}
REPEATED_STEPS = {Resolution.HOUR: 24, Resolution.DAY: 10}
REPEATED_DISTINCT = 6
PARTS_OF_YEAR = 24
UNIT_WINDOW = {Resolution.HOUR: 24 * 15, Resolution.DAY: 15}
# A slip to Fahrenheit moves 0 °C by 32, and 20 below zero by 16: less than any frost here.
SLIP_C = 15.0
SLIP_FITS_C = 6.0
DISAGREEMENT_C = 6.0
DISAGREEMENT_DEVIATIONS = 7.0
MIN_OVERLAP_DAYS = 60
TEMPERATURE, RAIN = "temperature_c", "precipitation_mm"


def check(place: Place, weather: Weather, neighbours: Neighbours) -> list[Flag]:
    """Return everything that is wrong, in order of time."""
    found = [
        *impossible(place, weather),
        *inconsistent(weather),
        *jumps(weather),
        *flat(weather),
        *repeated(weather),
        *unit_slips(place, weather, neighbours),
        *disagreement(weather, neighbours),
        *shifted(weather, neighbours),
    ]
    return sorted(found, key=lambda flag: (flag.since, flag.rule, flag.column))


def impossible(place: Place, weather: Weather) -> Iterator[Flag]:
    """Yield what no weather can be at this height."""
    for name, column in weather.columns.items():
        least, greatest = limits(weather.grid.resolution, name, place.elevation_m)
        for first, last in _runs((column < least) | (column > greatest)):
            worst = float(column[first:last][np.argmax(np.abs(column[first:last]))])
            yield _flag(
                "impossible",
                name,
                weather.grid,
                first,
                last,
                f"{worst:g} lies outside of {least:.0f} to {greatest:.0f}.",
                {"value": worst, "least": least, "greatest": greatest},
            )


def inconsistent(weather: Weather) -> Iterator[Flag]:
    """Yield days whose least temperature is above the mean, or the mean above the greatest."""
    least, mean = weather.get("temperature_min_c"), weather.get(TEMPERATURE)
    greatest = weather.get("temperature_max_c")
    for first, last in _runs((least > mean) | (mean > greatest) | (least > greatest)):
        told = {"least": _number(least[first]), "mean": _number(mean[first])}
        yield _flag(
            "inconsistent",
            TEMPERATURE,
            weather.grid,
            first,
            last,
            "The mean doesn't lie between the least and the greatest of the day.",
            {**told, "greatest": _number(greatest[first])},
        )


def jumps(weather: Weather) -> Iterator[Flag]:
    """Yield temperatures that leave both their neighbours in time by far, to the same side."""
    column = weather.get(TEMPERATURE)
    if len(column) < 3:
        return
    before, after = column[1:-1] - column[:-2], column[1:-1] - column[2:]
    away = np.where(before * after > 0, np.minimum(np.abs(before), np.abs(after)), 0.0)
    for index in np.flatnonzero(away > JUMP_C[weather.grid.resolution]) + 1:
        yield _flag(
            "jump",
            TEMPERATURE,
            weather.grid,
            int(index),
            int(index) + 1,
            f"{column[index]:g} °C stands between {column[index - 1]:g} and {column[index + 1]:g}.",
            {"value": float(column[index]), "away_c": float(away[index - 1])},
        )


def flat(weather: Weather) -> Iterator[Flag]:
    """Yield stretches over which what ought to vary doesn't; no rain is no stretch."""
    for (resolution, name), steps in FLAT_STEPS.items():
        column = weather.get(name)
        if resolution is not weather.grid.resolution:
            continue
        counted = ~np.isnan(column) & ((name != RAIN) | (column > 0))
        same = np.r_[False, counted[1:] & counted[:-1] & (column[1:] == column[:-1])]
        for first, last in _runs(same):
            if last - first + 1 >= steps:
                yield _flag(
                    "flat",
                    name,
                    weather.grid,
                    first - 1,
                    last,
                    f"{column[first]:g} stands {last - first + 1} times in a row.",
                    {"value": float(column[first]), "steps": int(last - first + 1)},
                )


def repeated(weather: Weather) -> Iterator[Flag]:
    """Yield stretches of temperature that are told again, number by number, at another time."""
    column, length = weather.get(TEMPERATURE), REPEATED_STEPS[weather.grid.resolution]
    if len(column) < 2 * length:
        return
    windows = np.lib.stride_tricks.sliding_window_view(np.round(column, 2), length)
    usable = np.flatnonzero(~np.isnan(windows).any(axis=1))
    kept = np.ascontiguousarray(windows[usable])
    _, place, counts = np.unique(
        kept.view(np.dtype((np.void, kept.dtype.itemsize * length))).ravel(),
        return_inverse=True,
        return_counts=True,
    )
    first_of = np.full(len(counts), len(column))
    np.minimum.at(first_of, place, usable)
    again = (counts[place] > 1) & (usable - first_of[place] >= length)
    again &= np.array(
        [again[row] and len(np.unique(kept[row])) >= REPEATED_DISTINCT for row in range(len(kept))],
        dtype=np.bool_,
    )
    marked = np.zeros(len(column), dtype=np.bool_)
    origin = np.full(len(column), -1)
    for row in np.flatnonzero(again):
        marked[usable[row] : usable[row] + length] = True
        origin[usable[row]] = first_of[place[row]]
    for first, last in _runs(marked):
        source = weather.grid.at(int(origin[first]))
        yield _flag(
            "repeated",
            TEMPERATURE,
            weather.grid,
            first,
            last,
            f"The same {last - first} numbers stand at {source:%Y-%m-%d %H:%M}.",
            {"same_as": source.isoformat(), "steps": int(last - first)},
        )


def unit_slips(place: Place, weather: Weather, neighbours: Neighbours) -> Iterator[Flag]:
    """Yield windows whose temperatures fit only if they were Fahrenheit or Kelvin.

    Against neighbours at the standard lapse rate; without any, against the same weeks of all years.
    """
    column, grid = weather.get(TEMPERATURE), weather.grid
    expected = _expected_c(place, weather, neighbours)
    size = UNIT_WINDOW[grid.resolution]
    readings = {"°F": (column - 32) / 1.8, "K": column - 273.15}
    wrong: dict[str, Bools] = {unit: np.zeros(len(column), dtype=np.bool_) for unit in readings}
    for first in range(0, len(column), size):
        part = slice(first, first + size)
        if _away(column[part], expected[part]) < SLIP_C:
            continue
        for unit, read in readings.items():
            if _away(read[part], expected[part]) < SLIP_FITS_C:
                wrong[unit][part] = True
    for unit, where in wrong.items():
        for first, last in _runs(where):
            yield _flag(
                "unit",
                TEMPERATURE,
                grid,
                first,
                last,
                f"These fit the weather only if they are {unit}.",
                {"unit": unit, "median": _number(np.nanmedian(column[first:last]))},
            )


def _expected_c(place: Place, weather: Weather, neighbours: Neighbours) -> Floats:
    others = [
        other.get(TEMPERATURE) - 0.0065 * (place.elevation_m - one.elevation_m)
        for one, other in neighbours
    ]
    known = [one for one in others if not np.isnan(one).all()]
    if known:
        stacked = np.array(known)
        told = ~np.isnan(stacked)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.nansum(stacked, axis=0) / told.sum(axis=0))
    column, grid = weather.get(TEMPERATURE), weather.grid
    days = np.arange(len(column)) * (grid.resolution.step / timedelta(days=1))
    part = ((days + grid.start.timetuple().tm_yday) % 365.25 / 365.25 * PARTS_OF_YEAR).astype(int)
    usual = np.full(PARTS_OF_YEAR, np.nan)
    for one in np.unique(part):
        around = (part - one + 2) % PARTS_OF_YEAR <= 4  # five half-months: one bad one is outvoted
        known = column[around & ~np.isnan(column)]
        usual[one] = np.median(known) if len(known) else np.nan
    return np.asarray(usual[part])


def _away(column: Floats, expected: Floats) -> float:
    both = ~np.isnan(column) & ~np.isnan(expected)
    return float(np.median(np.abs(column[both] - expected[both]))) if both.any() else 0.0


def disagreement(weather: Weather, neighbours: Neighbours) -> Iterator[Flag]:
    """Yield temperatures that no neighbour explains, after a line learnt from each."""
    column, grid = weather.get(TEMPERATURE), weather.grid
    least = MIN_OVERLAP_DAYS * (timedelta(days=1) // grid.resolution.step)
    off: list[Floats] = []
    for _, other in neighbours:
        theirs = other.get(TEMPERATURE)
        both = ~np.isnan(column) & ~np.isnan(theirs)
        if both.sum() < least or theirs[both].std() == 0:
            continue
        slope, offset = np.polyfit(theirs[both], column[both], 1)
        off.append(column - (slope * theirs + offset))
    if len(off) < 2:  # one alone can't tell whose fault it is
        return
    told = np.array(off)
    # what the neighbour that agrees best says
    best = np.nanmin(np.where(np.isnan(told), np.inf, np.abs(told)), axis=0)
    best[np.isnan(told).sum(axis=0) > len(off) - 2] = 0
    best[~np.isfinite(best)] = 0
    spread = 1.4826 * float(np.median(best[best > 0])) if (best > 0).any() else 0.0
    limit = max(DISAGREEMENT_C, DISAGREEMENT_DEVIATIONS * spread)
    for first, last in _runs(best > limit):
        yield _flag(
            "neighbours",
            TEMPERATURE,
            grid,
            first,
            last,
            f"At least {best[first:last].max():.1f} °C off what every neighbour suggests.",
            {"off_c": float(best[first:last].max()), "limit_c": limit, "neighbours": len(off)},
        )


def shifted(weather: Weather, neighbours: Neighbours) -> Iterator[Flag]:
    """Yield stretches of rain or temperature that fit a neighbour when dated otherwise."""
    if weather.grid.resolution is not Resolution.DAY:
        return
    for name in (RAIN, TEMPERATURE):
        for place, other in neighbours:
            for one in ranks.shifts(_course(weather, name), _course(other, name)):
                side = "late" if one.lag > 0 else "early"
                yield _flag(
                    "shifted",
                    name,
                    weather.grid,
                    one.first,
                    one.last,
                    f"Dated {abs(one.lag)} d {side} against {place.name_en}: rank correlation"
                    f" {one.correlation:.2f} instead of {one.undelayed:.2f}, the best in each of"
                    f" {one.windows} windows. Days that are read and dated in the morning look so.",
                    {
                        "against": place.place_id,
                        "lag_d": one.lag,
                        "correlation": round(one.correlation, 3),
                        "undelayed": round(one.undelayed, 3),
                        "windows": one.windows,
                    },
                )


def _course(weather: Weather, name: str) -> Floats:
    """Return what tells days apart: of temperature its changes, for every year has its summer."""
    column = weather.get(name)
    return np.diff(column, prepend=np.nan) if name == TEMPERATURE else column


def _flag(
    rule: str,
    column: str,
    grid: Grid,
    first: int,
    last: int,
    explanation: str,
    evidence: Mapping[str, object],
) -> Flag:
    return Flag(
        rule=rule,
        column=column,
        since=grid.at(int(first)),
        until=grid.at(int(last)),
        explanation=explanation,
        evidence=dict(evidence),
    )


def _number(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _runs(where: Bools) -> Iterator[tuple[int, int]]:
    """Yield from where to where (not included) it is true."""
    edges = np.flatnonzero(np.diff(np.r_[False, where, False].astype(np.int8)))
    yield from ((int(first), int(last)) for first, last in list(pairwise(edges))[::2])
