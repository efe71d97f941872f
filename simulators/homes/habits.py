# SPDX-License-Identifier: EUPL-1.2
"""What SIMDEUM leaves out and a leak rule meets: holidays, guests, gardens, pools, softeners.

No statistics of these are published for single homes. The figures are chosen by us so that each is
ordinary, and said here, so that a rule's false alarms on them can be judged.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.homes.draws import DAY_S, MINUTE_S, Draws, Flags, nothing
from simulators.homes.people import Person, person

YEAR_D = 365
HOLIDAY_D = (3, 16)
VISIT_D = (1, 8)
VISITORS = (1, 3)
SUMMER = (5, 9)  # first and last month that a garden is watered or a pool is in use
SIMDEUM_NIGHT_SHARE = 0.015  # of a person's use while they sleep

Days = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What a home does beside what SIMDEUM knows; per year where it is a number."""

    holidays: float = 2.0  # of 3 to 15 days
    visits: float = 3.0  # of 1 to 3 guests for 1 to 7 days
    night_share: float = SIMDEUM_NIGHT_SHARE
    sprinkler: bool = False  # 20 to 60 min at 8 to 16 l/min, every second summer day, by timer
    drip: bool = False  # 1 to 4 h at 20 to 60 l/h, every summer night, by timer
    pool: bool = False  # filled in May at 10 to 18 l/min for 8 to 24 h, topped up weekly
    softener: bool = False  # rinsed for 70 min at 2 in the night, every 3 to 7 days


ORDINARY = Habits()
SIMDEUM = Habits(holidays=0, visits=0)


def holiday_days(calendar: Days, habits: Habits, chance: np.random.Generator) -> Flags:
    """Return the days on which nobody is at home."""
    return _spells(len(calendar), habits.holidays, HOLIDAY_D, chance)


def guest_days(
    calendar: Days, habits: Habits, chance: np.random.Generator
) -> tuple[list[Person], Flags]:
    """Return guests, and the days on which they are there."""
    guests = [
        person("home_ad", "female", chance)
        for _ in range(int(chance.integers(*VISITORS, endpoint=True)))
    ]
    days = _spells(len(calendar), habits.visits, VISIT_D, chance)
    return (guests if days.any() else []), days


def extra_draws(
    calendar: Days, habits: Habits, is_away: Flags, chance: np.random.Generator
) -> Draws:
    """Return what the garden, the pool and the softener draw; timers don't know of holidays."""
    month = calendar.astype("datetime64[M]").astype(int) % 12 + 1
    summer = (month >= SUMMER[0]) & (month <= SUMMER[1])
    found = [nothing()]
    if habits.sprinkler:
        found.append(_timer(_every(summer, 2), (300, 1260), (20, 60), (133.0, 266.0), chance))
    if habits.drip:
        found.append(_timer(summer, (60, 1320), (60, 240), (5.6, 16.7), chance))
    if habits.pool:
        filling = np.zeros_like(summer)
        may = np.flatnonzero((month == SUMMER[0]) & ~is_away)
        filling[may[:1]] = True
        found.append(_timer(filling, (540,), (480, 1440), (167.0, 300.0), chance))
        found.append(_timer(_every(summer, 7), (600,), (10, 40), (167.0, 300.0), chance))
    if habits.softener:
        days = _every(np.ones_like(summer), int(chance.integers(3, 8)))
        for offset_min, length_min, ml_per_s in ((0, 10, 133.0), (10, 50, 17.0), (60, 10, 133.0)):
            flow = (ml_per_s, ml_per_s)
            lasts = (length_min, length_min)
            found.append(_timer(days, (120 + offset_min,), lasts, flow, chance))
    first, *others = found
    return first.joined(*others)


def _spells(
    days: int, a_year: float, length_d: tuple[int, int], chance: np.random.Generator
) -> Flags:
    """Return the days within spells that begin at random, so often a year."""
    within = np.zeros(days, bool)
    for begun in chance.integers(0, days, chance.poisson(a_year * days / YEAR_D)):
        within[begun : begun + int(chance.integers(*length_d))] = True
    return within


def _every(days: Flags, nth: int) -> Flags:
    return np.asarray(days & (np.arange(len(days)) % nth == 0))


def _timer(
    days: Flags,
    at_min: tuple[int, ...],
    length_min: tuple[int, int],
    ml_per_s: tuple[float, float],
    chance: np.random.Generator,
) -> Draws:
    """Return the same draw on each of these days: its minute, length and flow chosen once."""
    starts = np.flatnonzero(days) * DAY_S + int(chance.choice(at_min)) * MINUTE_S
    length_s = round(chance.uniform(*length_min) * MINUTE_S)
    flow = chance.uniform(*ml_per_s)
    return Draws(starts, np.full(len(starts), length_s), np.full(len(starts), flow))
