# SPDX-License-Identifier: EUPL-1.2
"""A reed contact: closes once per pulse, bounces at both ends, and picks up glitches.

Lengths are those of AC-25: bounce in bursts of up to 5 ms, glitches of 13 µs, and the 30 ms that an
S0 output (EN 62053-31) keeps at least.
"""

import random
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from simulators.meters.dial import Dial

Edge = tuple[int, int]  # time in µs, and the level from then on: 1 closed, 0 open

CLOSED_US = (32_000, 48_000)
OPEN_US = 35_000  # at least, between two closures
MAX_PULSES_PER_S = 1_000_000 // (CLOSED_US[1] + OPEN_US)
BOUNCES = (0, 6)
BOUNCE_US = (20, 400)  # open or closed; 6 * 2 * 400 < 5 ms
GLITCH_US = 13
GLITCH_AFTER_US = (12_000, 15_000)  # once the bouncing is over
GLITCHES_PER_PULSE = 0.25


class PulseInput(Protocol):
    """What a contact is wired to: the board's pulse input."""

    def feed(self, edges: Iterable[Edge]) -> None:
        """Take edges in order of time, all of them in the past."""


class Contact:
    """Closes once for every ``per_pulse`` that a dial shows."""

    def __init__(self, dial: Dial, per_pulse: int, seed: str) -> None:
        self._dial = dial
        self._per_pulse = per_pulse
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._input: PulseInput | None = None
        self._due: deque[list[Edge]] = deque()
        self._told = dial.shown // per_pulse
        self._free_us = 0

    @property
    def attached(self) -> bool:
        """Whether the contact is wired to an input."""
        return self._input is not None

    @property
    def pending(self) -> int:
        """Pulses that the dial shows and the input has not been given yet."""
        return self._dial.shown // self._per_pulse - self._told + len(self._due)

    def attach(self, pulse_input: PulseInput) -> None:
        """Wire the contact; what the dial showed before then stays untold."""
        self._input = pulse_input
        self._told = self._dial.shown // self._per_pulse

    def follow(self, now_us: int) -> None:
        """Begin a closure for each new pulse, and give the input those that are over."""
        if self._input is None:
            return
        pulses = self._dial.shown // self._per_pulse
        for _ in range(pulses - self._told):
            trace = closure(max(now_us, self._free_us), self._chance)
            self._due.append(trace)
            self._free_us = trace[-1][0] + OPEN_US
        self._told = pulses
        while self._due and self._due[0][-1][0] <= now_us:
            self._input.feed(self._due.popleft())


def closure(start_us: int, chance: random.Random) -> list[Edge]:
    """Return the edges of one pulse as an oscilloscope would see them."""
    release_us = start_us + chance.randint(*CLOSED_US)
    return [
        *_settling(start_us, 1, chance),
        *_glitch(start_us, 1, chance),
        *_settling(release_us, 0, chance),
        *_glitch(release_us, 0, chance),
    ]


def _settling(at_us: int, level: int, chance: random.Random) -> list[Edge]:
    edges = [(at_us, level)]
    for bounce in range(2 * chance.randint(*BOUNCES)):
        at_us += chance.randint(*BOUNCE_US)
        edges.append((at_us, level if bounce % 2 else 1 - level))
    return edges


def _glitch(settled_us: int, level: int, chance: random.Random) -> list[Edge]:
    if chance.random() >= GLITCHES_PER_PULSE:
        return []
    at_us = settled_us + chance.randint(*GLITCH_AFTER_US)
    return [(at_us, 1 - level), (at_us + GLITCH_US, level)]
