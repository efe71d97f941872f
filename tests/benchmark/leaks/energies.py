# SPDX-License-Identifier: EUPL-1.2
"""Gas that leaks and standby that rises, on real meters: how much is found, when, and what for.

``python -m tests.benchmark.leaks.energies [--tune]`` prints the table of the test series, or of
those that the thresholds were set on. Protocol as in ``scoring``: the first 28 days are learned
from, a detection counts if the same meter without it is silent.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge_gateway.leaks.finding import CLEARED
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import ELECTRICITY, GAS, Meter
from tests.benchmark.figures import Figure, Figures
from tests.benchmark.leaks.energy_series import HOME, Series, every
from tests.benchmark.leaks.scoring import DAY_S, HORIZON_S, YEAR_S, Delays, Episode, Rate, delay_s

LEARNED_S = 28 * DAY_S
STARTS = 24
GAS_L_PER_H = (2.5, 5, 10, 25, 50, 100, 200)
STANDBY_W = (20, 40, 80, 160)
STANDBY_SHARES = (0.05, 0.1, 0.2, 0.4)  # of a building's mean power
KINDS = ("gas_flow", "standby")
OBIS = {GAS: "7-0:3.0.0", ELECTRICITY: "1-0:1.8.0"}
NODE_ID = "node"


@dataclass(frozen=True)
class Outcome:
    """What came of one series: alarms without a leak, delays by its size."""

    series: Series
    rate: Rate
    delays: dict[float, Delays]


def sizes(series: Series) -> Sequence[float]:
    """Return the flows added: l/h of gas; W, or the share of a building's mean, of electricity."""
    if series.utility == GAS:
        return GAS_L_PER_H
    return STANDBY_W if series.premises == HOME else STANDBY_SHARES


def trial(series: Series) -> Outcome:
    """Return what the gateway's monitor does with this meter, as it was and with each addition."""
    first = LEARNED_S // series.interval_s
    last = len(series.register) - 1 - HORIZON_S // series.interval_s
    starts = np.random.default_rng(len(series.register)).integers(first, last, STARTS)
    memories, twin = _twin(series, sorted({int(start) for start in starts}))
    from_s = series.started_at_s + LEARNED_S
    until_s = series.started_at_s + (len(series.register) - 1) * series.interval_s
    alarms = sum(one.raised_at_s > from_s for one in twin)
    delays = {
        size: Delays([_delay_s(series, memories[start], start, size, twin) for start in memories])
        for size in sizes(series)
    }
    return Outcome(series, Rate(alarms, (until_s - from_s) / YEAR_S), delays)


def _twin(series: Series, starts: Sequence[int]) -> tuple[dict[int, dict[str, str]], list[Episode]]:
    """Return the monitor's memory at each start, and all that it finds without a leak."""
    monitor = _monitor(series)
    memories: dict[int, dict[str, str]] = {}
    episodes: dict[str, Episode] = {}
    for reading, register in enumerate(series.register.tolist()):
        for one in _found(monitor, series, reading, register):
            cleared_at_s = one.cleared_at_s if one.state == CLEARED else None
            episodes[one.finding_id] = Episode(one.raised_at_s, cleared_at_s)
        if reading in starts:
            memories[reading] = monitor.take_changed()
    return memories, list(episodes.values())


def _delay_s(
    series: Series, memory: dict[str, str], start: int, size: float, twin: list[Episode]
) -> int | None:
    monitor = _monitor(series)
    monitor.restore(memory)
    per_hour = size * (series.per_hour if size < 1 else 1000)
    until = start + HORIZON_S // series.interval_s

    def raised() -> Iterator[Episode]:
        known = {one.finding_id for one in monitor.open_findings()}
        for reading in range(start + 1, until + 1):
            added = per_hour * (reading - start) * series.interval_s / 3600
            register = int(series.register[reading]) + int(added // series.step) * series.step
            for one in _found(monitor, series, reading, register):
                if one.finding_id not in known and one.state != CLEARED:
                    known.add(one.finding_id)
                    yield Episode(one.raised_at_s)

    return delay_s(raised(), twin, series.started_at_s + start * series.interval_s)


def _monitor(series: Series) -> Monitor:
    monitor = Monitor(timezone=series.timezone)
    monitor.know({(NODE_ID, OBIS[series.utility]): Meter(utility=series.utility)})
    return monitor


def _found(monitor: Monitor, series: Series, reading: int, register: int):
    read_at_s = series.started_at_s + reading * series.interval_s
    told = monitor.look(
        node_id=NODE_ID,
        obis=OBIS[series.utility],
        register=register,
        read_at_s=read_at_s,
        now_s=read_at_s,
    )
    return [one for one in told if one.kind in KINDS]


def outcomes(*, test: bool) -> list[Outcome]:
    """Return what came of all test series, or of all that the thresholds were set on."""
    both = every(GAS) + every(ELECTRICITY)
    return [trial(series) for series in both if series.is_test == test]


def table(results: Sequence[Outcome]) -> str:
    """Return them for people: a line for each meter."""
    lines = []
    for one in results:
        low, high = one.rate.range_per_year
        found = ", ".join(_cell(one.series, size, delays) for size, delays in one.delays.items())
        lines.append(
            f"| {one.series.utility} | {one.series.name} | {one.rate.alarms} in "
            f"{one.rate.years:.1f} years: {one.rate.per_year:.1f} ({low:.1f} to {high:.1f}) "
            f"| {found} |"
        )
    head = (
        "| | meter | alarms without a leak, per year | found in 7 days, median |\n|---|---|---|---|"
    )
    return "\n".join([head, *lines])


def _cell(series: Series, size: float, delays: Delays) -> str:
    unit = "l/h" if series.utility == GAS else "W"
    amount = f"{size:g} {unit}" if size >= 1 else f"{size:.0%}"
    median_h = delays.quantile_h(0.5)
    when = "" if median_h is None else f" {median_h:.0f} h"
    return f"{amount}: {delays.found:.0%}{when}"


async def measure() -> Figures:
    """Return alarms per year and the share found of each size, over homes and over buildings."""
    return figures(await asyncio.to_thread(outcomes, test=True))


def figures(results: Sequence[Outcome]) -> Figures:
    """Return the same, each kind of premises together."""
    found: Figures = []
    for utility, premises in sorted({(o.series.utility, o.series.premises) for o in results}):
        group = [o for o in results if (o.series.utility, o.series.premises) == (utility, premises)]
        rate = sum((o.rate for o in group), Rate(0, 0.0))
        name = f"leaks_{utility}_{premises}"
        found.append(Figure(f"{name}_alarms_per_year", rate.per_year, f"{rate.years:.1f} years"))
        for size in group[0].delays:
            every_s = [each for o in group for each in o.delays[size].each_s]
            unit = "percent" if size < 1 else "l_per_h" if utility == GAS else "w"
            amount = f"{size * 100 if size < 1 else size:g}".replace(".", "_")
            share = Delays(every_s).found * 100
            found.append(
                Figure(f"{name}_{amount}_{unit}_found_percent", share, "within seven days")
            )
    return found


if __name__ == "__main__":
    measured = outcomes(test="--tune" not in sys.argv)
    print(table(measured))
    print(json.dumps({one.name: round(one.amount, 3) for one in figures(measured)}))
