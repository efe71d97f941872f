# SPDX-License-Identifier: EUPL-1.2
"""Latency: from the moment a dial changed to the moment the API told its register."""

from collections.abc import Mapping
from typing import Protocol


class Dial(Protocol):
    """What the meter shows, and since when."""

    @property
    def shown(self) -> int:
        """The register that it shows now."""

    def first_reached(self, register: int) -> float | None:
        """Return the Unix time in s at which it came to show ``register``; None if unknown."""


class LatencyTracker:
    """Collects the delays of registers that moved since it was made.

    A register that its dial does not show yet is counted as ``ahead_of_dial``: nobody can have
    read it.
    """

    def __init__(self, dials: Mapping[str, Dial]) -> None:
        """Watch ``dials``, by service point."""
        self._dials = dials
        self._newest = {service_point_id: dial.shown for service_point_id, dial in dials.items()}
        self._delays_s: list[float] = []
        self.ahead_of_dial = 0

    def observe(self, service_point_id: str, register: int, arrived_s: float) -> None:
        """Take note of a register that the API told at ``arrived_s`` (Unix time)."""
        if register <= self._newest[service_point_id]:
            return
        dial = self._dials[service_point_id]
        if register > dial.shown:
            self.ahead_of_dial += 1
            return
        self._newest[service_point_id] = register
        reached_s = dial.first_reached(register)
        if reached_s is not None:
            self._delays_s.append(arrived_s - reached_s)

    @property
    def count(self) -> int:
        """How many delays were measured."""
        return len(self._delays_s)

    def quantile_s(self, share: float) -> float | None:
        """Return the delay that ``share`` of all stayed under, in s; None if none was measured."""
        if not self._delays_s:
            return None
        ordered = sorted(self._delays_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
