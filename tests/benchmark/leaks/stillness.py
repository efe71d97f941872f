# SPDX-License-Identifier: EUPL-1.2
"""How long meters stand still, and what bounds for calling them stuck would have cost.

``python -m tests.benchmark.leaks.stillness``: prior homes of DAIAD trial A, and mains that are sums
of them (drawn with replacement, each shifted by whole weeks of its own).
"""

import json

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from edge_gateway.leaks.rules import stuck
from tests.benchmark.leaks.daiad import History, homes

HOUR_S, DAY_S, WEEK_S = 3600, 86_400, 604_800
YEAR_S = 365.25 * DAY_S
HOME_DAYS = (8, 10, 15, 21, 30, 45)
HOME_FACTORS = (1.25, 1.5, 2.0)
MAINS = (4, 8, 12, 24, 48)
MAIN_HOURS = (6, 12, 24)
SUMS = 40
SEED = 5

Stills = NDArray[np.int64]  # began_at_s, length_s in two columns


def stills(read_at_s: NDArray[np.int64], register_ml: NDArray[np.int64]) -> Stills:
    """Return the times without movement between two movements."""
    moving = np.flatnonzero(np.diff(register_ml) > 0)
    began_at_s, ended_at_s = read_at_s[moving[:-1] + 1], read_at_s[moving[1:]]
    some = ended_at_s > began_at_s
    return np.stack([began_at_s, ended_at_s - began_at_s], axis=1)[some]


def alarms(times: Stills, floor_s: float, factor: float) -> int:
    """Return how many stillnesses after four weeks exceed the bound learned from those before."""
    lengths_s = times[:, 1]
    longest_s = np.maximum.accumulate(np.concatenate([[0], lengths_s[:-1]]))
    learned = times[:, 0] - times[0, 0] >= stuck.LEARNING_S
    return int(np.sum(learned & (lengths_s > np.maximum(floor_s, factor * longest_s))))


def mains(every: list[History], count: int, chance: np.random.Generator) -> list[Stills]:
    """Return the stillnesses of some mains of so many homes, read hourly for a year."""
    began_at_s = max(home.read_at_s[0] for home in every)
    weeks = int(min(home.read_at_s[-1] for home in every) - began_at_s) // WEEK_S
    at_s = np.arange(began_at_s, began_at_s + weeks * WEEK_S + 1, HOUR_S)
    flows = []
    for home in every:
        places = np.searchsorted(home.read_at_s, at_s, side="right") - 1
        flows.append(np.diff(home.register_ml[places]))
    found = []
    for _ in range(SUMS):
        picked = chance.integers(0, len(every), count)
        shifts = chance.integers(0, weeks, count) * (WEEK_S // HOUR_S)
        total = sum(np.roll(flows[one], shift) for one, shift in zip(picked, shifts, strict=True))
        found.append(stills(at_s, np.concatenate([[0], np.cumsum(total)])))
    return found


def main() -> None:
    """Print the longest stillnesses and alarms per meter-year for each bound."""
    every = homes("prior")
    of_homes = [stills(home.read_at_s, home.register_ml) for home in every]
    years = sum(int(home.read_at_s[-1] - home.read_at_s[0]) for home in every) / YEAR_S
    figures: dict[str, float] = {}
    table = Table(title=f"{len(every)} homes, {years:.1f} meter-years: stuck alarms per year")
    for column in ("at least, days", *(f"x {factor}" for factor in HOME_FACTORS)):
        table.add_column(column, justify="right")
    for days in HOME_DAYS:
        rates = [
            sum(alarms(times, days * DAY_S, factor) for times in of_homes) / years
            for factor in HOME_FACTORS
        ]
        table.add_row(str(days), *(f"{rate:.2f}" for rate in rates))
        figures |= {f"home_{days}_days_x{f}": r for f, r in zip(HOME_FACTORS, rates, strict=True)}
    Console().print(table)
    chance = np.random.default_rng(SEED)
    table = Table(title=f"Mains, x {stuck.MAIN_FACTOR}: longest stillness, alarms per meter-year")
    for column in ("homes", "longest, h", *(f"at least {hours} h" for hours in MAIN_HOURS)):
        table.add_column(column, justify="right")
    for count in MAINS:
        sums = mains(every, count, chance)
        longest_h = max(int(times[:, 1].max(initial=0)) for times in sums) / HOUR_S
        rates = [
            sum(alarms(t, hours * HOUR_S, stuck.MAIN_FACTOR) for t in sums if len(t)) / SUMS
            for hours in MAIN_HOURS
        ]
        table.add_row(str(count), f"{longest_h:.0f}", *(f"{rate:.2f}" for rate in rates))
        figures |= {f"main_{count}_{h}_h": r for h, r in zip(MAIN_HOURS, rates, strict=True)}
    Console().print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
