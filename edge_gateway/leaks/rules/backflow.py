# SPDX-License-Identifier: EUPL-1.2
"""Backflow: a register that runs backward, reading after reading.

Water runs back where a check valve has failed and the street's pressure drops; what comes with it
may foul the main (EN 1717). Raised after three falls with no rise between them that span a quarter
of an hour, each no faster than the meter can run. Source: Sensus iPERL, alarm on reverse flow for
15 min; three, because one fall is a data fault or an exchanged meter, and a register that flutters
by a pulse rises again before it next falls.

Limits. Meters whose register can't run backward hide it, as do most pulse outputs. Readings more
than 90 min apart are gaps: what falls in one counts for nothing.
"""

from dataclasses import dataclass
from typing import ClassVar

from edge_gateway.leaks.rules import STRETCHES
from edge_gateway.leaks.stretch import HOUR_S, WATER, Meter, Stretch
from edge_gateway.leaks.verdict import Cleared, Raised

FALLS = 3
SPAN_S = 900
GAP_S = 5400
CALM_S = HOUR_S  # this long without a fall, and it is over
MOST_OF_Q3 = 1.25  # the overload flow, Q4 (ISO 4064-1)
CONFIDENCE = 85


@dataclass
class Backflow:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "backflow"
    group: ClassVar[str] = "meter"
    looks_at: ClassVar[str] = STRETCHES
    utilities: ClassVar[frozenset[str]] = frozenset({WATER})
    sees_falls: ClassVar[bool] = True

    falls: int = 0
    since_s: int = 0
    fallen_ml: int = 0
    calm_s: int = 0  # since the last fall
    is_open: bool = False

    def look(self, stretch: Stretch, meter: Meter) -> Raised | Cleared | None:
        """Raise after several falls in a row; clear after an hour without."""
        if stretch.amount >= 0 and not self.falls:
            return None  # as ever: nothing fell, and there is nothing to forget
        if stretch.amount < 0 and _is_possible(stretch, meter):
            return self._fall(stretch)
        if self.is_open:
            self.calm_s += stretch.length_s
            return self._end() if self.calm_s >= CALM_S else None
        if stretch.amount or stretch.length_s > GAP_S:
            self._forget()
        return None

    def volume(self) -> int:
        """Return what ran back, in ml."""
        return self.fallen_ml

    def _fall(self, stretch: Stretch) -> Raised | None:
        if not self.falls:
            self.since_s = stretch.started_at_s
        self.falls += 1
        self.fallen_ml -= stretch.amount
        self.calm_s = 0
        span_s = stretch.ended_at_s - self.since_s
        if self.is_open or self.falls < FALLS or span_s < SPAN_S:
            return None
        self.is_open = True
        flow_ml_per_h = self.fallen_ml * HOUR_S // span_s
        return Raised(
            started_at_s=self.since_s,
            flow=flow_ml_per_h,
            flow_low=flow_ml_per_h,
            flow_high=flow_ml_per_h,
            volume=self.fallen_ml,
            confidence=CONFIDENCE,
            explanation=(
                f"The register has run backward in {self.falls} readings over "
                f"{span_s // 60} minutes, by {self.fallen_ml / 1000:.1f} l: "
                "look at the check valve."
            ),
            ordinary_use="No use runs backward; a fault in the data falls once and rises again.",
            clears_when="The register doesn't fall for an hour.",
            hours=((self.since_s, -self.fallen_ml),),
        )

    def _end(self) -> Cleared:
        volume = self.fallen_ml
        self._forget()
        return Cleared(volume=volume, explanation="The register has not fallen for an hour.")

    def _forget(self) -> None:
        self.__init__()  # type: ignore[misc]


def _is_possible(stretch: Stretch, meter: Meter) -> bool:
    most_ml = MOST_OF_Q3 * meter.q3_l_per_h * stretch.length_s / 3.6
    return stretch.length_s <= GAP_S and -stretch.amount <= most_ml


RULE = Backflow
