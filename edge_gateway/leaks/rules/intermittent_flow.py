# SPDX-License-Identifier: EUPL-1.2
"""Intermittent flow: the same amount again and again, as evenly as a clock.

A toilet whose valve seeps refills 6 l every half an hour; a drip moves the register by one step
every quarter of an hour. People don't: what they draw comes at odd times. So the rule need not wait
for a night: it looks whether the draw that has just ended continues a chain of equal draws at equal
distances (``chain``). Other use between the links does not matter, and a link may drown in a larger
draw.

A chain is judged by how likely chance has put a draw at each of its links: 1 - exp(-rate x width),
where the rate is that of this home's draws at that hour, or of the other draws during the chain if
they were more. The product over the links, as a power of ten, must reach ``RAISE_AT``, and the
links ``LEAST_LINKS``: a dishwasher fills four times at equal distances. Both are our measurement,
on simulated homes: ``python -m tests.benchmark.leaks.homes_tune``. The method is our own. That a
chain lasts ``LEAST_S`` at least is caution: machines that rinse are not all in the simulation.

Limits. It needs readings at least four times as often as the draws come: a minute's, for drips of
up to 7 l/h at 1 l. Larger ones, and finer registers, leave no pause: they are for ``floor_flow``.
It can't see whether one step of the register came as a drip or at once. What is dosed or refilled
by a clock (an ice maker, animals' troughs) looks the same, and a drip line in the garden is a drip:
such homes hear of it on summer nights until their owner has said what it is. More than three
households draw too often for chains to mean anything.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from edge_gateway.leaks.chain import DRIFT, Chain, Draw, longest_chain
from edge_gateway.leaks.rules import STRETCHES
from edge_gateway.leaks.stretch import HOUR_S, WATER, Meter, Stretch
from edge_gateway.leaks.table import Table
from edge_gateway.leaks.verdict import Cleared, Raised

MAX_HOUSEHOLDS = 3  # judged
RAISE_AT = 4.5  # a power of ten
LEAST_LINKS = 4
LEAST_S = HOUR_S
# Without a link for so many distances, and so long, it is over: in the evening links drown.
CLEAR_AFTER, CLEAR_AFTER_S = 6, 2 * HOUR_S
KEPT_DRAWS = 28
GAP_S = 1800  # a longer stretch may hide a draw: what came before it is no longer known
UNIT_S = 10  # in which draws are remembered
HOURS_A_DAY = 24
RATE_UNIT = 256  # of a draw an hour
MEMORY_SHIFT = 4  # a rate is the mean of about 16 days
USUAL_RATE = 330  # of a simulated home, over all hours, until it is known better
WATCHED = 0.9  # of the hours that count
CONFIDENCE = 90
SHOWN = 6


def _usual_rates() -> Table:
    return Table(0, 16, [USUAL_RATE] * HOURS_A_DAY)


def _no_draws() -> Table:
    return Table(3 * KEPT_DRAWS, 16)


@dataclass
class IntermittentFlow:
    """What the rule remembers of one meter."""

    kind: ClassVar[str] = "intermittent_flow"
    group: ClassVar[str] = "leak"
    looks_at: ClassVar[str] = STRETCHES
    utilities: ClassVar[frozenset[str]] = frozenset({WATER})

    # Of each draw, the oldest first: since the start of the one before, its length, its steps.
    book: Table = field(default_factory=_no_draws)
    rates: Table = field(default_factory=_usual_rates)  # of draws, by hour of the day, UTC
    begun_at_s: int = 0  # of the draw that is running, or was the last
    ended_at_s: int = 0
    amount: int = 0  # of the draw that is running
    reading_s: int = 0  # between readings, at the most these days
    hour: int = 0  # since 1970, that is being counted
    counted: int = 0  # draws in it
    watched_s: int = 0
    is_open: bool = False
    every_s: int = 0  # of the chain that was found
    link_at_s: int = 0
    draw: int = 0  # amount of a link by itself
    link: int = 0  # amount from one to the next
    lost: int = 0

    def look(self, stretch: Stretch, meter: Meter) -> Raised | Cleared | None:
        """Raise when a draw has ended that completes a chain; clear when links stay away."""
        length_s = stretch.ended_at_s - stretch.started_at_s
        if length_s > GAP_S:
            self.book, self.amount, self.begun_at_s = _no_draws(), 0, stretch.ended_at_s
            self.link_at_s += length_s
            return None
        self.watched_s += length_s
        if length_s > self.reading_s:
            self.reading_s = length_s
        if stretch.amount:
            if not self.amount:
                self._begin(stretch)
            self.amount += stretch.amount
            self.ended_at_s = stretch.ended_at_s
            return None
        if self.amount:
            return self._judge(stretch, meter)
        if self.is_open and self._is_over(stretch.ended_at_s):
            return self._end("The draws have stopped coming at equal distances.")
        return None

    def volume(self) -> int:
        """Return what the links drew."""
        return self.lost

    def _begin(self, stretch: Stretch) -> None:
        """Note that a draw begins; count it, and keep the hour's count if that is full."""
        hour = stretch.started_at_s // HOUR_S
        if hour != self.hour:
            self._learn(hour)
        self.counted += 1
        distance = stretch.started_at_s // UNIT_S - self.begun_at_s // UNIT_S
        self.begun_at_s = stretch.started_at_s
        for figure in (distance, 0, 0):
            self.book.push(figure)

    def _learn(self, hour: int) -> None:
        """Move the rates of the hours since the last draw towards what was counted."""
        if self.watched_s >= WATCHED * HOUR_S * (hour - self.hour) and not self.is_open:
            for one in range(max(self.hour, hour - HOURS_A_DAY), hour):
                seen = self.counted * RATE_UNIT if one == self.hour else 0
                place = one % HOURS_A_DAY
                self.rates[place] += (seen - self.rates[place]) >> MEMORY_SHIFT
        self.hour, self.counted, self.watched_s = hour, 0, 0

    def _judge(self, stretch: Stretch, meter: Meter) -> Raised | None:
        """Put the draw that has just ended into the book; look whether it completes a chain."""
        amount, self.amount = self.amount, 0
        last = 3 * KEPT_DRAWS
        self.book[last - 2] = (self.ended_at_s - self.begun_at_s) // UNIT_S
        self.book[last - 1] = steps = amount // stretch.step if stretch.step else 0
        if self.is_open:
            self._renew(amount)
            return None
        if meter.households is not None and meter.households > MAX_HOUSEHOLDS:
            return None
        if not steps:
            return None
        chain = longest_chain(self._draws(), self.reading_s, self._rate)
        # A change of the node's interval is forgotten within some draws.
        self.reading_s -= (self.reading_s - stretch.length_s) // 8
        lasted_s = self.begun_at_s - chain.started_at_s
        if chain.links < LEAST_LINKS or chain.score < RAISE_AT or lasted_s < LEAST_S:
            return None
        return self._raise(chain, stretch.step)

    def _draws(self) -> list[Draw]:
        """Return the draws of the book, the oldest first."""
        draws: list[Draw] = []
        started_at = self.begun_at_s // UNIT_S
        book = self.book.part(0, 3 * KEPT_DRAWS)
        for distance, length, steps in zip(book[-3::-3], book[-2::-3], book[-1::-3], strict=True):
            if not steps:
                break
            started_at_s = started_at * UNIT_S
            draws.append(Draw(started_at_s, started_at_s + length * UNIT_S, steps))
            started_at -= distance
        draws.reverse()
        return draws

    def _rate(self, at_s: int) -> float:
        return self.rates[at_s // HOUR_S % HOURS_A_DAY] / RATE_UNIT

    def _raise(self, chain: Chain, step: int) -> Raised:
        self.is_open = True
        self.every_s, self.link_at_s = round(chain.every_s), self.begun_at_s
        self.draw, self.link = chain.draw_steps * step, chain.steps * step
        self.lost = self.link * (chain.links + 1)
        flow = round(self.link * HOUR_S / chain.every_s)
        # All links together are right to one step.
        unsure = round(step * HOUR_S / chain.every_s / chain.links)
        every_min = round(chain.every_s / 60)
        shown = range(min(SHOWN, chain.links + 1))
        is_even = self._is_even(step)
        cause = "something that drips or leaks" if is_even else "a toilet that refills by itself"
        return Raised(
            started_at_s=chain.started_at_s,
            flow=flow,
            flow_low=max(0, flow - unsure),
            flow_high=flow + unsure,
            volume=self.lost,
            confidence=CONFIDENCE,
            explanation=(
                f"{chain.links + 1} times, every {every_min} minutes, {self.link / 1000:g} l have "
                f"passed: look for {cause}."
            ),
            ordinary_use=(
                f"People don't draw water as evenly as a clock: {chain.links} equal distances are "
                f"less likely by chance than one in {10 ** int(chain.score)}."
            ),
            clears_when=f"No such draw comes for {self._patience_s() // HOUR_S} hours.",
            hours=tuple(
                (round(self.begun_at_s - back * chain.every_s), self.link)
                for back in reversed(shown)
            ),
            kind="floor_flow" if is_even else None,
        )

    def _is_even(self, step: int) -> bool:
        """Return whether what comes evenly is no refill, as far as can be told.

        One or two steps at a time, it is just how a register shows an even flow; and what runs for
        most of the time is a flow that the readings cut into pieces.
        """
        runs_s = self.ended_at_s - self.begun_at_s
        return self.link <= 2 * step or 2 * runs_s > self.every_s

    def _renew(self, amount: int) -> None:
        """Count the draw if it is a link of the chain, perhaps after some that drowned."""
        since_s = self.begun_at_s - self.link_at_s
        links = round(since_s / self.every_s)
        off_s = abs(since_s - links * self.every_s)
        if links and off_s <= self.reading_s + DRIFT * since_s and amount >= self.draw:
            self.link_at_s = self.begun_at_s
            self.lost += links * self.link

    def _is_over(self, now_s: int) -> bool:
        return now_s - self.link_at_s > self._patience_s()

    def _patience_s(self) -> int:
        return max(CLEAR_AFTER * self.every_s, CLEAR_AFTER_S)

    def _end(self, explanation: str) -> Cleared:
        volume = self.lost
        self.is_open, self.every_s, self.draw, self.link, self.lost = False, 0, 0, 0, 0
        self.book = _no_draws()
        return Cleared(volume=volume, explanation=explanation)


RULE = IntermittentFlow
