# SPDX-License-Identifier: EUPL-1.2
"""What is opened in a home: how often, how long, how far.

Source: the end-use tables of pysimdeum 1.0.1 (``data/NL/end_uses``), after Blokker et al. (2010).
Flows in ml/s, lengths in s, frequencies per person and day unless told. A length is log-normal
around its table's figure with a deviation of 1 in the logarithm, as there.
"""

from dataclasses import dataclass

import numpy as np

from simulators.homes.draws import DAY_S, MINUTE_S, MINUTES_A_DAY, Draws, Flags, Floats, Ints
from simulators.homes.people import Person

WC_A_DAY = {
    "child": (3.8, 5.4), "teen": (4.1, 5.1), "work_ad": (5.3, 6.8), "home_ad": (7.0, 7.0),
    "senior": (7.4, 6.8),
}  # fmt: skip
WC_ML_PER_S = 42.0
WC_KINDS = ((216, False, 0.333), (216, True, 0.222), (144, False, 0.111), (144, True, 0.334))
WC_SPARED = 0.70  # of flushes, where a flush can be halved
SHOWERS_A_DAY = {"child": 0.48, "teen": 0.67, "work_ad": 0.79, "home_ad": 0.79, "senior": 0.69}
SHOWER_MIN = {"child": 8, "teen": 11, "work_ad": 9, "home_ad": 9, "senior": 6}  # chi-square
SHOWER_ML_PER_S = (142.0, 123.0)  # half of the homes each
BATHS_A_DAY = {
    "child": 0.085714, "teen": 0.014286, "work_ad": 0.028571, "home_ad": 0.028571,
    "senior": 0.028571,
}  # fmt: skip
BATH_S, BATH_ML_PER_S = 600, 200.0
BASIN_A_DAY = 4.1
BASIN = ((1 / 3, 40, 83.0), (2 / 3, 15, 83.0))  # share, length, most flow: washing; brushing teeth
KITCHEN_A_DAY = ((10.1, 7.0), (12.7, 7.2), (12.8, 7.7), (13.1, 8.4), (13.5, 9.1))  # per home
KITCHEN = ((0.375, 15, 167.0), (0.25, 45, 250.0), (0.25, 13, 167.0), (0.125, 37, 167.0))
OUTSIDE_A_DAY = 0.44
OUTSIDE = ((0.75, 300, 200.0), (0.25, 15, 200.0))
WASHER_A_DAY = (0.32, 0.29, 0.29, 0.27, 0.29)  # by people in the home
WASHER_FILLS = ((0, 121), (3600, 60), (4920, 60), (6120, 60))  # s after the start, s
DISHWASHER_A_DAY = (0.2143, 0.2286, 0.1857, 0.2, 0.1429)
DISHWASHER_FILLS = ((0, 24), (1860, 24), (3660, 24), (5460, 12))
FILL_ML_PER_S = 1000 / 6
# Share of homes that have one, by people in the home.
HAS_BATH = (0.28, 0.45, 0.53, 0.54, 0.63)
HAS_WASHER = (0.92, 0.98, 0.98, 0.98, 0.98)
HAS_DISHWASHER = (0.40, 0.63, 0.76, 0.84, 0.78)
HAS_OUTSIDE = 0.58
# Relative use over the day, from midnight to midnight in equal steps, linear between.
WASHER_DAY = (34, 24, 17, 43, 41, 57, 57, 212, 290, 338, 392, 325, 226, 222, 200, 175, 124, 106,
              139, 185, 133, 165, 101, 147, 34)  # fmt: skip
DISHWASHER_DAY = (70, 49, 33, 69, 30, 19, 9, 37, 80, 52, 52, 45, 53, 78, 34, 44, 38, 101, 489, 390,
                  170, 185, 240, 574, 70)  # fmt: skip
KITCHEN_DAY = (
    4, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 4, 11, 15, 11, 0, 41, 72, 96, 180,
    180, 227, 229, 221, 155, 153, 155, 139, 91, 87, 68, 60, 38, 43, 42, 63, 61, 115, 158, 326, 214,
    251, 230, 237, 154, 117, 72, 59, 37, 38, 29, 40, 31, 44, 59, 131, 121, 214, 239, 453, 348, 462,
    423, 590, 393, 427, 336, 311, 176, 159, 104, 75, 40, 49, 33, 23, 24, 24, 27, 32, 22, 26, 18,
    21, 13, 12, 5, 0, 4,
)  # fmt: skip
MOST_PEOPLE = 5  # that the tables know

Kinds = tuple[tuple[float, int, float], ...]
Here = list[tuple[Person, Flags]]  # who, on which days


@dataclass(frozen=True, slots=True)
class Home:
    """What a home is furnished with, by the number of people it was built for."""

    people: int
    wc_s: int
    wc_spares: bool
    shower_ml_per_s: float
    has_bath: bool
    has_washer: bool
    has_dishwasher: bool
    has_outside: bool


def furnish(people: int, chance: np.random.Generator) -> Home:
    """Return what is in a home of so many people."""
    at = min(people, MOST_PEOPLE) - 1
    wc_s, spares, _ = WC_KINDS[int(chance.choice(4, p=[share for _, _, share in WC_KINDS]))]
    return Home(
        people=people,
        wc_s=wc_s,
        wc_spares=spares,
        shower_ml_per_s=SHOWER_ML_PER_S[int(chance.integers(2))],
        has_bath=bool(chance.random() < HAS_BATH[at]),
        has_washer=bool(chance.random() < HAS_WASHER[at]),
        has_dishwasher=bool(chance.random() < HAS_DISHWASHER[at]),
        has_outside=bool(chance.random() < HAS_OUTSIDE),
    )


def indoor_draws(
    home: Home, here: Here, weights: list[Floats], chance: np.random.Generator
) -> Draws:
    """Return every draw of these people; ``weights`` tells when each of them is likely to."""
    first, *others = [
        draws
        for (somebody, days), weight in zip(here, weights, strict=True)
        for draws in _personal(home, somebody, days, weight, chance)
    ]
    return first.joined(*others, *_shared(home, here, weights, chance))


def _personal(
    home: Home, somebody: Person, days: Flags, weights: Floats, chance: np.random.Generator
) -> list[Draws]:
    when = _Clock(weights, chance)
    gender = 0 if somebody.gender == "male" else 1
    flushes = when.starts(chance.poisson(WC_A_DAY[somebody.age][gender], len(days)) * days)
    halved = (chance.random(len(flushes)) < WC_SPARED) & home.wc_spares
    wc_s = np.where(halved, home.wc_s // 2, home.wc_s)
    showers = when.starts(chance.binomial(1, SHOWERS_A_DAY[somebody.age], len(days)) * days)
    minutes = np.rint(chance.chisquare(SHOWER_MIN[somebody.age], len(showers)))
    baths = when.starts(chance.poisson(BATHS_A_DAY[somebody.age], len(days)) * days * home.has_bath)
    basin = when.starts(chance.poisson(BASIN_A_DAY, len(days)) * days)
    return [
        Draws(flushes, wc_s, np.full(len(flushes), WC_ML_PER_S)),
        Draws(
            showers, (minutes * MINUTE_S).astype(int), np.full(len(showers), home.shower_ml_per_s)
        ),
        Draws(baths, np.full(len(baths), BATH_S), np.full(len(baths), BATH_ML_PER_S)),
        _taps(basin, BASIN, chance),
    ]


def _shared(
    home: Home, here: Here, weights: list[Floats], chance: np.random.Generator
) -> list[Draws]:
    """Return what a home draws together: kitchen, machines, garden; nothing while all are away."""
    present = sum((days.astype(int) for _, days in here), np.zeros(len(weights[0]), int))
    together = sum((w * days[:, None] for (_, days), w in zip(here, weights, strict=True)),
                   np.zeros_like(weights[0]))  # fmt: skip
    together[present == 0] = 1.0
    people = np.minimum(np.maximum(present, 1), MOST_PEOPLE) - 1
    lived_in = present > 0

    def starts(day: tuple[int, ...], counts: Ints) -> Ints:
        return _Clock(together * _minutes(day), chance).starts(counts * lived_in)

    mean, spread = np.array(KITCHEN_A_DAY)[people].T
    hits = mean / spread**2  # as SIMDEUM's authors put the negative binomial
    kitchen = starts(KITCHEN_DAY, chance.negative_binomial(hits * mean / (1 - hits), hits))
    draws = [_taps(kitchen, KITCHEN, chance)]
    if home.has_outside:
        garden = starts((1, 1), chance.poisson(OUTSIDE_A_DAY * present))
        draws.append(_taps(garden, OUTSIDE, chance))
    if home.has_washer:
        loads = chance.poisson(np.array(WASHER_A_DAY)[people] * present)
        draws.append(_machine(starts(WASHER_DAY, loads), WASHER_FILLS))
    if home.has_dishwasher:
        loads = chance.poisson(np.array(DISHWASHER_A_DAY)[people] * present)
        draws.append(_machine(starts(DISHWASHER_DAY, loads), DISHWASHER_FILLS))
    return draws


class _Clock:
    """Draws moments of days, a day's by its weights over the minutes."""

    def __init__(self, weights: Floats, chance: np.random.Generator) -> None:
        by_then = np.cumsum(weights, axis=1)
        by_then /= by_then[:, -1:]
        self._by_then = (by_then + np.arange(len(weights))[:, None]).ravel()
        self._chance = chance

    def starts(self, counts: Ints) -> Ints:
        """Return that many moments of each day, in s from the first midnight."""
        day = np.repeat(np.arange(len(counts)), counts)
        minute = np.searchsorted(self._by_then, day + self._chance.random(len(day)), side="right")
        # A draw of exactly 1 would fall on the next day's first minute: keep it in its own.
        minute = np.minimum(minute, (day + 1) * MINUTES_A_DAY - 1)
        seconds = self._chance.integers(0, MINUTE_S, len(day))
        return np.asarray(minute * MINUTE_S + seconds, np.int64)


def _taps(starts: Ints, kinds: Kinds, chance: np.random.Generator) -> Draws:
    """Return draws from a tap: each of one of these kinds, as long and as far as it happens."""
    shares = np.array([share for share, _, _ in kinds])
    which = chance.choice(len(kinds), len(starts), p=shares / shares.sum())
    typical_s = np.array([length for _, length, _ in kinds])[which]
    most = np.array([flow for _, _, flow in kinds])[which]
    length_s = chance.lognormal(np.log(typical_s) - 0.5, 1.0)
    return Draws(starts, length_s.astype(np.int64), most * chance.random(len(starts)))


def _machine(starts: Ints, fills: tuple[tuple[int, int], ...]) -> Draws:
    """Return the fillings of a machine that was started at these moments."""
    after = np.array([at for at, _ in fills])
    length_s = np.tile([length for _, length in fills], len(starts))
    begun = (starts[:, None] + after).ravel()
    return Draws(begun, length_s, np.full(len(begun), FILL_ML_PER_S))


def _minutes(day: tuple[int, ...]) -> Floats:
    """Return a day's course at each of its 1440 minutes."""
    at = np.linspace(0, DAY_S, len(day))
    return np.interp(np.arange(MINUTES_A_DAY) * MINUTE_S, at, day)
