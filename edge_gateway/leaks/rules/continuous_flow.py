# SPDX-License-Identifier: EUPL-1.2
"""Continuous flow: 24 hours without one still hour.

Somebody is always asleep or out for an hour a day; what flows on then is a running toilet, a
dripping tap or a leak. Deployed meters decide by the same day and hour. Kamstrup MULTICAL 21 and
flowIQ, info code LEAK: no continuous hour without flow in the last 24 h; cleared after one still
hour. Sensus iPERL, leak alarm: flow never under the starting flow in 24 h. It needs no learning, so
it holds where all others still learn, or have learned a leak as habit.

Ours differs in how it ends. A drip near the register's step shows a still hour now and then; one
that a single hour ends is told anew every other day. Three still hours in a row end ours. On a
meter that often runs for most of a day and stops by itself, the 24 hours become up to 72
(``customary``).

It looks at hours that follow the readings, so it works on readings up to 90 min apart. An hour is
still if nothing passed in it, or if an hour without flow touches it. A gap neither counts towards
the day nor breaks it off, and is no stillness.

Limits. It needs a day, by construction. A leak that pauses an hour a day is never found. Many
households behind one meter are never all still, so it does not judge those. Flow under the meter's
starting flow does not exist for it. A register is only as fine as its steps: one of 10 l hides less
than 10 l/h. It does not tell a leak from a use that really runs day and night, such as cooling.
"""

from dataclasses import dataclass
from typing import ClassVar

from edge_gateway.leaks import customary
from edge_gateway.leaks.rules import HOURS
from edge_gateway.leaks.slot import Slot
from edge_gateway.leaks.stretch import HOUR_S, WATER, Meter
from edge_gateway.leaks.verdict import Cleared, Raised

WINDOW_S = 24 * HOUR_S
LONGEST_S = 72 * HOUR_S  # of a meter that often runs for a day
MARGIN = 1.3  # over the longest run that ended by itself of late
MAX_HOUSEHOLDS = 3  # judged; beyond, somebody is usually up
CALM_S = 3 * HOUR_S  # still in a row, and it is over
CONFIDENCE = 80


@dataclass
class ContinuousFlow:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "continuous_flow"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = HOURS
    utilities: ClassVar[frozenset[str]] = frozenset({WATER})

    ended_at_s: int = 0  # of the newest hour
    flowing_since_s: int | None = None
    watched_s: int = 0  # of the time since then, with flow
    ran_s: int = 0  # of it without a still hour
    gaps_s: int = 0
    least_ml_per_h: int | None = None  # what flows when nobody wants water
    still_s: int = 0  # without a break, up to now
    held_s: int = -1  # since it was over; below 0: it is not
    ended_ppm: int = 0  # findings that ended of late, in millionths
    longest_us: int = 0  # of the runs that ended by themselves of late
    was_leaking: bool = False
    is_open: bool = False

    def look(self, slot: Slot, meter: Meter) -> Raised | Cleared | None:
        """Raise after a day without a still hour; clear when it has been still for longer."""
        if meter.households is not None and meter.households > MAX_HOUSEHOLDS:
            return self._end(f"{meter.households} homes share this meter: it is no longer judged.")
        self._fade(slot)
        if slot.started_at_s != self.ended_at_s:
            self._pass_gap(slot.started_at_s - self.ended_at_s)
        self.ended_at_s = slot.ended_at_s
        self._watch(slot)
        customary_s = MARGIN * self.longest_us / customary.MILLION
        window_s = min(max(WINDOW_S, customary_s), LONGEST_S)
        holds = self.ran_s >= window_s
        if self.is_open:
            return self._stay_or_clear(slot.length_s, holds=holds)
        if self.flowing_since_s is None or not holds:
            return None
        return self._raise(self.flowing_since_s)

    def volume(self) -> int:
        """Return what the quietest hour's flow makes over all the time watched."""
        return (self.least_ml_per_h or 0) * self.watched_s // HOUR_S

    def _fade(self, slot: Slot) -> None:
        self.longest_us = customary.faded(self.longest_us, slot.length_s)
        self.ended_ppm = customary.faded(self.ended_ppm, slot.length_s)
        if self.was_leaking and not slot.is_leaking:
            self.ended_ppm += customary.MILLION
        self.was_leaking = slot.is_leaking

    def _watch(self, slot: Slot) -> None:
        if slot.amount == 0:
            self.still_s = max(self.still_s + slot.length_s, slot.still_s)
        else:
            self.still_s = slot.still_s
        if slot.amount == 0 or slot.still_s >= HOUR_S:
            if self.ran_s <= customary.ENDS_BY_ITSELF_S:
                self.longest_us = max(self.longest_us, self.ran_s * customary.MILLION)
            self.ran_s = 0
            if not self.is_open:
                self._begin_anew()
        if slot.amount == 0:
            return
        if self.flowing_since_s is None:
            self.flowing_since_s = slot.started_at_s
        self.watched_s += slot.length_s
        self.ran_s += slot.length_s
        ml_per_h = slot.amount * HOUR_S // slot.length_s
        if self.least_ml_per_h is None or ml_per_h < self.least_ml_per_h:
            self.least_ml_per_h = ml_per_h

    def _pass_gap(self, length_s: int) -> None:
        self.still_s = 0
        self.gaps_s += length_s
        if self.gaps_s > WINDOW_S and not self.is_open:
            self._begin_anew()  # what was seen before is no longer of these 24 hours

    def _raise(self, since_s: int) -> Raised:
        self.is_open, self.held_s = True, -1
        flow_ml_per_h = self.least_ml_per_h or 0
        hold_h = round(customary.hold_s(self.ended_ppm) / HOUR_S)
        return Raised(
            started_at_s=since_s,
            flow=flow_ml_per_h,
            flow_low=flow_ml_per_h,
            flow_high=flow_ml_per_h,
            volume=self.volume(),
            confidence=CONFIDENCE,
            explanation=(
                f"Water has run for {self.watched_s // HOUR_S} hours without one still hour. "
                f"In the quietest hour it was {flow_ml_per_h / 1000:.1f} l: "
                "look for a running toilet, a dripping tap or a leak."
            ),
            ordinary_use="Somebody is always asleep or out for an hour a day; this never paused.",
            clears_when="The meter stands still for three hours in a row"
            + (f", and the flow stays away for {hold_h} hours." if hold_h else "."),
        )

    def _stay_or_clear(self, length_s: int, *, holds: bool) -> Cleared | None:
        if holds:
            self.held_s = -1
        elif self.held_s >= 0:
            self.held_s += length_s
        elif self.still_s >= CALM_S:
            self.held_s = 0
        if self.held_s < 0 or self.held_s < customary.hold_s(self.ended_ppm):
            return None
        return self._end("The meter has stood still for hours: the flow has stopped.")

    def _end(self, explanation: str) -> Cleared | None:
        was_open, volume = self.is_open, self.volume()
        self.is_open = False
        self._begin_anew()
        return Cleared(volume=volume, explanation=explanation) if was_open else None

    def _begin_anew(self) -> None:
        self.flowing_since_s = self.least_ml_per_h = None
        self.watched_s = self.ran_s = self.gaps_s = 0


RULE = ContinuousFlow
