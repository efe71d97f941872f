# SPDX-License-Identifier: EUPL-1.2
"""Gas flow: gas that flows on where, with this much heating, it used to stop.

Method. For each of sixteen levels of flow, hours are gathered to windows in which the level turns
the register at least once. A window is *low* (less than the level makes), *near* (what the level
and next to no use make) or *high* (somebody heats or cooks, which says nothing about a leak).
Learned is how often a window that is not high is near: for this much heating, this quarter of the
day, and as the window before was low or near. A leak leaves no low windows, so each near one is
evidence, the stronger the rarer it used to be. It is added up for every level by Shiryaev and
Roberts: R <- (1 + R) e. Source: M. Pollak, Optimal Detection of a Change in Distribution, Annals
of Statistics 13 (1985). A pilot light leaves no low windows either, so it is learned as ordinary.
How much gas the last day took stands for the weather. Each finding that ends by itself makes the
rule slower to raise the next one, for some months: so it is calibrated meter by meter.

Limits. **Never a safety device**: it takes hours to days, and a dangerous leak can be smaller than
a pilot light (about 10 l/h; DVGW G 600 shuts an installation off at 5 l/h). A level that does not
turn the register once in sixteen hours is not seen, nor a leak that was there from the first day.
A boiler that runs day and night hides what is smaller than what it takes. An appliance that begins
to run day and night looks just the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import sqrt
from typing import ClassVar

from edge_gateway.leaks.rules import HOURS
from edge_gateway.leaks.slot import Slot
from edge_gateway.leaks.stretch import GAS, HOUR_S, Meter
from edge_gateway.leaks.table import Table
from edge_gateway.leaks.verdict import Cleared, Raised, Verdict

LEVELS_ML_PER_H = tuple(round(2500 * 2 ** (place / 2)) for place in range(16))  # 2.5 to 450 l/h
WINDOWS_H = (1, 2, 4, 8, 16)
# Levels are 1.41 apart: each leak is near at one of them, and a boiler that modulates, seldom
# near the same one twice. Of 1.25, 1.4, 1.5 and 2 the quietest on the tuning meters. Source: our
# measurement: python -m tests.benchmark.leaks.energies --tune
NEAR = 1.25
BLOCKS = 4  # of the day, six hours each
HEATING = (0.2, 0.5)  # shares of the most gas ever taken in a day: none below, some, much above
COMMONEST_STEP_ML = 10_000  # of a home's meter (G4); assumed while nothing has flowed
LEAST_PEAK_ML = 8_000_000  # a day's, of a home that heats: 84 kWh
DAY_H = 24
MISS = 0.02  # of a leak's windows that are low all the same: a pulse late, a regulator that locks
# How often a window is near, by heating, after a low one and after a near one: above what the
# tuning meters without a pilot light show (0.03 to 0.3), so that a first month stays quiet.
PRIOR = ((0.3, 0.8), (0.4, 0.9), (0.5, 0.95))
RARE_WINDOWS = 20  # low ones, until the meter tells what follows a near one
PRIOR_WINDOWS = 6  # the prior counts as so many windows,
MEAN_WINDOWS = 8  # the mean over the day as so many of one quarter of it
HALVED_AT = 250  # counts; older ones fade
THRESHOLD = 1e4
DOUBT = 4.0  # the threshold's factor for each finding that ended by itself,
DOUBT_FADES_S = 120 * 86_400
MOST_DOUBT = 6.0
STRONGEST = 8.0  # evidence of one window
CLEAR_H = 6
CONFIDENCE = 65
CONVINCING = 6
_CELLS = len(LEVELS_ML_PER_H) * (len(HEATING) + 1) * BLOCKS * 4


def _zeros(length: int) -> list[int]:
    return [0] * length


@dataclass
class GasFlow:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "gas_flow"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = HOURS
    utilities: ClassVar[frozenset[str]] = frozenset({GAS})

    ended_at_s: int = 0
    day_ml: int = 0  # of about the last day
    peak_ml: int = LEAST_PEAK_ML  # the most of ``day_ml``; fades over years
    window_s: list[int] = field(default_factory=lambda: _zeros(len(WINDOWS_H)))
    window_ml: list[int] = field(default_factory=lambda: _zeros(len(WINDOWS_H)))
    counts: Table = field(default_factory=lambda: Table(_CELLS))
    were_near: int = 0  # the windows before: a bit for each level
    scores: list[float] = field(default_factory=lambda: [0.0] * len(LEVELS_ML_PER_H))
    since_s: list[int] = field(default_factory=lambda: _zeros(len(LEVELS_ML_PER_H)))
    least_ml: list[int] = field(default_factory=lambda: _zeros(len(LEVELS_ML_PER_H)))
    recent: list[int] = field(default_factory=list)  # ml of the last hours
    doubt: float = 0.0
    level: int | None = None  # of what is open
    flow: int = 0
    began_at_s: int = 0
    low_h: int = 0  # of low windows beyond those that were near

    def look(self, slot: Slot, meter: Meter) -> Verdict | None:  # noqa: ARG002 - all rules' shape
        """Raise when the levels together are convinced; clear when the flow has stopped."""
        if slot.started_at_s != self.ended_at_s:
            self.window_s, self.window_ml = _zeros(len(WINDOWS_H)), _zeros(len(WINDOWS_H))
            self.recent = []
        self.ended_at_s = slot.ended_at_s
        self.recent = [*self.recent[1 - DAY_H :], slot.amount]
        for place, hours in enumerate(WINDOWS_H):
            self.window_s[place] += slot.length_s
            self.window_ml[place] += slot.amount
            if self.window_s[place] + slot.length_s // 2 >= hours * HOUR_S:
                self._judge(place, slot)
                self.window_s[place] = self.window_ml[place] = 0
        self._pass(slot)
        if self.level is not None:
            return self._stay_or_clear(self.level, slot)
        if sum(self.scores) < THRESHOLD * DOUBT**self.doubt * len(self.scores):
            return None
        return self._raise(slot)

    def volume(self) -> int:
        """Return what the flow makes since it began."""
        return self.flow * (self.ended_at_s - self.began_at_s) // HOUR_S

    def _pass(self, slot: Slot) -> None:
        """Let an hour of the day's use, of its peak and of doubt go."""
        faded = slot.length_s / (DAY_H * HOUR_S)
        self.day_ml = round(self.day_ml * max(0.0, 1 - faded)) + slot.amount
        self.peak_ml = max(round(self.peak_ml * (1 - faded / 1000)), self.day_ml, LEAST_PEAK_ML)
        self.doubt = round(self.doubt * (1 - slot.length_s / DOUBT_FADES_S), 6)

    def _judge(self, place: int, slot: Slot) -> None:
        """Weigh a full window at every level that is judged by windows of its length."""
        length_s, window_ml = self.window_s[place], self.window_ml[place]
        step = slot.step or COMMONEST_STEP_ML
        block = slot.hour * BLOCKS // 24
        for level in _levels(step)[place]:
            expected_ml = LEVELS_ML_PER_H[level] * length_s // HOUR_S
            if window_ml > NEAR * expected_ml + step:
                continue
            near = window_ml >= max(1, expected_ml // step * step)
            if self.level is None:
                self._weigh(level, near, block, slot, window_ml, length_s)
            elif level == self.level:
                self.low_h = max(0, self.low_h + (-1 if near else 1) * WINDOWS_H[place])
            self.were_near = self.were_near & ~(1 << level) | near << level

    def _weigh(
        self, level: int, near: bool, block: int, slot: Slot, window_ml: int, length_s: int
    ) -> None:
        if self.scores[level] < 1:
            self.since_s[level], self.least_ml[level] = slot.ended_at_s - length_s, window_ml
        elif near:
            self.least_ml[level] = min(self.least_ml[level], window_ml)
        after = self.were_near >> level & 1
        heating = self._heating(level)
        first = (level * (len(HEATING) + 1) + heating) * BLOCKS * 4 + 2 * after
        score = (1 + self.scores[level]) * self._evidence(first, heating, after, block, near)
        self.scores[level] = round(min(score, 1e12), 2)
        if not slot.is_leaking:
            self._learn(first + 4 * block, near)

    def _heating(self, level: int) -> int:
        """Return 0, 1 or 2 for none, some or much, were there a leak of this level."""
        heated_ml = self.day_ml - DAY_H * LEVELS_ML_PER_H[level]
        return sum(heated_ml > share * self.peak_ml for share in HEATING)

    def _evidence(self, first: int, heating: int, after: int, block: int, near: bool) -> float:
        """Return how much likelier this window is with a leak of this level than without."""
        mean = self._mean(first, self._prior(first, heating, after))
        low, near_here = self.counts[first + 4 * block], self.counts[first + 4 * block + 1]
        chance = (near_here + MEAN_WINDOWS * mean) / (low + near_here + MEAN_WINDOWS)
        return min((1 - MISS) / chance, STRONGEST) if near else MISS / max(1 - chance, MISS)

    def _prior(self, first: int, heating: int, after: int) -> float:
        """Return the prior chance; after a near window, nearer to 0 the rarer near ones are.

        A home whose windows are never near has no example of two in a row. What it was not shown
        in many low windows would else be believed to be common.
        """
        prior = PRIOR[heating][after]
        if not after:
            return prior
        lows = sum(self.counts[cell] for cell in range(first - 2, first - 2 + 4 * BLOCKS, 4))
        rare = sqrt(self._mean(first - 2, PRIOR[heating][0]))
        return (RARE_WINDOWS * prior + lows * rare) / (RARE_WINDOWS + lows)

    def _mean(self, first: int, prior: float) -> float:
        """Return the chance that a window is near, over all quarters of the day."""
        cells = range(first, first + 4 * BLOCKS, 4)
        lows = sum(self.counts[cell] for cell in cells)
        nears = sum(self.counts[cell + 1] for cell in cells)
        return (nears + PRIOR_WINDOWS * prior) / (lows + nears + PRIOR_WINDOWS)

    def _learn(self, cell: int, near: bool) -> None:
        self.counts[cell + near] += 1
        if self.counts[cell + near] >= HALVED_AT:
            self.counts[cell] //= 2
            self.counts[cell + 1] //= 2

    def _raise(self, slot: Slot) -> Raised:
        level = max(range(len(self.scores)), key=self.scores.__getitem__)
        hours = _hours(level, slot.step)
        least_ml = self.least_ml[level]
        self.level, self.low_h = level, 0
        self.flow = (least_ml + slot.step // 2) // hours
        self.began_at_s = self.since_s[level]
        self.scores = [0.0] * len(self.scores)
        days = (slot.ended_at_s - self.began_at_s) / (DAY_H * HOUR_S)
        return Raised(
            started_at_s=self.began_at_s,
            flow=self.flow,
            flow_low=least_ml // hours,
            flow_high=(least_ml + 2 * slot.step) // hours,
            volume=self.volume(),
            confidence=CONFIDENCE,
            explanation=(
                f"For {days:.1f} days gas has not stopped: at least {self.flow / 1000:.1f} l/h "
                "flow even in the quietest hours. If you smell gas, open the windows, leave and "
                "call the emergency number. Otherwise have the pipes and appliances checked; "
                "this is no safety device."
            ),
            ordinary_use=(
                "With this much heating and at these times of day this meter used to stop "
                "between uses; a pilot light would have been learned as ordinary."
            ),
            clears_when=f"Less than this flows in {_clears_after_h(hours)} hours, all told.",
            hours=self._quietest(slot),
        )

    def _quietest(self, slot: Slot) -> tuple[tuple[int, int], ...]:
        """Return the quietest of the last hours, oldest first."""
        oldest_s = slot.ended_at_s - len(self.recent) * HOUR_S
        quiet = sorted(range(len(self.recent)), key=self.recent.__getitem__)[:CONVINCING]
        return tuple((oldest_s + hour * HOUR_S, self.recent[hour]) for hour in sorted(quiet))

    def _stay_or_clear(self, level: int, slot: Slot) -> Cleared | None:
        if self.low_h < _clears_after_h(_hours(level, slot.step)):
            return None
        self.level = None
        self.doubt = min(self.doubt + 1, MOST_DOUBT)
        return Cleared(
            volume=self.volume(),
            explanation="Gas has stopped flowing between uses again.",
        )


@lru_cache(maxsize=64)
def _levels(step: int) -> Sequence[Sequence[int]]:
    """Return the levels judged by each length of window, for a register with these steps."""
    by_window: list[list[int]] = [[] for _ in WINDOWS_H]
    for level, ml_per_h in enumerate(LEVELS_ML_PER_H):
        for place, hours in enumerate(WINDOWS_H):
            if ml_per_h * hours >= step:
                by_window[place].append(level)
                break
    return by_window


def _hours(level: int, step: int) -> int:
    for place, levels in enumerate(_levels(step)):
        if level in levels:
            return WINDOWS_H[place]
    return WINDOWS_H[-1]  # the steps have changed since: another meter


def _clears_after_h(hours: int) -> int:
    return max(CLEAR_H, 2 * hours)


RULE = GasFlow
