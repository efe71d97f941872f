# SPDX-License-Identifier: EUPL-1.2
"""The night-flow rule by itself on mains of real homes: alarms a year, leaks found, how soon.

``python -m tests.benchmark.leaks.night_flow prior`` is what its thresholds were set by; with
``test`` it shows homes and dates they have not seen. Without shifts every home lives its own days,
so that mains of 48 out of 49 homes are nearly one main: its years count for less than they seem.
"""

import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from edge_gateway.leaks.rules.night_flow import NightFlow
from edge_gateway.leaks.slot import Calendar, Slot
from edge_gateway.leaks.stretch import Meter
from edge_gateway.leaks.verdict import Cleared, Raised
from tests.benchmark.leaks import daiad, mains
from tests.benchmark.leaks.daiad import History
from tests.benchmark.leaks.injection import Leak
from tests.benchmark.leaks.mains import BLOCK_S, HOUR_S, PULSE_ML, READ_AT_S
from tests.benchmark.leaks.scoring import DAY_S, HORIZON_S, YEAR_S, Delays, Episode, Rate, delay_s

LEARN_HOURS = 60 * 24
MAINS = 16
STARTS = 6  # of leaks, in each main
# Households, whether shifted, sizes in l/h.
CASES = (
    (4, True, (10, 20)),
    (8, False, (20, 40, 80)),
    (24, False, (40, 80)),
    (48, False, (80, 160)),
    (48, True, (80, 160)),
)


@dataclass(frozen=True)
class Figures:
    """Of one kind of main."""

    alarms: Rate
    delays: dict[int, Delays]


def measure(
    part: str, households: int, is_shifted: bool, sizes_l_per_h: tuple[int, ...], seed: int = 1
) -> Figures:
    """Return how often mains without a leak are accused, and how soon leaks are found."""
    meter = Meter(households=households)
    alarms, delays = Rate(0, 0.0), {size: list[int | None]() for size in sizes_l_per_h}
    for index, main in enumerate(
        mains.sums(part, households=households, count=MAINS, seed=seed, is_shifted=is_shifted)
    ):
        starts = _starts(part, np.random.default_rng([seed, index]))
        twin, memories = _alone(main, meter, starts)
        alarms += _rate(part, twin)
        for hour, memory in memories.items():
            for size, each_s in delays.items():
                began_s = int(READ_AT_S[hour])
                found = _leaking(deepcopy(memory), main, meter, hour, size)
                each_s.append(delay_s(found, twin, began_s))
    return Figures(alarms, {size: Delays(each_s) for size, each_s in delays.items()})


def _starts(part: str, draw: np.random.Generator) -> set[int]:
    """Return hours at which leaks begin: their seven days are within what counts."""
    hours = np.arange(LEARN_HOURS, len(READ_AT_S) - (HORIZON_S + DAY_S) // HOUR_S)
    counted = [
        hour
        for hour in hours.tolist()
        if mains.is_counted(part, int(READ_AT_S[hour]))
        and mains.is_counted(part, int(READ_AT_S[hour]) + HORIZON_S)
        and (READ_AT_S[hour] - READ_AT_S[0]) % BLOCK_S < BLOCK_S - HORIZON_S
    ]
    return set(draw.choice(counted, STARTS, replace=False).tolist())


def _alone(
    main: History, meter: Meter, starts: set[int]
) -> tuple[list[Episode], dict[int, NightFlow]]:
    rule, memories, episodes = NightFlow(), {}, list[Episode]()
    for hour, slot in enumerate(_slots(main, 0, len(READ_AT_S) - 1, 0)):
        if hour in starts:
            memories[hour] = deepcopy(rule)
        verdict = rule.look(slot._replace(is_leaking=bool(rule.found)), meter)
        if isinstance(verdict, Raised):
            episodes.append(Episode(slot.ended_at_s))
        elif isinstance(verdict, Cleared):
            episodes[-1] = Episode(episodes[-1].raised_at_s, slot.ended_at_s)
    return episodes, memories


def _leaking(
    rule: NightFlow, main: History, meter: Meter, hour: int, l_per_h: int
) -> Iterator[Episode]:
    for slot in _slots(main, hour, hour + HORIZON_S // HOUR_S, l_per_h):
        verdict = rule.look(slot._replace(is_leaking=bool(rule.found)), meter)
        if isinstance(verdict, Raised):
            yield Episode(slot.ended_at_s)


def _slots(main: History, first: int, end: int, leak_l_per_h: int) -> Iterator[Slot]:
    calendar = Calendar(daiad.TIMEZONE)
    at_s = READ_AT_S[first : end + 1]
    leak = Leak(shape="constant", size_l_per_h=leak_l_per_h, started_at_s=int(at_s[0]))
    amounts_ml = np.diff(main.register_ml[first : end + 1] + leak.lost_ml(at_s))
    for started_at_s, amount in zip(at_s.tolist(), amounts_ml.tolist(), strict=False):
        hour, is_weekend = calendar.hour(started_at_s + HOUR_S // 2)
        yield Slot(
            started_at_s, started_at_s + HOUR_S, amount, PULSE_ML, hour, is_weekend, 0, False
        )


def _rate(part: str, episodes: list[Episode]) -> Rate:
    learned_s = int(READ_AT_S[LEARN_HOURS])
    counted = [at_s for at_s in READ_AT_S[LEARN_HOURS:-1].tolist() if mains.is_counted(part, at_s)]
    raised = [one.raised_at_s for one in episodes if one.raised_at_s >= learned_s]
    alarms = sum(mains.is_counted(part, at_s) for at_s in raised)
    return Rate(alarms, len(counted) * HOUR_S / YEAR_S)


def _print(part: str) -> None:
    print("homes  days     alarms/year (95 %)     leak l/h  found in 7 d (95 %)   half within h")
    for households, is_shifted, sizes in CASES:
        figures = measure(part, households, is_shifted, sizes)
        low, high = figures.alarms.range_per_year
        days = "shifted" if is_shifted else "own"
        rate = f"{figures.alarms.per_year:.2f} ({low:.2f}-{high:.2f}) in {figures.alarms.years:.1f}"
        for size, delays in figures.delays.items():
            low, high = delays.found_range
            found = f"{delays.found:.0%} ({low:.0%}-{high:.0%})"
            half_h = delays.quantile_h(0.5)
            print(f"{households:5}  {days:7}  {rate:22} {size:8}  {found:20}  {half_h}")


if __name__ == "__main__":
    _print(sys.argv[1])
