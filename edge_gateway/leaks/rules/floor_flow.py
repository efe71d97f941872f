# SPDX-License-Identifier: EUPL-1.2
"""Floor flow: a home that no longer stands still for as long as it used to at this hour.

Between draws a home's meter stands still: for minutes in the evening, for hours at night. Under a
leak of q it is never still for longer than one step of the register takes, 12 min for 5 l/h at 1 l;
under a toilet that refills every 36 min, never for longer than that. For each of nine lengths the
rule asks of every quarter of an hour: was it without any stillness longer than this? And weighs the
answer: a leak of that size says yes with 99 %; this home, at this hour, with what was learned of
it. The product of these ratios, restarted at every moment that a leak may have begun, summed over
the moments (Shiryaev and Roberts), averaged over the lengths, raises when it exceeds ``RAISE_AT``.
Source of the statistic: Shiryaev (1963), On optimum methods in quickest detection problems, Theory
Probab. Appl. 8; its use with learned alternatives: Shin, Ramdas, Rinaldo (2024), E-detectors.

What is learned, by two hours of the day: of the quarters that followed one without so long a
stillness, how many were so themselves. Counts halve at 255, so the last two months or so decide.
Before that the home is taken for one of those in ``still_prior``, each hour as restless as any
within three hours of it, for a clock may be wrong. Quarters within a finding teach nothing, nor do
suspect ones.

``RAISE_AT`` is our measurement, on simulated homes: ``python -m tests.benchmark.leaks.homes_tune``.

Limits. More than three households are never all still, so it does not judge those. It waits for a
time at which the home would have been still. Guests, a fever, a baby are as restless as a leak: the
threshold is set so that they seldom suffice. What runs evenly by intention (a drip line, a
humidifier) is found as well. A leak under the starting flow of the meter does not exist for it.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from edge_gateway.leaks.rules import QUARTERS
from edge_gateway.leaks.slot import QUARTER_S, Slot
from edge_gateway.leaks.still_prior import HOURS_A_DAY, STILL_S, busy_percent
from edge_gateway.leaks.stretch import HOUR_S, WATER, Meter
from edge_gateway.leaks.table import Table
from edge_gateway.leaks.verdict import Cleared, Raised

MAX_HOUSEHOLDS = 3  # judged; beyond, somebody is usually up
RAISE_AT = 100_000
# What is believed in at the most: so a leak that ended is over after a few still quarters.
MOST = 100 * RAISE_AT
SUSPECT = 50  # from here on quarters teach nothing
CLEAR_BELOW = 1
TOGETHER_H = 2  # hours of the day that are learned as one, to remember less
MISS = 0.01  # a leak of that size is still for longer after all: a starting flow, a late reading
PRIOR_WEIGHT = 15  # quarters; as many of its own weigh as much
# Nothing learned is surer than that; so no flow is called a leak within two hours (Flume's time).
LEAST_BUSY, MOST_BUSY = 0.2, 0.995
FULL = 255
ONE = 1_000  # the statistic is kept in thousandths
GRAIN_QUARTERS = 4  # read at another grain in a row: not lost telegrams, but another interval
KEPT_QUARTERS = 6 * HOUR_S // QUARTER_S
CONFIDENCE = 90
SIZES = range(len(STILL_S))


def _weights() -> list[int]:
    return [0] * len(STILL_S)


@dataclass
class FloorFlow:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "floor_flow"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = QUARTERS
    utilities: ClassVar[frozenset[str]] = frozenset({WATER})

    # By hours and length: quarters after a busy one; and how many of these were busy too.
    learned: Table = field(
        default_factory=lambda: Table(2 * HOURS_A_DAY // TOGETHER_H * len(STILL_S))
    )
    weights: list[int] = field(default_factory=_weights)  # the statistic, by length
    busy: list[int] = field(default_factory=_weights)  # quarters in a row, by length
    recent: list[int] = field(default_factory=list)  # amounts of the latest quarters, without gaps
    ended_at_s: int = 0
    grain_s: int = 0  # between readings
    odd: int = 0  # quarters in a row that were not read so
    is_open: bool = False
    flow: int = 0
    lost: int = 0

    def look(self, slot: Slot, meter: Meter) -> Raised | Cleared | None:
        """Raise when stillness has been missing for too long for chance; clear when it is back."""
        if meter.households is not None and meter.households > MAX_HOUSEHOLDS:
            return self._end(f"{meter.households} homes share this meter: it is no longer judged.")
        follows = self._take(slot)
        teaches = not slot.is_leaking and sum(self.weights) < SUSPECT * ONE * len(STILL_S)
        total = self._weigh(slot, follows, teaches)
        if self.is_open:
            self.lost += min(slot.amount, self.flow * slot.length_s // HOUR_S + slot.step)
            if total < CLEAR_BELOW * ONE * len(STILL_S):
                return self._end("The meter stands still again for as long as it used to.")
        elif total >= RAISE_AT * ONE * len(STILL_S):
            return self._raise(slot)
        return None

    def volume(self) -> int:
        """Return what the least hour's flow makes of the time since it began."""
        return self.lost

    def _take(self, slot: Slot) -> bool:
        """Take note of the quarter; return whether it follows the one before, read as often."""
        follows = slot.started_at_s == self.ended_at_s
        self.ended_at_s = slot.ended_at_s
        grain_s = slot.longest_s
        if self.grain_s <= 2 * grain_s <= 4 * self.grain_s:
            self.odd = 0
        else:
            # Seen more coarsely, the same home stands still less often: this quarter can't be
            # compared with others, and once the interval is another one, all is learned anew.
            follows, self.odd = False, self.odd + 1
            if not self.grain_s or self.odd >= GRAIN_QUARTERS:
                self.learned = Table(len(self.learned))
                self.grain_s, self.odd = grain_s, 0
        if not follows:
            self.recent = []
        elif len(self.recent) >= KEPT_QUARTERS:
            del self.recent[: 1 - KEPT_QUARTERS]
        self.recent.append(slot.amount)
        return follows

    def _weigh(self, slot: Slot, follows: bool, teaches: bool) -> int:
        """Add what the quarter tells about each length; return the sum over all."""
        row = slot.hour // TOGETHER_H * len(STILL_S)
        for size, length_s in enumerate(STILL_S):
            is_busy = slot.still_s <= length_s
            run, weight = self.busy[size], self.weights[size]
            if not (is_busy or run or weight):
                continue  # the home is still, and was: nothing to weigh
            if follows and run:
                expected = self._expected(row + size, slot.hour, size)
                ratio = (1 - MISS) / expected if is_busy else MISS / (1 - expected)
                self.weights[size] = min(int((ONE + weight) * ratio), MOST * ONE)
                if teaches:
                    self._learn(row + size, is_busy)
            elif not is_busy:
                self.weights[size] = int(weight * MISS)
            self.busy[size] = run + 1 if is_busy else 0
        return sum(self.weights)

    def _expected(self, place: int, hour: int, size: int) -> float:
        """Return how likely this home is to go on without so long a stillness, at this hour."""
        seen, busy = self.learned[2 * place], self.learned[2 * place + 1]
        prior = busy_percent(hour, STILL_S[size] + self.grain_s) * PRIOR_WEIGHT / 100
        return min(max((busy + prior) / (seen + PRIOR_WEIGHT), LEAST_BUSY), MOST_BUSY)

    def _learn(self, place: int, is_busy: bool) -> None:
        seen, busy = self.learned[2 * place] + 1, self.learned[2 * place + 1] + is_busy
        if seen == FULL:
            seen, busy = seen // 2, busy // 2
        self.learned[2 * place], self.learned[2 * place + 1] = seen, busy

    def _raise(self, slot: Slot) -> Raised:
        size = max(SIZES, key=self.weights.__getitem__)
        run = self.busy[size]
        hours = _hours(self.recent[-run:], slot)
        least = self._least_flow(slot, run)
        self.is_open, self.flow = True, least
        self.lost = least * run * slot.length_s // HOUR_S
        expected = self._expected(slot.hour // TOGETHER_H * len(STILL_S) + size, slot.hour, size)
        return Raised(
            started_at_s=slot.ended_at_s - run * slot.length_s,
            flow=least,
            flow_low=max(0, least - slot.step),
            flow_high=least + slot.step,
            volume=self.lost,
            confidence=CONFIDENCE,
            explanation=(
                f"For {run * slot.length_s / HOUR_S:.1f} hours the meter has never stood still for "
                f"more than {STILL_S[size] // 60} minutes, and {least / 1000:.1f} l/h flowed when "
                "least did: look for a leak, a dripping tap or a running toilet."
            ),
            ordinary_use=(
                f"At this hour, {100 - round(100 * expected)} of 100 quarters of an hour "
                f"ordinarily bring a longer stillness; here {run} have passed without one."
            ),
            clears_when="The meter stands still again for as long as it used to at that hour.",
            hours=hours,
        )

    def _least_flow(self, slot: Slot, run: int) -> int:
        """Return the flow of the hour that passed least, of the latest quarters."""
        amounts = self.recent[-run:]
        width = min(_an_hour(slot), len(amounts))
        least = min(sum(amounts[at : at + width]) for at in range(len(amounts) - width + 1))
        return least * HOUR_S // (width * slot.length_s)

    def _end(self, explanation: str) -> Cleared | None:
        was_open, volume = self.is_open, self.lost
        self.weights, self.is_open, self.flow, self.lost = _weights(), False, 0, 0
        return Cleared(volume=volume, explanation=explanation) if was_open else None


def _an_hour(slot: Slot) -> int:
    """Return how many slots make about an hour: of readings every 10 min, each is one."""
    return max(1, round(HOUR_S / slot.length_s))


def _hours(amounts: list[int], slot: Slot) -> tuple[tuple[int, int], ...]:
    """Return the last six hours that these slots make, or what there is of one; the last is now."""
    width = _an_hour(slot)
    first = len(amounts) % width if len(amounts) > width else 0
    whole = [
        (slot.ended_at_s - (len(amounts) - at) * slot.length_s, sum(amounts[at : at + width]))
        for at in range(first, len(amounts), width)
    ]
    return tuple(whole[-6:])


RULE = FloorFlow
