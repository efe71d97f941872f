# SPDX-License-Identifier: EUPL-1.2
"""Standby: the power that is never switched off has gone up, and stays up.

Method. Of each day the hour with the least use counts. Three low days of a week can be an accident
or a holiday, so the standby is the third lowest of the last seven such hours. It is raised when it
lies above every standby of the last half year, by a margin. A record needs no assumption about how
a home's use is distributed, unlike a CUSUM on median and deviation (E. S. Page, Biometrika 41
(1954)), which the skew of quiet hours in a lively home makes deaf or loud. How often it is wrong
and what it finds: our measurement: python -m tests.benchmark.leaks.energies

Limits. It takes five days. Nothing is judged in the first four weeks; until half a year was seen,
an ordinary winter can be a record. In a home whose quietest hours scatter by 30 W it sees 80 W,
not 40 W. What is new but ordinary (a freezer, an aquarium) is raised too: after four weeks it is
taken for ordinary and cleared.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from edge_gateway.leaks.rules import HOURS
from edge_gateway.leaks.slot import Slot
from edge_gateway.leaks.stretch import ELECTRICITY, HOUR_S, Meter
from edge_gateway.leaks.verdict import Cleared, Raised, Verdict

DAY_S = 86_400
WEEK = 7
LOWEST = 2  # the place of the third lowest
WEEKS = 26
LEAST_WEEKS = 2  # of standbys; each needs a week of days, and waits a week
MARGIN = 0.15  # of how far the records scatter: their highest above their middle
LEAST_MARGIN = 0.02  # of the standby
LEAST_MARGIN_MW = 3000  # a meter of class A errs by 2 % (EN 50470-3); 3 W of a home's 150 W
CLEAR_DAYS = 2
GAP_S = 4 * HOUR_S  # shorter ones leave enough of a night
ADOPTED_S = 28 * DAY_S
CONFIDENCE = 70


@dataclass
class Standby:
    """What the rule remembers of one meter; all in mW."""

    kind: ClassVar[str] = "standby"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = HOURS
    utilities: ClassVar[frozenset[str]] = frozenset({ELECTRICITY})

    ended_at_s: int = 0
    seen_s: int = 0  # of this day
    least: int | None = None  # this day's quietest hour
    least_at_s: int = 0
    days: list[int] = field(default_factory=list)  # the quietest hours of the last seven
    at_s: list[int] = field(default_factory=list)  # when each of these began
    standbys: list[int] = field(default_factory=list)  # of the last seven, no records yet
    records: list[int] = field(default_factory=list)  # the highest standby of each week
    in_week: int = 0  # days in the last of them
    above: int | None = None  # what is open: the standby of before,
    excess: int = 0
    began_at_s: int = 0
    low_days: int = 0

    def look(self, slot: Slot, meter: Meter) -> Verdict | None:  # noqa: ARG002 - all rules' shape
        """Raise on a record, clear once two days were as before; both at the end of a day."""
        if slot.started_at_s - self.ended_at_s > GAP_S:
            self.seen_s, self.least = 0, None  # the quietest hour may have been there
        self.ended_at_s = slot.ended_at_s
        power = slot.amount * HOUR_S // slot.length_s
        if self.least is None or power < self.least:
            self.least, self.least_at_s = power, slot.started_at_s
        self.seen_s += slot.length_s
        if self.seen_s + slot.length_s // 2 < DAY_S:
            return None
        today, self.seen_s, self.least = self.least, 0, None
        self.days = [*self.days[1 - WEEK :], today]
        self.at_s = [*self.at_s[1 - WEEK :], self.least_at_s]
        if self.above is not None:
            return self._stay_or_clear(self.above, today)
        if len(self.days) < WEEK:
            return None
        return self._judge(sorted(self.days)[LOWEST], slot)

    def volume(self) -> int:
        """Return the energy, in mWh, that the excess makes since it began."""
        return self.excess * (self.ended_at_s - self.began_at_s) // HOUR_S

    def _judge(self, standby: int, slot: Slot) -> Raised | None:
        if len(self.records) >= LEAST_WEEKS:
            middle, highest = sorted(self.records)[len(self.records) // 2], max(self.records)
            margin = max(
                MARGIN * (highest - middle), LEAST_MARGIN * middle, LEAST_MARGIN_MW, slot.step
            )
            if standby > highest + margin:
                return self._raise(standby, middle, highest)
        if not slot.is_leaking:
            self._learn(standby)
        return None

    def _learn(self, standby: int) -> None:
        """Let a standby of a week ago count as seen: one of today would hide what rises slowly."""
        self.standbys.append(standby)
        if len(self.standbys) <= WEEK:
            return
        seen = self.standbys.pop(0)
        if not self.records or self.in_week == WEEK:
            self.records = [*self.records[1 - WEEKS :], seen]
            self.in_week = 1
        else:
            self.records[-1] = max(self.records[-1], seen)
            self.in_week += 1

    def _raise(self, standby: int, middle: int, highest: int) -> Raised:
        self.above, self.excess, self.low_days = middle, standby - middle, 0
        risen = [at_s for power, at_s in zip(self.days, self.at_s, strict=True) if power > highest]
        self.began_at_s = risen[0]
        return Raised(
            started_at_s=self.began_at_s,
            flow=self.excess,
            flow_low=standby - highest,
            flow_high=max(self.days) - middle,
            volume=self.volume(),
            confidence=CONFIDENCE,
            explanation=(
                f"Even in the quietest hours {standby / 1000:.0f} W are used, "
                f"{self.excess / 1000:.0f} W more than before: look for what was left on, such as "
                "a heater, a pump, lights in a cellar, or a fridge that never rests."
            ),
            ordinary_use=(
                f"In {len(self.records)} weeks the quietest hours took about "
                f"{middle / 1000:.0f} W, and at the most {highest / 1000:.0f} W."
            ),
            clears_when=(
                f"{CLEAR_DAYS} days have quieter hours again. After {ADOPTED_S // DAY_S} days "
                "this is taken for ordinary."
            ),
            hours=tuple(
                (at_s, power)
                for at_s, power in zip(self.at_s, self.days, strict=True)
                if power > highest
            )[-6:],
        )

    def _stay_or_clear(self, above: int, today: int) -> Cleared | None:
        self.low_days = self.low_days + 1 if today < above + self.excess // 2 else 0
        if self.low_days >= CLEAR_DAYS:
            self.records[-1] = max(self.records[-1], above + self.excess)  # once was not for ever
            return self._end("The quietest hours take as little as before.")
        if self.ended_at_s - self.began_at_s < ADOPTED_S:
            return None
        self.records, self.standbys, self.in_week = [], [], 0
        return self._end("It has been so for four weeks and is taken for ordinary from now on.")

    def _end(self, explanation: str) -> Cleared:
        self.above = None
        return Cleared(volume=self.volume(), explanation=explanation)


RULE = Standby
