# SPDX-License-Identifier: EUPL-1.2
"""Burst: far more water than this meter ordinarily passes, for longer than any draw explains.

A one-sided CUSUM: the volume beyond an allowance is summed up, what stays under it is taken off
again, never below nothing; too large a sum raises. It reacts the faster the larger the excess,
whatever the interval between readings. Source: E. S. Page, Continuous Inspection Schemes,
Biometrika 41 (1954).

The allowance is the larger of 35 % of the meter's Q3 and 1400 l/h. Deployed rules look for less
flow for longer: Kamstrup BURST 5, 10 or 20 % of Q3 for 30 min, Flume over 1136 l/h for 15 min. We
ask for more and answer sooner. A bath tap runs at 900 l/h, bath and shower together at 1440 l/h:
1400 l/h is about what a home draws at its most. A building's main stays around 20 % of Q3 in the
morning.

The patience is how many litres beyond the allowance are let pass: 16 l at a home's meter (Q3 up to
2.5 m3/h), where a few taps opened at once reach any fraction of Q3 and a toilet cistern adds 9 l
in a minute; 4 l at a building's, a school's say; and one step of the register, for a step comes at
once whatever time its water took. So 32 l/min (1920 l/h) is raised
after 4 l / (520 l/h) = 28 s at a building's main with Q3 4 m3/h, and 118 s at a home's.

These figures are engineering judgement, checked on 100 simulated homes for a year each: 12 l would
have raised 11 times, 16 l 7 times, 25 l still 6 times, for a bath, a garden tap and a machine at
once (``python -m tests.benchmark.leaks.homes_tune --kind burst``). In a house the pipes would yield
less.

A main, of four households or more or, where nobody has told, with Q3 over 2.5 m3/h, learns too. The
allowance is at least 1.4 times the most that it held for a quarter of an hour (1.75 times in its
first 14 days), the patience at least four times the largest excess that came to nothing, and 100 l
where it is known to serve households. What is learned fades in half a year, and never from an
excess that still goes on. A finding that is over within 10 min teaches too, for nobody mends a pipe
so fast; one that lasts does not. Source: our measurement, ``python -m
tests.benchmark.leaks.burst_tune``, on 24 simulated mains each of 8, 24 and 48 homes, the same that
the margins were set by, 90 days after 28 of learning: 0, 0 and 2 alarms in 5.9 meter-years each. So
a burst shows at a main from about what it peaks at for a minute on: 32 l/min at 8 homes is found
within the hour in 97 %, after 18 min (median), 64 l/min at 24 after 7 min, 96 l/min at 48 after
5 min; 32 l/min at 24 homes in 8 %, at 48 in 1 %.

Limits. A burst under the allowance is not seen, so neither is 32 l/min at a main with Q3 above
5.5 m3/h until its ordinary use adds enough. A main of unknown households raises its first peaks,
for a school's burst has to be told on its first day, and learns by them. Filling a pool, a hydrant,
or an irrigation system over 1400 l/h looks just the same. Readings more than 10 min apart are gaps:
they neither raise nor clear.
"""

from dataclasses import dataclass
from typing import ClassVar

from edge_gateway.leaks.rules import STRETCHES
from edge_gateway.leaks.stretch import WATER, Meter, Stretch
from edge_gateway.leaks.verdict import Cleared, Raised

ALLOWANCE_OF_Q3 = 0.35
LEAST_ALLOWANCE_L_PER_H = 1400
HOME_Q3_L_PER_H = 2500
HOME_PATIENCE_ML = 16_000
BUILDING_PATIENCE_ML = 4_000
HOUSEHOLDS_PATIENCE_ML = 100_000
CALM_S = 300  # this long under the allowance, and it is over
GAP_S = 600
CONFIDENCE = 85
HOUR_S = 3600
LEAST_MAIN_HOUSEHOLDS = 4
HOLD_S = 900  # a flow of ordinary use is remembered when it was held for so long
FLOW_MARGIN_PER_CENT = 140
EXCESS_MARGIN_PER_CENT = 400
EARLY_FLOW_MARGIN_PER_CENT = 175
EARLY_HOLDS = 14 * 86_400 // HOLD_S
FADES_IN_S = 180 * 86_400
ENDS_BY_ITSELF_S = 600


@dataclass
class Burst:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "burst"
    group: ClassVar[str] = "burst"
    looks_at: ClassVar[str] = STRETCHES
    utilities: ClassVar[frozenset[str]] = frozenset({WATER})

    excess_ml: int = 0
    since_s: int = 0  # when the excess last began to grow from nothing
    passed_ml: int = 0  # since then
    watched_s: int = 0  # since then
    calm_s: int = 0
    is_open: bool = False
    top_ml: int = 0  # the largest excess since it was raised, or since the hold began
    # What a main has shown without a finding.
    hold_s: int = 0
    hold_ml: int = 0
    max_ml_per_h: int = 0  # over a hold
    peak_ml: int = 0  # the largest excess that came to nothing
    holds: int = 0

    def look(self, stretch: Stretch, meter: Meter) -> Raised | Cleared | None:
        """Raise when the excess outgrows the patience; clear after five calm minutes."""
        length_s = stretch.ended_at_s - stretch.started_at_s
        if length_s > GAP_S:
            self.hold_s = self.hold_ml = self.top_ml = 0
            return None
        is_main = serves_many(meter)
        if not self.excess_ml and not self.is_open:
            if stretch.amount * HOUR_S <= LEAST_ALLOWANCE_L_PER_H * 1000 * length_s:
                if is_main:
                    self._learn(stretch)
                return None  # as nearly always: under every meter's allowance
            self.since_s, self.passed_ml, self.watched_s = stretch.started_at_s, 0, 0
        self.passed_ml += stretch.amount
        self.watched_s += length_s
        allowance_l_per_h, patience = allowed_l_per_h(meter), patience_ml(meter)
        if is_main:
            allowance_l_per_h, patience = self._learned(allowance_l_per_h, patience)
        limit_ml = patience + stretch.step
        allowed_ml = allowance_l_per_h * 1000 * length_s // HOUR_S
        # Bounded, so that a long burst is not remembered for long once it is over.
        self.excess_ml = min(max(0, self.excess_ml + stretch.amount - allowed_ml), 2 * limit_ml)
        if self.is_open:
            return self._stay_or_clear(stretch, meter)
        if self.excess_ml < limit_ml:
            if is_main:
                self._learn(stretch)
            return None
        return self._raise(allowance_l_per_h, stretch.step)

    def volume(self) -> int:
        """Return all that has passed since the excess began: ordinary use is small beside it."""
        return self.passed_ml

    def _raise(self, allowance_l_per_h: int, step: int) -> Raised:
        self.is_open, self.calm_s, self.top_ml = True, 0, self.excess_ml
        self.hold_s = self.hold_ml = 0
        flow = self.passed_ml * HOUR_S // self.watched_s
        uncertain = step * HOUR_S // self.watched_s
        return Raised(
            started_at_s=self.since_s,
            flow=flow,
            flow_low=max(0, flow - uncertain),
            flow_high=flow + uncertain,
            volume=self.passed_ml,
            confidence=CONFIDENCE,
            explanation=(
                f"For {self.watched_s} s, {flow // 1000} l/h have passed: "
                "look for a burst pipe or an open hydrant."
            ),
            ordinary_use=(
                f"This meter ordinarily sees less than {allowance_l_per_h} l/h for any length of "
                "time: what a home draws at its most, with taps, bath and shower running at once, "
                "or, at a main, well over what it has held so far."
            ),
            clears_when=f"The flow stays ordinary for {CALM_S // 60} minutes.",
        )

    def _learned(self, allowance_l_per_h: int, patience: int) -> tuple[int, int]:
        """Return the allowance and the patience, at least these, by what the main has shown."""
        margin = FLOW_MARGIN_PER_CENT
        if self.holds < EARLY_HOLDS:
            margin = EARLY_FLOW_MARGIN_PER_CENT
        return (
            max(allowance_l_per_h, self.max_ml_per_h * margin // 100_000),
            max(patience, self.peak_ml * EXCESS_MARGIN_PER_CENT // 100),
        )

    def _learn(self, stretch: Stretch) -> None:
        """Remember the most that ordinary use has held, and the most beyond the allowance."""
        self.top_ml = max(self.top_ml, self.excess_ml)
        self.hold_s += stretch.length_s
        self.hold_ml += stretch.amount
        if self.hold_s < HOLD_S or self.excess_ml > 0:
            return
        self.max_ml_per_h -= self.max_ml_per_h * self.hold_s // FADES_IN_S
        self.peak_ml -= self.peak_ml * self.hold_s // FADES_IN_S
        self.max_ml_per_h = max(self.max_ml_per_h, self.hold_ml * HOUR_S // self.hold_s)
        self.peak_ml = max(self.peak_ml, self.top_ml)
        self.holds = min(self.holds + 1, EARLY_HOLDS)
        self.hold_s = self.hold_ml = self.top_ml = 0

    def _stay_or_clear(self, stretch: Stretch, meter: Meter) -> Cleared | None:
        self.top_ml = max(self.top_ml, self.excess_ml)
        self.calm_s = self.calm_s + stretch.length_s if self.excess_ml == 0 else 0
        if self.calm_s < CALM_S:
            return None
        self.is_open, flowed_s = False, self.watched_s - self.calm_s
        if serves_many(meter) and flowed_s <= ENDS_BY_ITSELF_S:
            held_ml_per_h = self.passed_ml * HOUR_S // max(flowed_s, HOLD_S)
            self.max_ml_per_h = max(self.max_ml_per_h, held_ml_per_h)
            self.peak_ml = max(self.peak_ml, self.top_ml)
        self.top_ml = 0
        return Cleared(
            volume=self.volume(),
            explanation=f"The flow has been ordinary again for {CALM_S // 60} minutes.",
        )


def allowed_l_per_h(meter: Meter) -> int:
    """Return the flow that ordinary use does not hold for long."""
    return max(LEAST_ALLOWANCE_L_PER_H, round(ALLOWANCE_OF_Q3 * meter.q3_l_per_h))


def patience_ml(meter: Meter) -> int:
    """Return the volume beyond the allowance that is let pass."""
    if meter.households is not None and serves_many(meter):
        return HOUSEHOLDS_PATIENCE_ML
    return HOME_PATIENCE_ML if meter.q3_l_per_h <= HOME_Q3_L_PER_H else BUILDING_PATIENCE_ML


def serves_many(meter: Meter) -> bool:
    """Return whether draws of many overlap at this meter; by its size, where nobody has told."""
    if meter.households is None:
        return meter.q3_l_per_h > HOME_Q3_L_PER_H
    return meter.households >= LEAST_MAIN_HOUSEHOLDS


RULE = Burst
