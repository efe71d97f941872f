# SPDX-License-Identifier: EUPL-1.2
"""Print how the burst rule does at mains of simulated homes: what its margins were set by.

    python -m tests.benchmark.leaks.burst_tune [--mains 24] [--days 118] [--step-l 1] [--unknown]

Homes are of the tuning seeds (0 to 9,999; the benchmark takes others). The rule watches each main
for all days, read every minute; then, from its memory of some moments after the first 28 days, an
hour with a burst. With ``--unknown`` nobody has told it how many homes there are.
"""

import argparse
import copy
from datetime import date

import numpy as np
from numpy.typing import NDArray

from edge_gateway.leaks.rules.burst import Burst
from edge_gateway.leaks.stretch import Meter, Stretch
from edge_gateway.leaks.verdict import Raised
from simulators.homes import household
from tests.benchmark.leaks.cases import Q3_L_PER_H

SEEDS = 10_000
MONDAY = date(2025, 1, 6)
LEARNING_D = 28
DAY_MIN = 1440
BURSTS_L_PER_MIN = (32, 48, 64, 96)
BURST_MIN = 60
EVERY_MIN = 3 * DAY_MIN + 7 * 60 + 13  # from one burst to the next: all times of day


def use_of(homes: int, days: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """Return the use of some homes together, in ml per minute."""
    seeds = chance.choice(SEEDS, homes, replace=False)
    total = np.zeros(days * DAY_MIN, dtype=np.int64)
    for seed in seeds:
        total += household(int(seed), days, MONDAY)
    return total


def raised_min(rule: Burst, meter: Meter, use: list[float], from_min: int, step: int) -> list[int]:
    """Return in which minutes a rule raises."""
    found, register, flown_ml = [], 0, float(step // 2)
    for minute, ml in enumerate(use, from_min):
        flown_ml += ml
        amount = int(flown_ml) // step * step - register
        register += amount
        stretch = Stretch(minute * 60, minute * 60 + 60, amount, step)
        if isinstance(rule.look(stretch, meter), Raised):
            found.append(minute)
    return found


def measure(homes: int, asked: argparse.Namespace) -> None:
    """Print the alarms of mains of some size, and the delays of bursts."""
    chance, step = np.random.default_rng(homes), round(asked.step_l * 1000)
    meter = Meter(q3_l_per_h=Q3_L_PER_H[homes], households=None if asked.unknown else homes)
    alarms: list[int] = []
    delays: dict[int, list[float]] = {size: [] for size in BURSTS_L_PER_MIN}
    learned, peaks = [], []
    for _ in range(asked.mains):
        use, rule, at = use_of(homes, asked.days, chance), Burst(), 0
        for begun in range(LEARNING_D * DAY_MIN, asked.days * DAY_MIN - BURST_MIN, EVERY_MIN):
            alarms += raised_min(rule, meter, use[at:begun].tolist(), at, step)
            at = begun
            for size, delayed in delays.items():
                leaking = (use[begun : begun + BURST_MIN] + size * 1000).tolist()
                twin = copy.deepcopy(rule)
                told = [] if twin.is_open else raised_min(twin, meter, leaking, begun, step)
                delayed.append(told[0] + 1 - begun if told else np.inf)
        alarms += raised_min(rule, meter, use[at:].tolist(), at, step)
        learned.append((rule.max_ml_per_h / 60_000, rule.peak_ml / 1000))
        peaks.append(use.max() / 1000)
    early = sum(minute < LEARNING_D * DAY_MIN for minute in alarms)
    years = asked.mains * (asked.days - LEARNING_D) / 365
    print(
        f"{homes} homes, Q3 {meter.q3_l_per_h} l/h: {len(alarms) - early} alarms in {years:.1f} "
        f"meter-years, {early} in the first {LEARNING_D} days ({asked.mains} mains); learned "
        "{:.0f} l/min and {:.0f} l; peaks {:.0f}-{:.0f} l/min".format(
            *np.median(learned, axis=0), min(peaks), max(peaks)
        )
    )
    for size, minutes in delays.items():
        share = 100 * np.isfinite(minutes).mean()
        median, most = np.quantile(minutes, [0.5, 0.9], method="higher")
        print(
            f"  {size} l/min: {share:4.0f} %, median {median:g} min, 90 % {most:g} min", flush=True
        )


def main() -> None:
    """Measure mains of every size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mains", type=int, default=24)
    parser.add_argument("--days", type=int, default=118)
    parser.add_argument("--step-l", type=float, default=1)
    parser.add_argument("--unknown", action="store_true")
    asked = parser.parse_args()
    for homes in Q3_L_PER_H:
        if homes > 1:
            measure(homes, asked)


if __name__ == "__main__":
    main()
