# SPDX-License-Identifier: EUPL-1.2
"""A leak between a main and the meters of its flats: sums of real homes, each metered with errors.

``python -m tests.benchmark.leaks.balances [--tune]``. Every flat is a real home (DAIAD). Each meter
reads up to 2 % wrong, always the same way (OIML R 49), in steps of a litre, once an hour at a
minute of its own. Within an hour a home's water flows at one moment, drawn by lot: the harshest on
what is worked out between readings.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_gateway.leaks.balance import Balanced
from edge_gateway.leaks.rules.imbalance import Imbalance
from edge_gateway.leaks.stretch import HOUR_S, Meter
from edge_gateway.leaks.verdict import Cleared, Raised
from tests.benchmark.figures import Figure, Figures
from tests.benchmark.leaks.daiad import History, homes
from tests.benchmark.leaks.scoring import HORIZON_S, YEAR_S, Delays, Episode, Rate, delay_s

LEARNED_H = 28 * 24
SUMS = 6  # of each number of flats
STARTS = 12  # of each leak in each sum
ERROR = 0.02
STEP_ML = 1000
LEAKS_L_PER_H = {8: (5, 10, 20, 40), 24: (10, 20, 40, 80)}


@dataclass(frozen=True, eq=False)
class Building:
    """Hours of a main without a leak and of its flats, and when in the hour the main is read."""

    main: NDArray[np.int64]
    parts: NDArray[np.int64]
    flats: int


def buildings(flats: int, part: str, rng: np.random.Generator) -> Iterator[Building]:
    """Give sums of so many homes; each as long as its shortest history."""
    hourly = [_hours_ml(home) for home in homes(part)]
    for _ in range(SUMS):
        chosen = rng.choice(len(hourly), flats, replace=flats > len(hourly))
        length = min(len(hourly[home]) for home in chosen)
        # A home that comes twice comes with another season.
        used = np.array([np.roll(hourly[h][:length], 168 * rng.integers(52)) for h in chosen])
        moments = rng.random(used.shape)
        each = [
            _metered(used[flat : flat + 1], moments[flat : flat + 1], rng) for flat in range(flats)
        ]
        yield Building(_metered(used, moments, rng), np.sum(each, axis=0), flats)


def _hours_ml(home: History) -> NDArray[np.float64]:
    full_s = np.arange(home.read_at_s[0] // HOUR_S + 1, home.read_at_s[-1] // HOUR_S) * HOUR_S
    return np.diff(np.interp(full_s, home.read_at_s, home.register_ml))


def _metered(
    used: NDArray[np.float64], moments: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return what the balance works out for each hour of a meter that all this runs through."""
    phase = rng.random()
    before = np.concatenate([[0], np.cumsum(used.sum(axis=0))])
    read = before[:-1] + (used * (moments < phase)).sum(axis=0)
    register = read * (1 + rng.uniform(-ERROR, ERROR)) // STEP_ML * STEP_ML
    at_full_hour = register[:-1] + np.diff(register) * (1 - phase)
    return np.diff(np.rint(at_full_hour).astype(np.int64))


def trial(
    building: Building, leaks_l_per_h: tuple[int, ...], rng: np.random.Generator
) -> tuple[Rate, dict[int, list[int | None]]]:
    """Return alarms without a leak, and the delays of each leak."""
    hours = len(building.main)
    twin = _episodes(building, 0, 0, hours)
    from_s = LEARNED_H * HOUR_S
    rate = Rate(sum(e.raised_at_s > from_s for e in twin), (hours - LEARNED_H) * HOUR_S / YEAR_S)
    starts = rng.integers(LEARNED_H, hours - HORIZON_S // HOUR_S, STARTS)
    return rate, {
        size: [
            delay_s(
                _episodes(building, size * 1000, int(start), int(start) + HORIZON_S // HOUR_S),
                twin,
                int(start) * HOUR_S,
            )
            for start in starts
        ]
        for size in leaks_l_per_h
    }


def _episodes(building: Building, leak_ml: int, from_h: int, until_h: int) -> list[Episode]:
    rule, meter, found = Imbalance(), Meter(), list[Episode]()
    steps = STEP_ML * (building.flats + 1)
    for hour in range(max(0, from_h - 60 * 24) if leak_ml else 0, until_h):
        leaked = leak_ml if hour >= from_h else 0
        main, parts = int(building.main[hour]) + leaked, int(building.parts[hour])
        from_s, until_s = hour * HOUR_S, (hour + 1) * HOUR_S
        is_open = rule.is_open
        verdict = rule.look(
            Balanced(from_s, until_s, main, parts, steps, building.flats, "", is_open), meter
        )
        if isinstance(verdict, Raised):
            found.append(Episode(until_s))
        elif isinstance(verdict, Cleared):
            found[-1] = Episode(found[-1].raised_at_s, until_s)
    return found


def outcomes(part: str) -> dict[int, tuple[Rate, dict[int, Delays]]]:
    """Return what came of all buildings, by how many flats they have."""
    results = {}
    for flats, leaks in LEAKS_L_PER_H.items():
        rng = np.random.default_rng(flats)
        rate, delays = Rate(0, 0.0), {size: list[int | None]() for size in leaks}
        for building in buildings(flats, part, rng):
            more, found = trial(building, leaks, rng)
            rate += more
            for size in leaks:
                delays[size] += found[size]
        results[flats] = rate, {size: Delays(each) for size, each in delays.items()}
    return results


async def measure() -> Figures:
    """Return alarms per meter-year and the share of each leak found within seven days."""
    return figures(await asyncio.to_thread(outcomes, "test"))


def figures(results: dict[int, tuple[Rate, dict[int, Delays]]]) -> Figures:
    """Return the same as figures."""
    found: Figures = []
    for flats, (rate, delays) in results.items():
        name, low, high = f"leaks_balance_{flats}_flats", *rate.range_per_year
        meaning = f"{rate.alarms} in {rate.years:.1f} years; {low:.2f} to {high:.2f}"
        found.append(Figure(f"{name}_alarms_per_year", rate.per_year, meaning))
        for size, each in delays.items():
            median_h = each.quantile_h(0.5)
            meaning = "median over 7 days" if median_h is None else f"median {median_h:.0f} h"
            found.append(Figure(f"{name}_{size}_l_per_h_found_percent", each.found * 100, meaning))
    return found


if __name__ == "__main__":
    measured = figures(outcomes("prior" if "--tune" in sys.argv else "test"))
    for one in measured:
        print(f"{one.name:52} {one.amount:8.2f}  {one.meaning}")
    print(json.dumps({one.name: round(one.amount, 3) for one in measured}))
