# SPDX-License-Identifier: EUPL-1.2
"""Traces: what a register showed over time, as its gateway saw it, back beyond kept readings.

Where readings are kept they count as they came, also those that review has set aside: the gateway
knew no better. Before that, a register is made of the hours that are kept of it.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cloud.kit.database import Connection
from cloud.meters.models import Installation
from cloud.meters.service import installations_at
from cloud.readings import registers_repository, usage_repository
from cloud.readings.usage import HOUR, HOUR_S, Figure

FALL = 10**11  # from run to run, in the type's unit: more than any meter can have run backward


def _column() -> "array[int]":
    return array("q")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Readings of one installation, oldest first, in columns.

    Registers are in the reading type's unit and may lie below zero: only their differences count.
    Where one falls, nothing is known of what passed.
    """

    installation: Installation
    read_at_s: "array[int]" = field(default_factory=_column)
    register: "array[int]" = field(default_factory=_column)
    bits: "array[int]" = field(default_factory=_column)

    def __len__(self) -> int:
        return len(self.read_at_s)

    def add(self, read_at_s: int, register: int, bits: int) -> None:
        """Add a reading after the others."""
        self.read_at_s.append(read_at_s)
        self.register.append(register)
        self.bits.append(bits)


async def traces(
    connection: Connection, service_point_id: str, since: datetime, until: datetime
) -> list[Trace]:
    """Return what is known of each register that hung at a service point in [since, until)."""
    found = []
    for one in await installations_at(connection, [service_point_id]):
        start, end = max(since, one.valid_from), min(until, one.valid_to or until)
        if one.is_undone or start >= end:
            continue
        raw = Trace(installation=one)
        async for reading in registers_repository.readings_between(connection, one, start, end):
            raw.add(*reading)
        cut = datetime.fromtimestamp(raw.read_at_s[0], since.tzinfo) if raw else end
        hours = await usage_repository.figures(
            connection, HOUR, [one.installation_id], start, min(cut, end)
        )
        found.append(with_hours(hours[one.installation_id], raw))
    return [one for one in found if one]


def with_hours(hours: Mapping[datetime, Figure], raw: Trace) -> Trace:
    """Return a trace that begins with these hours, and meets its first reading where they end."""
    first_s = raw.read_at_s[0] if raw else None
    runs: list[list[tuple[int, int, int]]] = []
    for start, figure in sorted(hours.items()):
        start_s = int(start.timestamp())
        if figure.covered_s < HOUR_S or (first_s is not None and start_s + HOUR_S > first_s):
            continue
        if not runs or runs[-1][-1][0] != start_s:
            runs.append([(start_s, 0, 0)])
        register = runs[-1][-1][1] + figure.usage
        runs[-1].append((start_s + HOUR_S, register, figure.bits))
    whole = Trace(installation=raw.installation)
    for begins_at, run in zip(_begin_at(runs, raw), runs, strict=True):
        for read_at_s, register, bits in run:
            if read_at_s != first_s:
                whole.add(read_at_s, begins_at + register, bits)
    for column, rest in (
        (whole.read_at_s, raw.read_at_s),
        (whole.register, raw.register),
        (whole.bits, raw.bits),
    ):
        column.extend(rest)
    return whole


def _begin_at(runs: Sequence[Sequence[tuple[int, int, int]]], raw: Trace) -> list[int]:
    """Return where each run of hours begins, so that it meets what comes next without a gap.

    Before a gap it ends far above that: a rise, or none, would tell of water in hours that nobody
    knows of.
    """
    begin_at: list[int] = []
    next_s, next_begins = (raw.read_at_s[0], raw.register[0]) if raw else (0, 0)
    for run in reversed(runs):
        ended_at_s, passed, _ = run[-1]
        is_next_known = bool(raw or begin_at)
        fall = FALL if is_next_known and ended_at_s != next_s else 0
        next_s, next_begins = run[0][0], next_begins + fall - (passed if is_next_known else 0)
        begin_at.append(next_begins)
    return begin_at[::-1]
