# SPDX-License-Identifier: EUPL-1.2
"""Replay: old readings of a meter through the monitor that watches live ones."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from edge_gateway.leaks.finding import Finding
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import COARSEST_STEP_ML, ELECTRICITY, GAS, WATER, Meter, MeterKey

SILENT_S = 86_400  # no meter is missed before
AT_ONCE = 10_000  # readings between two looks at the size of the memory
YEAR_S = 365.25 * 86400
NODE = "replay"
OBIS: Mapping[str, str] = {WATER: "8-0:1.0.0", GAS: "7-0:3.0.0", ELECTRICITY: "1-0:1.8.0"}

Reading = tuple[int, int]  # (Unix s, ml or mWh)


@dataclass
class Tally:
    """What was replayed, and what it cost."""

    meters: int = 0
    readings: int = 0
    findings: int = 0
    watched_s: int = 0  # from the first reading of each meter to its last
    work_s: float = 0.0  # of the processor
    state_bytes: int = 0  # of the largest memory that any meter had
    contradictions: int = 0  # readings at the time of another one, with another register
    falls: int = 0  # registers lower than the one before
    leaps: int = 0  # registers further on than can have flowed

    @property
    def meter_years(self) -> float:
        """Return for how long meters were watched, in years of 365.25 days."""
        return self.watched_s / YEAR_S

    @property
    def us_per_reading(self) -> float:
        """Return what a reading costs, in us of the processor."""
        return self.work_s / max(1, self.readings) * 1e6


def replay(readings: Iterable[Reading], meter: Meter, timezone: str, tally: Tally) -> list[Finding]:
    """Return the last word on each finding of one meter, by when it was raised.

    Readings are oldest first. Of several at one time the first counts.
    """
    key = (NODE, OBIS[meter.utility])
    monitor = Monitor(timezone)
    monitor.know({key: meter})
    found: dict[str, Finding] = {}
    rest, last = iter(readings), None
    while some := list(islice(rest, AT_ONCE)):
        began_s = time.process_time()
        _look(monitor, key, some, last, found)
        tally.work_s += time.process_time() - began_s
        last = _take_note(some, last, meter, tally)
        sizes = map(len, monitor.take_changed().values())  # none, of repeats
        tally.state_bytes = max(tally.state_bytes, *sizes, 0)
    tally.meters += 1
    tally.findings += len(found)
    return sorted(found.values(), key=lambda one: (one.raised_at_s, one.kind))


def _look(
    monitor: Monitor,
    key: MeterKey,
    readings: list[Reading],
    last: Reading | None,
    found: dict[str, Finding],
) -> None:
    node_id, obis = key
    last_s = (last or readings[0])[0]
    for read_at_s, register in readings:
        if read_at_s - last_s > SILENT_S:
            found.update((one.finding_id, one) for one in monitor.overdue(read_at_s - 1))
        last_s = read_at_s
        for one in monitor.look(
            node_id=node_id, obis=obis, register=register, read_at_s=read_at_s, now_s=read_at_s
        ):
            found[one.finding_id] = one


def _take_note(
    readings: list[Reading], last: Reading | None, meter: Meter, tally: Tally
) -> Reading:
    """Count readings and what is odd about them; return the last."""
    before = last or readings[0]
    for one in readings:
        if one[0] == before[0]:
            tally.contradictions += one[1] != before[1]
            continue
        tally.falls += one[1] < before[1]
        most = meter.most_in(one[0] - before[0]) + COARSEST_STEP_ML
        tally.leaps += one[1] - before[1] > most
        before = one
    tally.readings += len(readings)
    tally.watched_s += before[0] - (last or readings[0])[0]
    return before
