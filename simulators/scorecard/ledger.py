# SPDX-License-Identifier: EUPL-1.2
"""The ledger: what arrived at a backend, when, in which order and how often."""

from array import array
from collections.abc import Sequence

from simulators.scorecard.fleet import NODES, Fleet

_NEVER = 0.0


class Ledger:
    """Every telegram's first arrival by node and sequence, and what came besides it."""

    def __init__(self, fleet: Fleet) -> None:
        self.arrived = 0
        self.last_arrival_s = 0.0
        self.duplicated = 0
        self._fleet = fleet
        self._at_s = [array("d", [_NEVER] * (fleet.share(node) + 1)) for node in range(NODES)]
        self._number = {node_id: node for node, node_id in enumerate(fleet.node_ids)}

    def record(self, node_id: str, sequence: int, at_s: float) -> bool:
        """Note that a telegram is there; return whether it is there for the first time."""
        arrivals = self._at_s[self._number[node_id]]
        self.last_arrival_s = max(self.last_arrival_s, at_s)
        if arrivals[sequence] != _NEVER:
            return False
        arrivals[sequence] = at_s
        self.arrived += 1
        return True

    def arrived_of(self, node: int) -> int:
        """Return how many telegrams of node number ``node`` are there."""
        return len(self._at_s[node]) - self._at_s[node].count(_NEVER)

    @property
    def lost(self) -> int:
        """How many telegrams never came."""
        return self._fleet.telegrams - self.arrived

    @property
    def out_of_order(self) -> int:
        """How many came after a later one of the same node."""
        return sum(_overtaken(arrivals) for arrivals in self._at_s)

    def late_s(self, produced_at_s: Sequence[Sequence[float]]) -> list[float]:
        """Return the delays from production to arrival of all that came, the shortest first."""
        return sorted(
            at_s - produced[sequence]
            for arrivals, produced in zip(self._at_s, produced_at_s, strict=True)
            for sequence, at_s in enumerate(arrivals)
            if at_s != _NEVER
        )

    def arrived_since(self, since_s: float) -> int:
        """Return how many came at ``since_s`` or later."""
        return sum(at_s >= since_s for arrivals in self._at_s for at_s in arrivals)


def _overtaken(arrivals: Sequence[float]) -> int:
    count, earliest_later = 0, float("inf")
    for at_s in reversed(arrivals):
        if at_s == _NEVER:
            continue
        count += at_s > earliest_later
        earliest_later = min(earliest_later, at_s)
    return count
