# SPDX-License-Identifier: EUPL-1.2
"""Steady flow: hour after hour the same litres beneath ordinary use, where there were none.

Each hour is weighed: is it likelier as this home's ordinary use (``hour_habit``), or as a steady
flow with ordinary use on top (``shift_evidence``)? Quiet hours that all show the same litres decide
soonest. The finding is raised once the evidence for one flow reaches 1,000,000 to 1, and half as
many powers of ten more than this meter has shown for anything that ended by itself (``customary``).

On the prior homes (15.9 meter-years read hourly; thresholds were set there) 25 l/h is found in
9.4 h in the median of clean homes and 100 l/h in 4.4 h, where the 24-hour rule takes 24.

Limits. What is on from the first day is taken for this home's habit: the 24-hour rule finds it. A
flow that ends by itself before its patience is over is not told. A tap left open, a pool being
filled or a garden watered for longer than the patience looks the same. Under 1 l/h, or one step of
the register every two hours, hours do not tell. Many homes behind one meter drift with the seasons;
``night_flow`` judges those.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from edge_gateway.leaks import customary, hour_habit, shift_evidence
from edge_gateway.leaks.rules import HOURS
from edge_gateway.leaks.slot import Slot
from edge_gateway.leaks.stretch import HOUR_S, WATER, Meter
from edge_gateway.leaks.table import Table
from edge_gateway.leaks.verdict import Cleared, Raised

MAX_HOUSEHOLDS = 3  # judged; beyond, somebody is usually up
REMEMBERED = 24  # hours, to tell since when and how much
TOLD_HOURS = 6
CALM_S = 3 * HOUR_S  # without the flow; a night has more
MARGIN = 1.5  # over the evidence for what ended by itself of late
SUSPECT = 0.25  # of what is enough; less is no matter any more
LONG_GAP_S = 24 * HOUR_S  # what was suspected before is stale
PRESENT = 0.5  # of the flow; less is none
STILL_BELONGS = 0.7  # of it, to the hours it has run: the lowest flow that its level stands for
CONFIDENCE = 85
ML = 1000


@dataclass
class SteadyFlow:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "steady_flow"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = HOURS
    utilities: ClassVar[frozenset[str]] = frozenset({WATER})

    ended_at_s: int = 0  # of the newest hour
    amount: int = 0  # in it
    habit: Table = field(default_factory=hour_habit.fresh)
    evidence: Table = field(default_factory=shift_evidence.fresh)
    litres: Table = field(default_factory=lambda: Table(REMEMBERED, bits=16))  # newest last
    minutes: Table = field(default_factory=lambda: Table(REMEMBERED))  # 0: before the last gap
    ended_ppm: int = 0  # findings that ended of late, in millionths
    record_ppm: int = 0  # the evidence for what ended by itself of late
    peak: int = 0  # of the evidence in the present matter, in thousandths
    suspected_at_s: int = 0  # when it began
    was_leaking: bool = False
    flow: int = 0  # ml/h of the finding that is open; 0: none is
    lost: int = 0
    calm_s: int = 0
    held_s: int = -1  # since it was calm; below 0: it was not

    def look(self, slot: Slot, meter: Meter) -> Raised | Cleared | None:
        """Raise when the evidence suffices; clear when the flow has paused and not come back."""
        if meter.households is not None and meter.households > MAX_HOUSEHOLDS:
            return self._end(f"{meter.households} homes share this meter: it is no longer judged.")
        self._fade(slot)
        if slot.started_at_s == self.ended_at_s:
            self._weigh(slot)
        else:
            self._pass_gap(slot)
        self._remember(slot)
        if not slot.is_leaking:
            hour_habit.learn(self.habit, slot.hour, litres_of(slot.amount, slot.step))
        evidence, strongest = self.evidence.largest()
        enough = self._is_enough(evidence, slot)
        if self.flow:
            return self._stay_or_clear(slot, holds=enough)
        return self._raise(slot, strongest) if enough else None

    def volume(self) -> int:
        """Return what the flow makes over all the hours it ran, in ml."""
        return self.lost

    def _fade(self, slot: Slot) -> None:
        self.record_ppm = customary.faded(self.record_ppm, slot.length_s)
        self.ended_ppm = customary.faded(self.ended_ppm, slot.length_s)
        if self.was_leaking and not slot.is_leaking:
            self.ended_ppm += customary.MILLION
        self.was_leaking = slot.is_leaking

    def _is_enough(self, evidence: int, slot: Slot) -> bool:
        """Follow the matter; return whether the evidence exceeds what this meter is used to."""
        if evidence < SUSPECT * shift_evidence.ENOUGH:
            self._close_matter(slot)
        elif not self.peak:
            self.suspected_at_s = slot.started_at_s
        if self.peak or evidence >= SUSPECT * shift_evidence.ENOUGH:
            self.peak = max(self.peak, evidence)
        needed = max(shift_evidence.ENOUGH, MARGIN * self.record_ppm / customary.MILLION)
        return evidence >= min(needed, shift_evidence.MOST)

    def _close_matter(self, slot: Slot) -> None:
        if slot.ended_at_s - self.suspected_at_s <= customary.ENDS_BY_ITSELF_S:
            self.record_ppm = max(self.record_ppm, self.peak * customary.MILLION)
        self.peak = 0

    def _weigh(self, slot: Slot) -> None:
        shift_evidence.add_hour(
            self.evidence,
            hour_habit.weights(self.habit, slot.hour),
            before_l=litres_of(self.amount, slot.step),
            now_l=litres_of(slot.amount, slot.step),
            step_l=max(slot.step, ML) / ML,
            length_h=slot.length_s / HOUR_S,
        )

    def _pass_gap(self, slot: Slot) -> None:
        self.minutes = Table(REMEMBERED)
        if slot.started_at_s - self.ended_at_s > LONG_GAP_S and not self.flow:
            self.evidence = shift_evidence.fresh()

    def _remember(self, slot: Slot) -> None:
        self.ended_at_s, self.amount = slot.ended_at_s, slot.amount
        self.litres.push(round(slot.amount / ML))
        self.minutes.push(slot.length_s // 60)

    def _raise(self, slot: Slot, strongest: int) -> Raised:
        level = shift_evidence.FLOWS_L_PER_H[strongest]
        ran = self._hours_with(level * STILL_BELONGS)
        rates = sorted(ML * 60 * litres // minutes for _, minutes, litres in ran) or [
            round(ML * level)
        ]
        quiet = rates[: max(len(rates) // 2, 1)]  # nobody used any in most of them
        off = max(slot.step, ML) * HOUR_S // slot.length_s  # an hour shows whole steps only
        self.flow = quiet[len(quiet) // 2]
        started_at_s = ran[0][0] if ran else slot.started_at_s
        self.lost = self.flow * (slot.ended_at_s - started_at_s) // HOUR_S
        self.calm_s, self.held_s = 0, -1
        quietest = sorted(sorted(ran, key=lambda hour: hour[2] / hour[1])[:TOLD_HOURS])
        hours_run = round((slot.ended_at_s - started_at_s) / HOUR_S)
        return Raised(
            started_at_s=started_at_s,
            flow=self.flow,
            flow_low=max(quiet[0] - off, 0),
            flow_high=quiet[-1] + off,
            volume=self.lost,
            confidence=CONFIDENCE,
            explanation=(
                f"For {hours_run} hours some {self.flow / ML:.0f} l/h have run beneath everything "
                "else: look for a running toilet, an open tap, a hose or a leak."
            ),
            ordinary_use=(
                "Use comes and goes; this stays the same hour after hour, also at times of the day "
                "when this home otherwise uses none."
            ),
            clears_when=self._clears_when(),
            hours=tuple((at_s, litres * ML) for at_s, _, litres in quietest),
        )

    def _clears_when(self) -> str:
        hold_h = round(customary.hold_s(self.ended_ppm) / HOUR_S)
        calm = f"Three hours in a row without it{{}}, {self.flow * PRESENT / ML:.1f} l/h at most."
        return calm.format(f", and it stays away for {hold_h} hours" if hold_h else "")

    def _hours_with(self, least_l_per_h: float) -> list[tuple[int, int, int]]:
        """Return the newest hours in a row with that flow: started_at_s, minutes, litres."""
        hours: list[tuple[int, int, int]] = []
        ended_at_s = self.ended_at_s
        for minutes, litres in zip([*self.minutes][::-1], [*self.litres][::-1], strict=True):
            if not minutes or litres * 60 < (least_l_per_h - 1) * minutes or not litres:
                break
            ended_at_s -= minutes * 60
            hours.append((ended_at_s, minutes, litres))
        return hours[::-1]

    def _stay_or_clear(self, slot: Slot, *, holds: bool) -> Cleared | None:
        if slot.amount * HOUR_S >= PRESENT * self.flow * slot.length_s:
            self.calm_s = 0
            self.lost += self.flow * slot.length_s // HOUR_S
        else:
            self.calm_s += slot.length_s
        if holds and self.calm_s < CALM_S:
            self.held_s = -1
            return None
        if self.held_s >= 0:
            self.held_s += slot.length_s
        elif self.calm_s >= CALM_S:
            self.held_s = 0
            self.evidence = shift_evidence.fresh()
            self._close_matter(slot)
        if self.held_s < 0 or self.held_s < customary.hold_s(self.ended_ppm):
            return None
        return self._end("The flow has stopped, and has not come back.")

    def _end(self, explanation: str) -> Cleared | None:
        was_open, lost = self.flow > 0, self.lost
        self.flow = self.lost = self.calm_s = 0
        self.held_s = -1
        self.evidence = shift_evidence.fresh()
        return Cleared(volume=lost, explanation=explanation) if was_open else None


def litres_of(amount: int, step: int) -> float:
    """Return the litres that the rule reckons with: whole steps of the register, at least 1 l."""
    return float(round(amount / ML)) if step < ML else amount / ML


RULE = SteadyFlow
