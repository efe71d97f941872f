# SPDX-License-Identifier: EUPL-1.2
"""Missing: a meter that used to report is silent.

Silent is one of which nothing has come for a day, or for three times its usual interval where that
is longer: a telegram lost now and then is not worth a person's time, and a node that was unplugged
for an afternoon comes back by itself. The usual interval is learned: each one counts for a
sixteenth, and no more than four usual ones count, so that one outage does not become a habit. The
figures are our judgement: head-end systems report a meter after one to three days without a word.

Limits. It does not know why: the meter, its node, its battery and the radio look alike from here
(when the node says something itself, its status tells). A meter that was read once only has no
usual interval and is waited for for a day. It clears with a reading of a later time than the
raising, so not while a node tells what it had kept.
"""

from dataclasses import dataclass
from typing import ClassVar

from edge_gateway.leaks.rules import STRETCHES
from edge_gateway.leaks.stretch import HOUR_S, UTILITIES, Meter, Stretch
from edge_gateway.leaks.verdict import Cleared, Raised

LEAST_S = 24 * HOUR_S
TIMES_USUAL = 3
WEIGHT = 16
MOST_TIMES_USUAL = 4
CONFIDENCE = 95


@dataclass
class Missing:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "missing"
    group: ClassVar[str] = "meter"
    looks_at: ClassVar[str] = STRETCHES
    utilities: ClassVar[frozenset[str]] = frozenset(UTILITIES)
    sees_falls: ClassVar[bool] = True

    usual_s: int = 0  # between two readings
    raised_at_s: int = 0  # of what is open; 0: nothing is

    def look(self, stretch: Stretch, _meter: Meter) -> Cleared | None:
        """Learn the interval; clear once the meter reports again."""
        length_s = stretch.ended_at_s - stretch.started_at_s
        if length_s == self.usual_s and not self.raised_at_s:
            return None  # as ever: nothing to learn
        if not self.usual_s:
            self.usual_s = length_s
        else:
            self.usual_s += (
                min(length_s, MOST_TIMES_USUAL * self.usual_s) - self.usual_s
            ) // WEIGHT
        if not self.raised_at_s or stretch.ended_at_s <= self.raised_at_s:
            return None
        self.raised_at_s = 0
        return Cleared(volume=0, explanation="The meter reports again.")

    def due_s(self, read_at_s: int) -> int:
        """Return when silence since ``read_at_s`` becomes too long."""
        return read_at_s + max(LEAST_S, TIMES_USUAL * self.usual_s)

    def overdue(self, read_at_s: int, now_s: int) -> Raised | None:
        """Raise once the silence is too long."""
        due_s = self.due_s(read_at_s)
        if self.raised_at_s or now_s < due_s:
            return None
        self.raised_at_s = due_s
        return Raised(
            started_at_s=read_at_s,
            flow=0,
            flow_low=0,
            flow_high=0,
            volume=0,
            confidence=CONFIDENCE,
            explanation=(
                f"Nothing has come from this meter for {(due_s - read_at_s) // HOUR_S} hours: "
                "look at its node, its power or battery, its cable and the radio."
            ),
            ordinary_use=(
                f"It used to report every {_in_words(self.usual_s)}. What flows meanwhile is in "
                "its register, and is counted once it reports."
                if self.usual_s
                else "It has reported once only."
            ),
            clears_when="The meter reports again.",
        )

    def volume(self) -> int:
        """Return nothing: silence loses no water."""
        return 0


def _in_words(length_s: int) -> str:
    if length_s < 2 * 60:
        return f"{length_s} seconds"
    if length_s < 2 * HOUR_S:
        return f"{round(length_s / 60)} minutes"
    return f"{round(length_s / HOUR_S)} hours"


RULE = Missing
