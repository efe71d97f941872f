# SPDX-License-Identifier: EUPL-1.2
"""Continuous flow: 24 hours without one still hour.

Somebody is always asleep or out for an hour a day; what flows on then is a running toilet, a
dripping tap or a leak. Deployed meters decide by the same day and hour. Kamstrup MULTICAL 21 and
flowIQ, info code LEAK: no continuous hour without flow in the last 24 h; cleared after one still
hour. Sensus iPERL, leak alarm: flow never under the starting flow in 24 h. On 52 real homes the
plain rule raised 0.10 alarms per meter-year where nothing had leaked, and found leaks from 1 l/h
within 24 h (DAIAD hourly data, our replay).

Limits. It needs a day, by construction. A leak that pauses an hour a day is never found. Many
households behind one meter are never all still, so it does not judge those. Flow under the meter's
starting flow does not exist for it. A register is only as fine as its steps: one of 10 l hides less
than 10 l/h. It does not tell a leak from a use that really runs day and night, such as cooling.

A stretch between readings that could hide a still hour is a gap: it neither counts towards the day
nor breaks it off, and it neither adds to a still hour nor interrupts one.
"""

from dataclasses import dataclass
from typing import ClassVar

from edge_gateway.leaks.rules import STRETCHES
from edge_gateway.leaks.stretch import WATER, Meter, Stretch
from edge_gateway.leaks.verdict import Cleared, Raised

HOUR_S = 3600
WINDOW_S = 24 * HOUR_S
# Two neighbouring stretches under half an hour, each with some flow, leave no hour still.
GAP_S = HOUR_S // 2
MAX_HOUSEHOLDS = 3  # judged; beyond, somebody is usually up
CONFIDENCE = 80


@dataclass
class ContinuousFlow:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "continuous_flow"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = STRETCHES
    utilities: ClassVar[frozenset[str]] = frozenset({WATER})

    flowing_since_s: int | None = None
    watched_s: int = 0  # of the time since then, without gaps
    gaps_s: int = 0
    still_s: int = 0  # without a break, up to now
    hour_s: int = 0  # of the hour being filled
    hour_ml: int = 0
    least_ml_per_h: int | None = None  # of the hours filled: what flows when nobody wants water
    is_open: bool = False

    def look(self, stretch: Stretch, meter: Meter) -> Raised | Cleared | None:
        """Raise after a day without a still hour; clear after a still hour."""
        if meter.households is not None and meter.households > MAX_HOUSEHOLDS:
            return self._end(f"{meter.households} homes share this meter: it is no longer judged.")
        if stretch.length_s >= GAP_S:
            self._pass_gap(stretch)
            return None
        if stretch.amount == 0:
            self.still_s += stretch.length_s
            if self.still_s >= HOUR_S:
                return self._end("The meter has stood still for an hour: the flow has stopped.")
        else:
            self.still_s = 0
            if self.flowing_since_s is None:
                self.flowing_since_s = stretch.started_at_s
        if self.flowing_since_s is None:
            return None
        self._fill_hour(stretch)
        if self.is_open or self.watched_s < WINDOW_S or self.still_s > 0:
            return None
        return self._raise(self.flowing_since_s)

    def _pass_gap(self, stretch: Stretch) -> None:
        self.gaps_s += stretch.length_s
        if self.gaps_s > WINDOW_S and not self.is_open:
            self._forget()  # what was seen before is no longer of these 24 hours

    def _fill_hour(self, stretch: Stretch) -> None:
        self.watched_s += stretch.length_s
        self.hour_s += stretch.length_s
        self.hour_ml += stretch.amount
        if self.hour_s >= HOUR_S:
            ml_per_h = self.hour_ml * HOUR_S // self.hour_s
            if self.least_ml_per_h is None or ml_per_h < self.least_ml_per_h:
                self.least_ml_per_h = ml_per_h
            self.hour_s = self.hour_ml = 0

    def _raise(self, since_s: int) -> Raised:
        self.is_open = True
        flow_ml_per_h = self.least_ml_per_h or 0
        return Raised(
            started_at_s=since_s,
            flow=flow_ml_per_h,
            flow_low=flow_ml_per_h,
            flow_high=flow_ml_per_h,
            volume=self.volume(),
            confidence=CONFIDENCE,
            explanation=(
                "Water has run for 24 hours without one still hour. "
                f"In the quietest hour it was {flow_ml_per_h / 1000:.1f} l: "
                "look for a running toilet, a dripping tap or a leak."
            ),
            ordinary_use="Somebody is always asleep or out for an hour a day; this never paused.",
            clears_when="The meter stands still for an hour.",
        )

    def _end(self, explanation: str) -> Cleared | None:
        was_open, volume = self.is_open, self.volume()
        self._forget()
        if not was_open:
            return None
        return Cleared(volume=volume, explanation=explanation)

    def volume(self) -> int:
        """Return what the quietest hour's flow makes over all the time watched."""
        return (self.least_ml_per_h or 0) * self.watched_s // HOUR_S

    def _forget(self) -> None:
        self.__init__()  # type: ignore[misc]


RULE = ContinuousFlow
