# SPDX-License-Identifier: EUPL-1.2
"""Homes: the water use of one household, draw by draw, a year in a tenth of a second.

``household(seed, days, start)`` returns ml per minute; ``draws_of`` the single draws behind it, to
the second. Who lives there, when they are up, away and asleep, what they open, how often, how long
and how far, follows the published statistics of SIMDEUM. Source: Blokker, Vreeburg, van Dijk,
Simulating residential water demand with a stochastic end-use model, J. Water Resour. Plann. Manage.
136(1), 2010; its tables as ``pysimdeum`` 1.0.1 (KWR) ships them. The code is our own; that its
figures agree with pysimdeum's is printed by ``python -m tests.benchmark.leaks.homes_check``.

Beyond SIMDEUM, by choice (``Habits``): holidays, guests, restless nights, irrigation, a pool, a
water softener. Days are local and have 24 hours: clocks that change are the reader's business.

Limits. Dutch homes of the 2000s. A person keeps half of the spread of their hours for life and
draws the other half every day: an assumption, SIMDEUM says nothing of one person's regularity.
"""

from datetime import date

import numpy as np

from simulators.homes.draws import DAY_S, Draws, per_minute
from simulators.homes.end_uses import furnish, indoor_draws
from simulators.homes.habits import ORDINARY, Habits, extra_draws, guest_days, holiday_days
from simulators.homes.people import move_in, presence

__all__ = ["ORDINARY", "Draws", "Habits", "draws_of", "household"]

SATURDAY = 5


def household(
    seed: int, days: int, start: date, habits: Habits = ORDINARY
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the use of one home in ml per minute, ``days`` x 1440 of them, local time."""
    return per_minute(draws_of(seed, days, start, habits), days)


def draws_of(seed: int, days: int, start: date, habits: Habits = ORDINARY) -> Draws:
    """Return every draw of water in that time, in no order."""
    chance = np.random.default_rng(seed)
    people = move_in(chance)
    home = furnish(len(people), chance)
    calendar = np.datetime64(start) + np.arange(days)
    is_weekend = (calendar.astype("datetime64[D]").view("int64") + 3) % 7 >= SATURDAY
    is_away = holiday_days(calendar, habits, chance)
    guests, has_guests = guest_days(calendar, habits, chance)
    has_guests &= ~is_away
    here = [(person, ~is_away) for person in people] + [(guest, has_guests) for guest in guests]
    asleep = habits.night_share
    weights = [presence(person, is_weekend, asleep, chance) for person, _ in here]
    indoors = indoor_draws(home, here, weights, chance)
    outdoors = extra_draws(calendar, habits, is_away, chance)
    return indoors.joined(outdoors).until(days * DAY_S)
