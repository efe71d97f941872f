# SPDX-License-Identifier: EUPL-1.2
"""The course of use within an hour: steady with ripples, or dealt out as single draws of water.

The hour's amount is given; the course only spreads it, so that history (which knows hours) and the
live dials (which know seconds) agree to the last millilitre.
"""

import random
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
RIPPLE = (70, 130)  # relative weight of a minute, percent


@dataclass(frozen=True, slots=True)
class Fixture:
    """What a person opens: how often beside the others, how much, how fast."""

    weight: int
    mean_ml: int
    ml_per_min: int


# Orders of size after: Blokker, Vreeburg, van Dijk (2010), Simulating residential water demand with
# a stochastic end-use model, J. Water Resour. Plann. Manage. 136(1): flows and volumes of end uses.
FIXTURES = {
    "domestic": (
        Fixture(36, 6_000, 7_500),  # toilet
        Fixture(44, 2_000, 6_000),  # tap
        Fixture(10, 48_000, 8_500),  # shower
        Fixture(8, 14_000, 9_000),  # washing machine, one filling
        Fixture(2, 90_000, 12_000),  # bath
    ),
    "public": (
        Fixture(40, 6_000, 5_000),  # toilet
        Fixture(45, 1_200, 4_000),  # basin
        Fixture(15, 12_000, 7_000),  # kitchen, cleaning
    ),
    "kitchen": (
        Fixture(60, 3_000, 5_000),  # tap
        Fixture(30, 5_000, 4_000),  # dishwasher, one filling
        Fixture(10, 15_000, 7_000),  # pot
    ),
    "industrial": (
        Fixture(60, 60_000, 12_000),  # washing, one cycle
        Fixture(30, 120_000, 20_000),  # tank filling
        Fixture(10, 20_000, 10_000),  # hose
    ),
}
MEAN_DRAW_ML = {
    course: sum(f.weight * f.mean_ml for f in fixtures) // sum(f.weight for f in fixtures)
    for course, fixtures in FIXTURES.items()
}


class Course:
    """A cumulative amount over one hour, linear between breakpoints, in integers throughout."""

    def __init__(self, offsets_ms: list[int], totals: list[int]) -> None:
        self._offsets_ms = offsets_ms  # growing from 0 to HOUR_MS
        self._totals = totals  # of the same length, never falling, from 0

    def used_by(self, offset_ms: int) -> int:
        """Return how much is used from the start of the hour to ``offset_ms`` into it."""
        at = min(bisect_right(self._offsets_ms, offset_ms), len(self._offsets_ms) - 1)
        start_ms, end_ms = self._offsets_ms[at - 1], self._offsets_ms[at]
        before, after = self._totals[at - 1], self._totals[at]
        return before + (after - before) * (offset_ms - start_ms) // (end_ms - start_ms)

    def per_hour(self, offset_ms: int) -> int:
        """Return the rate at ``offset_ms``, per hour."""
        at = min(bisect_right(self._offsets_ms, offset_ms), len(self._offsets_ms) - 1)
        span_ms = self._offsets_ms[at] - self._offsets_ms[at - 1]
        return (self._totals[at] - self._totals[at - 1]) * HOUR_MS // span_ms


def steady(amount: int, chance: random.Random) -> Course:
    """Spread ``amount`` over the minutes of the hour with ripples."""
    weights = list(accumulate((chance.randint(*RIPPLE) for _ in range(60)), initial=0))
    return Course(
        [minute * MINUTE_MS for minute in range(61)],
        [amount * weight // weights[-1] for weight in weights],
    )


def drawn(amount_ml: int, kind: str, chance: random.Random) -> Course:
    """Deal ``amount_ml`` out as draws of the fixtures of ``kind``; the last one takes the rest."""
    fixtures = FIXTURES[kind]
    draws = []
    left_ml = amount_ml
    while left_ml:
        fixture = chance.choices(fixtures, [f.weight for f in fixtures])[0]
        draw_ml = min(left_ml, fixture.mean_ml * chance.randint(60, 140) // 100)
        lasts_ms = max(1000, draw_ml * MINUTE_MS // fixture.ml_per_min)
        draws.append((chance.randrange(HOUR_MS - min(lasts_ms, HOUR_MS - 1)), lasts_ms, draw_ml))
        left_ml -= draw_ml
    edges_ms = {min(HOUR_MS, start + at) for start, lasts, _ in draws for at in (0, lasts)}
    offsets_ms = sorted(edges_ms | {0, HOUR_MS})
    return Course(offsets_ms, _totals(offsets_ms, draws))


def _totals(offsets_ms: list[int], draws: list[tuple[int, int, int]]) -> list[int]:
    return [
        sum(ml * min(max(offset - start, 0), lasts) // lasts for start, lasts, ml in draws)
        for offset in offsets_ms
    ]
