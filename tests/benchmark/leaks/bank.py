# SPDX-License-Identifier: EUPL-1.2
"""Ours: the gateway's own monitor with all its rules, shown one reading after the other."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from edge_gateway.leaks import rules
from edge_gateway.leaks.finding import CLEARED, Finding
from edge_gateway.leaks.fusion import METER
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import Meter
from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.scoring import Episode

NAME = "Iskar"
NODE_ID = "node"
OBIS = "8-0:1.0.0"

Memory = dict[str, bytes]


@dataclass
class Watched:
    """What came of a run without a leak; memories by the time after which nothing was seen."""

    episodes: list[Episode] = field(default_factory=list)
    by_rule: dict[str, int] = field(default_factory=dict)  # findings by the kind first raised
    of_meter: int = 0  # findings of the group ``meter``, counted apart
    memories: dict[int, Memory] = field(default_factory=dict)
    readings: int = 0
    spent_s: float = 0.0  # of processor time
    state_bytes: int = 0  # at the most, of those kept


def watch(readings: Readings, remember_at_s: list[int]) -> Watched:
    """Show it every reading; keep its memory as it is at each of those times."""
    watched = Watched()
    heard = _Heard()
    monitor = _monitor(readings)
    for until_s in [*sorted(remember_at_s), int(readings.read_at_s[-1]) + 1]:
        from_s = max(watched.memories, default=int(readings.read_at_s[0]))
        part = readings.between(from_s, until_s)
        watched.readings += len(part.read_at_s)
        began_s = time.process_time()
        for finding in _show(monitor, part):
            heard.take(finding)
        watched.spent_s += time.process_time() - began_s
        # Only what changed is handed out, but every reading changes something.
        watched.memories[until_s] = monitor.take_changed() or watched.memories.get(from_s, {})
    kept = [len(one) for memory in watched.memories.values() for one in memory.values()]
    watched.state_bytes = max(kept, default=0)
    watched.episodes, watched.by_rule = heard.episodes(), heard.by_rule
    watched.of_meter = heard.of_meter
    return watched


def replay(memory: Memory, readings: Readings) -> Iterator[Episode]:
    """Give what is raised, as it is raised, going on from a memory."""
    monitor = _monitor(readings)
    monitor.restore(memory)
    heard = _Heard()
    for finding in _show(monitor, readings):
        if heard.take(finding):
            yield Episode(finding.raised_at_s)


class _Heard:
    """Tells new findings from those told again, and those of a meter's fault from leaks."""

    def __init__(self) -> None:
        self._groups = {kind: rule.group for kind, rule in rules.discover().items()}
        self._known: dict[str, Episode] = {}
        self._faults: set[str] = set()
        self.by_rule: dict[str, int] = {}

    @property
    def of_meter(self) -> int:
        return len(self._faults)

    def take(self, finding: Finding) -> bool:
        """Return whether this is a leak or a burst not heard of before."""
        if self._groups[finding.kind] == METER:
            self._faults.add(finding.finding_id)
            return False
        is_new = finding.finding_id not in self._known
        cleared_at_s = finding.cleared_at_s if finding.state == CLEARED else None
        self._known[finding.finding_id] = Episode(finding.raised_at_s, cleared_at_s)
        if is_new:
            self.by_rule[finding.kind] = self.by_rule.get(finding.kind, 0) + 1
        return is_new and finding.state != CLEARED

    def episodes(self) -> list[Episode]:
        return list(self._known.values())


def _monitor(readings: Readings) -> Monitor:
    monitor = Monitor(timezone=readings.timezone)
    meter = Meter(q3_l_per_h=readings.q3_l_per_h, households=readings.households)
    monitor.know({(NODE_ID, OBIS): meter})
    return monitor


def _show(monitor: Monitor, readings: Readings) -> Iterator[Finding]:
    look = monitor.look
    registers = readings.register_ml.tolist()
    for read_at_s, register in zip(readings.read_at_s.tolist(), registers, strict=True):
        told = look(
            node_id=NODE_ID, obis=OBIS, register=register, read_at_s=read_at_s, now_s=read_at_s
        )
        if told:
            yield from told
