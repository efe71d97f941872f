# SPDX-License-Identifier: EUPL-1.2
"""Stuck: a register that answers and doesn't move for far longer than this meter ever stood still.

Whether a still meter is broken or unused can't be seen; how long people leave it unused can be
learned. So it is called stuck after a multiple of its longest stillness so far, never sooner than
such premises are left in a year. A main of many households never rests for long, for they don't
leave all at once; a home goes on holiday, and looks broken all that time.

The bounds are our measurement on the 17 prior homes of DAIAD trial A and on sums of them:
``python -m tests.benchmark.leaks.stillness`` prints what other bounds would have cost: a week and
twice the longest stillness, 0.12 alarms a year, as much as a fortnight and half as long again; a
month, none, for the longest holiday took 28 days.

Limits. A home's meter that froze goes unnoticed for eight days at least, and for twice its people's
longest holiday. Premises that stand empty look the same; the finding says so. Gas is left out:
where it only heats it rests all summer.
"""

from dataclasses import dataclass
from typing import ClassVar

from edge_gateway.leaks.rules import STRETCHES
from edge_gateway.leaks.stretch import ELECTRICITY, HOUR_S, WATER, Meter, Stretch
from edge_gateway.leaks.verdict import Cleared, Raised

DAY_S = 24 * HOUR_S
LEARNING_S = 28 * DAY_S  # four of every weekday
MAX_HOMES = 3  # that may all be away at once; more are a main, as in the other rules
HOME_S = 8 * DAY_S  # a week away is no news
HOME_FACTOR = 2
MAIN_S = 12 * HOUR_S  # works in the street cut the supply for a working day
MAIN_FACTOR = 4
LEARNING_MAIN_S = 2 * DAY_S  # while it isn't known how long this main rests
NEVER_RESTS_S = 5 * HOUR_S  # a meter that never stood still for longer counts as a main...
UNTOLD_S = DAY_S  # ...which, as nobody has told so, is given a day
POWER_S = 7 * DAY_S  # who leaves a flat for a week may turn off its main switch
CONFIDENCE_HOME, CONFIDENCE_MAIN = 50, 85


@dataclass
class Stuck:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "stuck"
    group: ClassVar[str] = "meter"
    looks_at: ClassVar[str] = STRETCHES
    utilities: ClassVar[frozenset[str]] = frozenset({WATER, ELECTRICITY})

    moved_at_s: int = 0  # first seen moving; 0 until then
    still_since_s: int = 0  # 0 while it moves
    longest_s: int = 0  # of the stillnesses that ended
    is_open: bool = False

    def look(self, stretch: Stretch, meter: Meter) -> Raised | Cleared | None:
        """Raise after far too long a stillness; clear as soon as the register moves."""
        if stretch.amount:
            if self.moved_at_s and not self.still_since_s:
                return None  # as ever: it goes on moving
            return self._move(stretch)
        if not self.moved_at_s:
            return None
        if not self.still_since_s:
            self.still_since_s = stretch.started_at_s
        still_s = stretch.ended_at_s - self.still_since_s
        # Nobody's patience is shorter than that; most stillnesses are.
        if still_s <= MAIN_S or self.is_open or still_s <= self._patience_s(meter):
            return None
        self.is_open = True
        return self._raised(still_s, self._is_main(meter))

    def _patience_s(self, meter: Meter) -> int:
        """Return how long this meter may stand still."""
        if not self._is_main(meter):
            return max(HOME_S, HOME_FACTOR * self.longest_s)
        floor_s = MAIN_S
        if not self._has_learned():
            floor_s = LEARNING_MAIN_S
        elif meter.households is None:
            floor_s = UNTOLD_S
        if meter.utility == ELECTRICITY:
            floor_s = max(floor_s, POWER_S)
        return max(floor_s, MAIN_FACTOR * self.longest_s)

    def volume(self) -> int:
        """Return 0: what a stuck meter doesn't count, nobody knows."""
        return 0

    def _is_main(self, meter: Meter) -> bool:
        if meter.households is not None:
            return meter.households > MAX_HOMES
        return self._has_learned() and self.longest_s <= NEVER_RESTS_S

    def _has_learned(self) -> bool:
        """Return whether it was watched long enough before this stillness."""
        return self.still_since_s - self.moved_at_s >= LEARNING_S

    def _move(self, stretch: Stretch) -> Cleared | None:
        if not self.moved_at_s:
            self.moved_at_s = stretch.ended_at_s
        if self.still_since_s:
            self.longest_s = max(self.longest_s, stretch.started_at_s - self.still_since_s)
            self.still_since_s = 0
        was_open, self.is_open = self.is_open, False
        if not was_open:
            return None
        return Cleared(volume=0, explanation="The register moves again.")

    def _raised(self, still_s: int, is_main: bool) -> Raised:
        longest = _told(self.longest_s)
        return Raised(
            started_at_s=self.still_since_s,
            flow=0,
            flow_low=0,
            flow_high=0,
            volume=0,
            confidence=CONFIDENCE_MAIN if is_main else CONFIDENCE_HOME,
            explanation=(
                f"The register has answered but not moved for {_told(still_s)}. Draw something "
                "and see whether it moves: the meter, or what reads it, may be stuck. "
                "Or the supply is shut off."
            ),
            ordinary_use=(
                f"It never stood still for longer than {longest} before."
                if is_main
                else f"The longest absence so far was {longest}; empty premises look the same."
            ),
            clears_when="The register moves.",
        )


def _told(seconds: int) -> str:
    if seconds < 2 * DAY_S:
        return f"{seconds // HOUR_S} hours"
    return f"{seconds // DAY_S} days"


RULE = Stuck
