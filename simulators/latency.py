# SPDX-License-Identifier: EUPL-1.2
"""Latency: from the moment a dial changed to the moment the API told its register."""

from collections.abc import Callable

FirstReached = Callable[[str, int], float | None]


class LatencyTracker:
    """Collects the delays of registers that moved.

    ``first_reached(service_point_id, register)`` gives the Unix time in s at which the dial came to
    show ``register``; None if it never did. A register that repeats the one before tells nothing.
    """

    def __init__(self, first_reached: FirstReached) -> None:
        self._first_reached = first_reached
        self._newest: dict[str, int] = {}
        self._delays_s: list[float] = []
        self.never_shown = 0

    def observe(self, service_point_id: str, register: int, arrived_s: float) -> None:
        """Take note of a register that the API told at ``arrived_s`` (Unix time)."""
        before = self._newest.get(service_point_id)
        if before is not None and register <= before:
            return
        self._newest[service_point_id] = register
        if before is None:
            return  # its dial may have stood there since before we looked
        reached_s = self._first_reached(service_point_id, register)
        if reached_s is None:
            self.never_shown += 1
        else:
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
