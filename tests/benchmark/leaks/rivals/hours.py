# SPDX-License-Identifier: EUPL-1.2
"""Rules on whole hours: Badger's AquaCUE and EyeOnWater, and Unitywater's.

Badger: at least a gallon in each of 24 consecutive hours. Unitywater: more than 500 l a day without
a break for 48 hours, so 20.8 l in every hour. Sources: the vendors' help pages; Unitywater's
report on its leak notices.
"""

from functools import partial

from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.rival import DAY_S, HOUR_S, Rival, episodes, runs_s, whole_hours
from tests.benchmark.leaks.scoring import Episode

GALLON_L = 3.785
UNITYWATER_L = 500 / 24


def every_hour(
    least_l: float, hours: int, readings: Readings, _learned: object, _threshold: float
) -> list[Episode]:
    """Raise after so many hours with that much each; clear after one with less."""
    ended_at_s, litres = whole_hours(readings)
    if not len(ended_at_s):
        return []
    enough = litres >= least_l
    # Half an hour's grace, for hourly readings wander.
    length_s = runs_s(ended_at_s, enough) + HOUR_S / 2
    return episodes(ended_at_s, length_s >= hours * HOUR_S, ~enough)


RIVALS = (
    Rival(
        name="Badger",
        source="Badger Meter, EyeOnWater help: continuous flow",
        alarms=partial(every_hour, GALLON_L, 24),
    ),
    Rival(
        name="Unitywater",
        source="Unitywater, leak notices to customers",
        alarms=partial(every_hour, UNITYWATER_L, 48),
        history_s=6 * DAY_S,
    ),
)
