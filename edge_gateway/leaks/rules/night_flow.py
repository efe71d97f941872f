# SPDX-License-Identifier: EUPL-1.2
"""Night flow: a main of many households passes more than it used to, most plainly at night.

Somebody is always up, so a main is never still and no floor tells a leak. What a leak does is to
shift every hour by the same flow. For each of a few sizes of leak the rule asks of every hour: how
much likelier is this flow if that leak runs than if it doesn't? The logarithms add up to evidence,
never below nothing (CUSUM, E. S. Page, Biometrika 41, 1954). What is usual is learned for each hour
of the day (``usual_hours``), so the quiet hours weigh most wherever they are: by day a leak drowns.

Three things keep it honest. An hour is judged given the one before, for a flat that runs at two
still runs at three. No night counts for half of what convinces: one of the homes let 500 l/h run
through one night, and the next was quiet. And evidence fades, as what is usual follows the seasons.

On sums of real homes read hourly (they share homes), none of which set a threshold, no alarm in 24
meter-years; of 20 l/h at 8 homes, 40 at 24 and 80 at 48, 99 % and more were found within 7 days,
half within 68, 84 and 72 h; 80 l/h at 24 homes within 52 h: ``python -m
tests.benchmark.leaks.night_flow test``. The homes that set the thresholds are less calm: up to 0.4
alarms a year, 94 % and more (``prior``).

Limits. Two weeks of learning; a leak older than that is usual. A flat's own leak is a leak here
too. It takes two nights and more; under a tenth of a main's mean flow little is found. A lasting
change of habits looks the same, so after four weeks what was found is counted as usual, and the
finding says so. Hours with gaps neither raise nor clear.
"""

from dataclasses import dataclass, field
from math import exp, log, sqrt
from typing import ClassVar

from edge_gateway.leaks.rules import HOURS
from edge_gateway.leaks.slot import Slot
from edge_gateway.leaks.stretch import HOUR_S, WATER, Meter
from edge_gateway.leaks.table import Table
from edge_gateway.leaks.usual_hours import LEARNED, UsualHours, logarithm
from edge_gateway.leaks.verdict import Cleared, Raised

# Thresholds: our measurement on sums of the prior homes, by that command.
SIZES = (0.08, 0.14, 0.25, 0.45, 0.8)  # of the leaks asked about, in parts of the mean flow
WITHOUT_AND_WITH = (0.0, *SIZES)
NO_HOUR_BEFORE = (0.0,) * len(WITHOUT_AND_WITH)
CONVINCING = 24.0  # evidence, in natural logarithms
MOST = 30.0  # evidence kept, so that a repair is seen within days
ENDED = 10.0
OF_FOUND = 0.6  # of the flow found: what must have ended
MOST_AT_ONCE = 6.0  # from a few hours; what can be gained comes back at
MOST_AN_HOUR = 0.5
LEAST_AN_HOUR = -5.0
FADES = 1 / 400  # an hour
KEEPS = 0.45  # of an hour's deviate, on average, is still there an hour later
ODD = 0.02  # of all hours are like no other
ODD_DENSITY = 0.15
DENSITY_OF_TOO_LITTLE = ODD * ODD_DENSITY  # of less than the leak itself
LIKE_OTHERS = 1 - ODD
TWICE_LEFT = 2 * (1 - KEEPS**2)  # of the variance, once the hour before is known
SPREAD_LEFT = sqrt(1 - KEEPS**2)
FAR = 4.0  # spreads; a deviate is not held to be further out when the next hour is judged
LEAST_ML_PER_H = 1000
MOST_LEAST_ML_PER_H = 10_000  # of a common pulse output; the first steps seen may be larger
LEARNING_SLOTS = 14 * 24
MEAN_OF_SLOTS = 1000
# Who shares a meter when nobody says: as much as four homes at 10 l/h each, and never still.
FEWEST_HOUSEHOLDS = 4
FEWEST_HOUSEHOLDS_ML_PER_H = 40_000
NEVER_STILL_STEPS = 2
USUAL_AFTER_SLOTS = 28 * 24
NEXT_S = 300  # between two slots, and they still follow each other
EXCESS_OF_SLOTS = 168  # averaged over
RANGE = 1.6  # around it: our judgement; it held 79 to 98 % of the leaks in the prior sums
HOURS_TOLD = 6
CONFIDENCE = 80


@dataclass
class NightFlow:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "night_flow"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = HOURS
    utilities: ClassVar[frozenset[str]] = frozenset({WATER})

    # Tables and lists stay empty, and so take no room, while the meter is not judged.
    learned: Table = field(default_factory=lambda: Table(0, 16))
    days: Table = field(default_factory=lambda: Table(0))
    mean_ml_per_h: int = 0
    slots: int = 0
    unlearned: int = 0  # slots, for something leaked
    evidence: list[float] = field(default_factory=list)  # by size
    left: list[float] = field(
        default_factory=lambda: [MOST_AT_ONCE] * len(SIZES)
    )  # that may yet be gained
    since_s: list[int] = field(default_factory=list)
    before: list[float] = field(default_factory=list)  # deviates of the hour before
    ended_at_s: int = 0  # of the hour before
    excess: list[int] = field(default_factory=lambda: [0, 0])  # in ml/h, and its weight
    hours: list[list[int]] = field(default_factory=list)  # gain, start, amount: what convinces
    found: list[int] = field(default_factory=list)  # while open: since when, flow, until when

    def look(self, slot: Slot, meter: Meter) -> Raised | Cleared | None:
        """Raise when the evidence for a leak of some size convinces; clear when it is gone."""
        if meter.households is not None and meter.households < FEWEST_HOUSEHOLDS:
            return self._end("So few homes share this meter that other rules judge it.")
        if not len(self.days):
            self._begin()
        ml_per_h = slot.amount * HOUR_S / slot.length_s
        usual = UsualHours(self.learned, self.days)
        if slot.started_at_s - self.ended_at_s > NEXT_S:
            self.before = []
        if self.slots >= LEARNING_SLOTS and usual.is_known(slot.hour, slot.is_weekend):
            self._weigh(slot, ml_per_h, usual)
        self.ended_at_s = slot.ended_at_s
        self._learn(slot, ml_per_h, usual)
        if self.found:
            return self._watch(slot, usual)
        if max(self.evidence) < CONVINCING or not self._is_main(slot, meter, usual):
            return None
        return self._raise(slot, usual)

    def volume(self) -> int:
        """Return what the leak's flow makes of the time since the evidence for it began."""
        if not self.found:
            return 0
        since_s, flow, until_s = self.found
        return flow * (until_s - since_s) // HOUR_S

    def _begin(self) -> None:
        self.learned, self.days = Table(LEARNED, 16), Table(48)
        self.evidence, self.left = [0.0] * len(SIZES), [MOST_AT_ONCE] * len(SIZES)
        self.since_s = [0] * len(SIZES)

    def _weigh(self, slot: Slot, ml_per_h: float, usual: UsualHours) -> None:
        least = _least(slot)
        middle, below, above = usual.shape(slot.hour, slot.is_weekend)
        before, self.before = self.before or NO_HOUR_BEFORE, []
        likelihoods = []
        for size, was in zip(WITHOUT_AND_WITH, before, strict=True):
            flow = ml_per_h - size * self.mean_ml_per_h
            logged = logarithm(flow, least)
            deviate = (logged - middle) / (below if logged < middle else above)
            self.before.append(round(100 * deviate) / 100)  # a third of the price of round(..., 2)
            promised = KEEPS * max(-FAR, min(was, FAR))
            likely = _density(deviate - promised) if flow > -least / 2 else DENSITY_OF_TOO_LITTLE
            likelihoods.append(log(likely) - logged)
        unlikely = likelihoods.pop(0)
        gains = [
            self._add(place, likelihood - unlikely, slot.started_at_s)
            for place, likelihood in enumerate(likelihoods)
        ]
        self._estimate(slot, ml_per_h, usual)
        self._remember(slot, round(1000 * max(gains)))

    def _add(self, place: int, ratio: float, started_at_s: int) -> float:
        """Add the logarithm of a likelihood ratio to the evidence; return what was gained."""
        left, known = self.left[place], self.evidence[place]
        gain = min(ratio, left) if ratio > 0 else 0.0
        if left < MOST_AT_ONCE or gain:
            left = min(left - gain + MOST_AN_HOUR, MOST_AT_ONCE)
            self.left[place] = round(left, 2)
        if not known:
            self.since_s[place] = started_at_s
            if not gain:
                return gain  # as most hours: nothing known, nothing new
        now = known * (1 - FADES) + (gain if ratio > 0 else max(ratio, LEAST_AN_HOUR))
        self.evidence[place] = round(max(0.0, min(now, MOST)), 2)
        return gain

    def _estimate(self, slot: Slot, ml_per_h: float, usual: UsualHours) -> None:
        """Average what flows beyond the usual; the steadier an hour is, the more it counts."""
        middle = usual.middle_ml_per_h(slot.hour, slot.is_weekend, _least(slot))
        precision = 1e9 / (usual.spread(slot.hour) * (middle + _least(slot))) ** 2
        excess, weight = self.excess
        kept = weight * (1 - 1 / EXCESS_OF_SLOTS)
        off = ml_per_h - middle - excess
        if weight:  # one odd hour moves it little
            off = max(-self.mean_ml_per_h / 2, min(off, self.mean_ml_per_h / 2))
        now = kept + precision
        self.excess = [round(excess + off * precision / now), round(now)]

    def _remember(self, slot: Slot, gain: int) -> None:
        if max(self.evidence) == 0:
            self.hours, self.excess = [], [0, 0]
        elif gain > 0:
            told = [*self.hours, [gain, slot.started_at_s, slot.amount]]
            self.hours = sorted(told, reverse=True)[:HOURS_TOLD]

    def _learn(self, slot: Slot, ml_per_h: float, usual: UsualHours) -> None:
        is_known = self.slots >= LEARNING_SLOTS  # until then even a leak is better than nothing
        if is_known and slot.is_leaking and self.unlearned < USUAL_AFTER_SLOTS:
            self.unlearned += 1
            return
        if not slot.is_leaking:
            self.unlearned = 0
        usual.learn(slot.hour, slot.is_weekend, logarithm(ml_per_h, _least(slot)))
        self.slots = min(self.slots + 1, MEAN_OF_SLOTS)
        self.mean_ml_per_h += round((ml_per_h - self.mean_ml_per_h) / self.slots)

    def _is_main(self, slot: Slot, meter: Meter, usual: UsualHours) -> bool:
        if meter.households is not None:
            return True
        never_still = NEVER_STILL_STEPS * _least(slot)
        return (
            self.mean_ml_per_h >= FEWEST_HOUSEHOLDS_ML_PER_H
            and usual.quietest_ml_per_h(_least(slot)) >= never_still
        )

    def _raise(self, slot: Slot, usual: UsualHours) -> Raised:
        place = self.evidence.index(max(self.evidence))
        flow = max(round(SIZES[0] / 2 * self.mean_ml_per_h), self.excess[0])
        low, high = round(flow / RANGE), round(flow * RANGE)
        self.found = [self.since_s[place], flow, self.ended_at_s]
        quiet = usual.quietest_ml_per_h(_least(slot))
        return Raised(
            started_at_s=self.since_s[place],
            flow=flow,
            flow_low=low,
            flow_high=high,
            volume=self.volume(),
            confidence=CONFIDENCE,
            explanation=(
                f"About {flow / 1000:.0f} l/h more than usual flow through this main, night and "
                "day: look for a leak in the risers, a running toilet or a burst in the ground."
            ),
            ordinary_use=(
                f"In its quietest hour {quiet / 1000:.0f} l are usual here; people who use more "
                "do so at some hours, this is missing at none."
            ),
            clears_when="The quiet hours are as quiet as before for a few nights.",
            hours=tuple(sorted((start, amount) for _, start, amount in self.hours)),
        )

    def _watch(self, slot: Slot, usual: UsualHours) -> Cleared | None:
        """Clear what was found when it has ended, or has gone on for so long that it is usual."""
        flow = self.found[1]
        smaller = [size for size in SIZES if size * self.mean_ml_per_h <= OF_FOUND * flow]
        evidence = max(self.evidence[max(0, len(smaller) - 1) :])
        if evidence >= CONVINCING:
            self.found[1:] = [max(flow // 2, self.excess[0]), self.ended_at_s]
        if evidence < ENDED:
            return self._end("The quiet hours are as quiet as before.")
        if self.unlearned < USUAL_AFTER_SLOTS:
            return None
        usual.add(flow, _least(slot))
        self.mean_ml_per_h += flow
        weeks = USUAL_AFTER_SLOTS // 168
        return self._end(
            f"It has flowed so for {weeks} weeks and counts as usual now; it may still be a leak."
        )

    def _end(self, explanation: str) -> Cleared | None:
        if not self.found:
            return None
        volume = self.volume()
        self.found, self.hours, self.excess = [], [], [0, 0]
        self.evidence = [0.0] * len(SIZES)
        return Cleared(volume=volume, explanation=explanation)


def _least(slot: Slot) -> int:
    """Return the flow under which all are the same: steps of the register tell no finer."""
    return max(LEAST_ML_PER_H, min(slot.step, MOST_LEAST_ML_PER_H))


def _density(deviate: float) -> float:
    """Return how likely an hour is so far from what the last one promised."""
    return LIKE_OTHERS * exp(-deviate * deviate / TWICE_LEFT) / SPREAD_LEFT + DENSITY_OF_TOO_LITTLE


RULE = NightFlow
