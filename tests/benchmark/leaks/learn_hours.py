# SPDX-License-Identifier: EUPL-1.2
"""Learns what hours of homes hold from the prior homes, and prints ``hour_prior.py``.

``python -m tests.benchmark.leaks.learn_hours > edge_gateway/leaks/hour_prior.py``
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from edge_gateway.leaks.hour_habit import BEFORE_L, CLASSES_L, HOURS_A_DAY
from tests.benchmark.leaks import daiad

# A clock may be wrong by hours at first; a home may be early or late.
NEIGHBOURS = (0.2, 0.5, 1.0, 0.5, 0.2)
OWN_NEIGHBOURS = (0.5, 1.0, 0.5)
HEAD = '''# SPDX-License-Identifier: EUPL-1.2
"""What an hour holds in other homes. Made by ``python -m tests.benchmark.leaks.learn_hours``.

Source: the prior homes of DAIAD trial A (CC BY-SA), {homes} homes, {hours} hours.
"""

# By hour of the day, the share of hours in each class of ``hour_habit.CLASSES_L``, in 1/10000.
OF_OTHERS = (
{of_others}
)
# By class of the hour before (``BEFORE_L``), how much likelier each class is than usual.
FOLLOWING = (
{following}
)'''


class Hours(NamedTuple):
    """The hours of one home: local hour of the day, litres, whether the one before adjoins."""

    hour: NDArray[np.int64]
    litres: NDArray[np.float64]
    adjoins: NDArray[np.bool_]


def of_home(home: daiad.History) -> Hours:
    """Return a home's hours: every reading that came 40 to 90 min after the one before."""
    zone = ZoneInfo(daiad.TIMEZONE)
    length_s = np.diff(home.read_at_s)
    kept = (length_s >= 2400) & (length_s <= daiad.METERED_S)
    middle_s = home.read_at_s[:-1] + length_s // 2
    hour = np.array([datetime.fromtimestamp(at_s, zone).hour for at_s in middle_s[kept].tolist()])
    return Hours(
        hour, np.diff(home.register_ml)[kept] / 1000, np.concatenate([[False], kept[:-1]])[kept]
    )


def of_others(homes: Sequence[Hours]) -> NDArray[np.float64]:
    """Return how likely each class is by hour; every home weighs the same."""
    counts = sum(_counted(home) / len(home.hour) for home in homes) * 8000
    smooth = _smoothed(counts, NEIGHBOURS) + 1
    return smooth / smooth.sum(axis=1, keepdims=True)


def following(homes: Sequence[Hours]) -> NDArray[np.float64]:
    """Return how much likelier than by the home's own hour each class is, by the hour before."""
    seen = np.full((len(BEFORE_L), len(CLASSES_L)), 2.0)
    expected = seen.copy()
    for home in homes:
        usual = _smoothed(_counted(home), OWN_NEIGHBOURS) + 0.05
        usual /= usual.sum(axis=1, keepdims=True)
        now = np.flatnonzero(home.adjoins)
        before = np.searchsorted(BEFORE_L, home.litres[now - 1], side="right") - 1
        np.add.at(seen, (before, _class(home.litres[now])), 1)
        np.add.at(expected, before, usual[home.hour[now]])
    return seen / expected


def _counted(home: Hours) -> NDArray[np.float64]:
    counts = np.zeros((HOURS_A_DAY, len(CLASSES_L)))
    np.add.at(counts, (home.hour, _class(home.litres)), 1)
    return counts


def _class(litres: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.searchsorted(CLASSES_L, litres, side="right") - 1


def _smoothed(counts: NDArray[np.float64], weights: Sequence[float]) -> NDArray[np.float64]:
    middle = len(weights) // 2
    return sum(w * np.roll(counts, place - middle, axis=0) for place, w in enumerate(weights))


def main() -> None:
    """Print the module."""
    homes = [of_home(home) for home in daiad.homes("prior")]
    shares = np.rint(of_others(homes) * 10_000).astype(int).clip(1)
    print(
        HEAD.format(
            homes=len(homes),
            hours=sum(len(home.hour) for home in homes),
            of_others="\n".join(f"    {tuple(row)}," for row in shares.tolist()),
            following="\n".join(f"    {tuple(row)}," for row in following(homes).round(2).tolist()),
        )
    )


if __name__ == "__main__":
    main()
