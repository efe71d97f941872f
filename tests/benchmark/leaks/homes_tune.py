# SPDX-License-Identifier: EUPL-1.2
"""Print how the rules for single homes do on simulated homes: what their thresholds were set by.

    python -m tests.benchmark.leaks.homes_tune [--step-l 1] [--every-min 1] [--habit sprinkler]

Homes are of the tuning seeds (0 to 9,999; the benchmark takes others). Every rule is shown what the
monitor would show it, alone, for a year without a leak; then, from its memory of some moment in it,
a week with one.
"""

import argparse
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_gateway.leaks import rules
from edge_gateway.leaks.rules import QUARTERS, STRETCHES, Rule
from edge_gateway.leaks.slot import Slot
from edge_gateway.leaks.stretch import Meter, Stretch
from edge_gateway.leaks.verdict import Raised
from simulators.homes import ORDINARY, household

KINDS = ("floor_flow", "intermittent_flow", "growing_flow", "burst")
MONDAY = date(2025, 1, 6)
LEARNING_D = 28
LEAK_D = 7
DAY_MIN = 1440
HOME = Meter(households=1)
LEAKS = (
    *(("constant", q) for q in (1, 2, 3.8, 5, 12.5, 25, 50)),
    *(("toilet", q) for q in (2, 5, 10, 25)),
    *(("ramp", q) for q in (5, 10, 25)),
    ("burst", 160),
    ("pausing", 190),
)
REFILL_L, REFILL_MIN = 6, 1.5

Floats = NDArray[np.float64]
Seen = Iterator[Stretch | Slot]


def leak_ml(kind: str, l_per_h: float, minutes: int, phase: float) -> Floats:
    """Return what a leak lets pass by the end of each minute since it began."""
    after_min = np.arange(1, minutes + 1, dtype=float)
    steady = l_per_h * 1000 * after_min / 60
    if kind == "toilet":
        every_min = REFILL_L / l_per_h * 60
        turns, into_min = np.divmod(after_min + phase * every_min, every_min)
        refills = turns + np.minimum(into_min / REFILL_MIN, 1)
        return np.asarray(REFILL_L * 1000 * (refills - refills[0]))
    if kind == "ramp":
        grown = np.minimum(after_min / (3 * DAY_MIN), 1)
        return np.cumsum(l_per_h * 1000 / 60 * grown)
    if kind == "burst":
        return 12 * steady
    if kind == "pausing":
        flows = (after_min + phase * DAY_MIN) % DAY_MIN >= 60
        return np.cumsum(l_per_h * 1000 / 60 * flows)
    return steady


def shown(rule: Rule, register: NDArray[np.int64], from_min: int, every: int, step: int) -> Seen:
    """Yield what the monitor would show of readings every so many minutes, the first one known."""
    amounts = np.diff(register[::every]).tolist()
    every_s, at_s = every * 60, from_min * 60
    still_s = longest_s = amount = 0
    started_s = at_s
    slot_s = 900 if rule.looks_at == QUARTERS else 3600
    for part in amounts:
        if rule.looks_at == STRETCHES:
            yield Stretch(at_s, at_s + every_s, part, step)
            at_s += every_s
            continue
        at_s += every_s
        still_s = 0 if part else still_s + every_s
        longest_s = max(longest_s, still_s)
        amount += part
        if at_s - started_s >= slot_s:
            hour = (started_s + slot_s // 2) // 3600 % 24
            yield Slot(
                started_s, at_s, amount, step, hour, False, longest_s, is_open(rule), every_s
            )
            started_s, amount, longest_s = at_s, 0, 0


def is_open(rule: Rule) -> bool:
    """Return whether a rule has a finding open."""
    return bool(getattr(rule, "is_open", False))


def raised(rule: Rule, seen: Seen, from_s: int = 0) -> list[tuple[int, Raised]]:
    """Return what a rule raises from then on, and when."""
    found = []
    for one in seen:
        verdict = rule.look(one, HOME)
        if isinstance(verdict, Raised) and one.ended_at_s >= from_s:
            found.append((one.ended_at_s, verdict))
    return found


def first(rule: Rule, seen: Seen) -> tuple[int, Raised] | None:
    """Return the first that a rule raises, and when."""
    return next(
        (
            (one.ended_at_s, verdict)
            for one in seen
            if isinstance(verdict := rule.look(one, HOME), Raised)
        ),
        None,
    )


class Home:
    """The registers of one home, without a leak and with one."""

    def __init__(self, seed: int, asked: argparse.Namespace) -> None:
        habits = replace(ORDINARY, **dict.fromkeys(asked.habit, True))
        chance = np.random.default_rng([seed, 1])
        self.step = round(asked.step_l * 1000)
        minutes = household(seed, asked.days, MONDAY, habits)
        offset_ml = chance.random() * self.step
        self.ml = np.concatenate([[0.0], np.cumsum(minutes)]) + offset_ml
        self.leak_at = int(chance.integers(LEARNING_D, asked.days - LEAK_D) * DAY_MIN)
        self.leak_at += int(chance.integers(0, DAY_MIN)) // 15 * 15
        self.phase = chance.random()

    def register(self, from_min: int, until_min: int) -> NDArray[np.int64]:
        """Return what the meter shows, in ml."""
        return (self.ml[from_min : until_min + 1] // self.step * self.step).astype(np.int64)

    def leaking(self, kind: str, l_per_h: float) -> NDArray[np.int64]:
        """Return what it shows from the start of a leak on."""
        ml = self.ml[self.leak_at : self.leak_at + LEAK_D * DAY_MIN + 1].copy()
        ml[1:] += leak_ml(kind, l_per_h, len(ml) - 1, self.phase)
        return (ml // self.step * self.step).astype(np.int64)


def measure(kind: str, make: Callable[[], Any], asked: argparse.Namespace) -> None:
    """Print a rule's alarms, its cost, and its delays by leak."""
    alarms, early, readings, spent_s = 0, 0, 0, 0.0
    delays: dict[tuple[str, float], list[float]] = {leak: [] for leak in LEAKS}
    flows: dict[tuple[str, float], list[float]] = {leak: [] for leak in LEAKS}
    learnt_s = LEARNING_D * 86_400
    for seed in range(asked.homes):
        home, rule = Home(seed, asked), make()
        began = time.process_time()
        found = raised(
            rule, shown(rule, home.register(0, home.leak_at), 0, asked.every_min, home.step)
        )
        kept = copy.deepcopy(rule)
        rest = home.register(home.leak_at, asked.days * DAY_MIN)
        found += raised(rule, shown(rule, rest, home.leak_at, asked.every_min, home.step))
        spent_s += time.process_time() - began
        readings += asked.days * DAY_MIN // asked.every_min
        alarms += sum(at_s >= learnt_s for at_s, _ in found)
        early += sum(at_s < learnt_s for at_s, _ in found)
        for leak in LEAKS[: None if seed < asked.leaks else 0]:
            twin = copy.deepcopy(kept)
            seen = shown(twin, home.leaking(*leak), home.leak_at, asked.every_min, home.step)
            told = first(twin, seen)
            delays[leak].append((told[0] / 60 - home.leak_at) / 60 if told else np.inf)
            flows[leak] += [told[1].flow / 1000] if told else []
    years = asked.homes * (asked.days - LEARNING_D) / 365
    print(
        f"{kind}: {alarms} alarms in {years:.1f} meter-years, "
        f"{early} in the first {LEARNING_D} days; {1e6 * spent_s / readings:.2f} us a reading",
        flush=True,
    )
    for leak, hours in delays.items():
        if np.isfinite(hours).any():
            median, most = np.quantile(hours, [0.5, 0.9], method="higher")
            share = 100 * np.isfinite(hours).mean()
            told_flow = " ".join(f"{q:.1f}" for q in np.quantile(flows[leak], [0.1, 0.5, 0.9]))
            print(f"  {leak[0]:9}{leak[1]:6g} l/h: {share:4.0f} %, median {median:6.2f} h, "
                  f"90 % {most:6.2f} h; flow told {told_flow}", flush=True)  # fmt: skip


def main() -> None:
    """Measure every rule for single homes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--homes", type=int, default=60)
    parser.add_argument("--leaks", type=int, default=40, help="homes that are shown leaks")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--step-l", type=float, default=1)
    parser.add_argument("--every-min", type=int, default=1)
    parser.add_argument("--habit", action="append", default=[])
    parser.add_argument("--kind", action="append", default=[])
    asked = parser.parse_args()
    found = rules.discover()
    for kind in asked.kind or [kind for kind in KINDS if kind in found]:
        measure(kind, found[kind], asked)


if __name__ == "__main__":
    main()
