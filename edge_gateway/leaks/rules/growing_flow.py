# SPDX-License-Identifier: EUPL-1.2
"""Growing flow: the quietest hour of the day passes more, day after day.

What a home draws doesn't pile up from day to day; a crack or a seal that gives way does. The rule
keeps the least hour of each day of 24 hour slots. When it has risen three days in a row, each time
by a step of the register and by ``LEAST_RISE`` of what it was, and has at least doubled in all, it
is raised. The rule tells of growth where ``floor_flow`` can only tell of flow, and works where a
home never stands still: beside a drip that is known, or cooling.

Three rises in a row are our choice, two nights' chance and one more; that they don't come about by
themselves is our measurement, on simulated homes: ``python -m tests.benchmark.leaks.homes_tune``.

Limits. Growth by less than a step of the register an hour each day, or over within two days, is not
seen. Mains of more than three households are left to ``night_flow``: people who come home from
their holidays one by one make a main grow as well. Where the number of households is unknown the
growth must have begun from a still hour, as only a home's can.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from edge_gateway.leaks.rules import HOURS
from edge_gateway.leaks.slot import Slot
from edge_gateway.leaks.stretch import HOUR_S, WATER, Meter
from edge_gateway.leaks.verdict import Cleared, Raised

MAX_HOUSEHOLDS = 3  # judged
RISES = 3
LEAST_RISE = 0.15
DAY_S = 24 * HOUR_S
LEAST_DAY_S = 20 * HOUR_S  # watched of a day that counts
CONFIDENCE = 75


@dataclass
class GrowingFlow:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "growing_flow"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = HOURS
    utilities: ClassVar[frozenset[str]] = frozenset({WATER})

    day_at_s: int = 0  # at which the day being watched began
    watched_s: int = 0  # of it
    least: int | None = None  # of its hours' flows
    least_at_s: int = 0
    days: list[int] = field(default_factory=list)  # the least flow of the days before
    at_s: list[int] = field(default_factory=list)  # at which these were
    is_open: bool = False
    lost: int = 0

    def look(self, slot: Slot, meter: Meter) -> Raised | Cleared | None:
        """Judge at the end of each day of 24 hours."""
        if slot.started_at_s - self.day_at_s >= 2 * DAY_S:
            self._begin(slot.started_at_s)
            self.days, self.at_s = [], []  # days that nobody watched lie between
        flow = slot.amount * HOUR_S // slot.length_s
        if self.least is None or flow < self.least:
            self.least, self.least_at_s = flow, slot.started_at_s
        self.watched_s += slot.length_s
        if self.is_open:
            self.lost += min(flow, self.days[-1]) * slot.length_s // HOUR_S
        if slot.ended_at_s - self.day_at_s < DAY_S:
            return None
        whole, least = self.watched_s >= LEAST_DAY_S, self.least
        self.days = [*self.days[-RISES:], least] if whole else []
        self.at_s = [*self.at_s[-RISES:], self.least_at_s] if whole else []
        self._begin(slot.ended_at_s)
        if self.is_open:
            return self._stay_or_clear()
        return self._raise(slot) if self._grows(slot.step, meter) else None

    def volume(self) -> int:
        """Return what the quietest hour's flow makes of the time since it was found."""
        return self.lost

    def _begin(self, at_s: int) -> None:
        self.day_at_s, self.watched_s, self.least = at_s, 0, None

    def _grows(self, step: int, meter: Meter) -> bool:
        if len(self.days) <= RISES or (meter.households or 1) > MAX_HOUSEHOLDS:
            return False
        if meter.households is None and self.days[0] > 0:
            return False
        least = max(step, 1)  # 0 while the register has never moved
        rises = zip(self.days, self.days[1:], strict=False)
        steadily = all(now >= before + max(least, LEAST_RISE * before) for before, now in rises)
        return steadily and self.days[-1] >= 2 * self.days[0]

    def _raise(self, slot: Slot) -> Raised:
        self.is_open = True
        now = self.days[-1]
        self.lost = sum(self.days[1:]) * DAY_S // HOUR_S
        told = ", ".join(f"{flow / 1000:g}" for flow in self.days)
        return Raised(
            started_at_s=self.at_s[0],
            flow=now,
            flow_low=max(0, now - slot.step),
            flow_high=now + slot.step,
            volume=self.lost,
            confidence=CONFIDENCE,
            explanation=(
                f"The quietest hour of the day has grown {RISES} days in a row, from one to the "
                f"next {told} l: look for a leak that is getting worse."
            ),
            ordinary_use="What people draw differs from day to day, but it doesn't pile up.",
            clears_when="The quietest hour of a day is back at half of that, or still.",
            hours=tuple(zip(self.at_s, self.days, strict=True)),
        )

    def _stay_or_clear(self) -> Cleared | None:
        if len(self.days) > 1 and self.days[-1] > self.days[-2] // 2:
            return None
        volume = self.lost
        self.is_open, self.lost = False, 0
        return Cleared(volume=volume, explanation="The quietest hour has fallen back by half.")


RULE = GrowingFlow
