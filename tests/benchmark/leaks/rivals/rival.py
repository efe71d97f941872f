# SPDX-License-Identifier: EUPL-1.2
"""What a rival is, and how flow is told from a register that moves in steps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.benchmark.leaks.readings import Flags, Ints, Readings
from tests.benchmark.leaks.scoring import Episode

HOUR_S = 3600
DAY_S = 24 * HOUR_S
ANY_INTERVAL_S = HOUR_S
FINELY = 10


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A rule with its source.

    ``alarms(readings, learned, threshold)`` returns its findings; ``learn(readings)`` what it takes
    from the weeks before. ``thresholds``, where it has no published one, are those to choose from,
    from the most to the least alarming.
    """

    name: str
    source: str
    alarms: Callable[[Readings, object, float], list[Episode]]
    learn: Callable[[Readings], object] = lambda _past: None
    thresholds: tuple[float, ...] = ()
    threshold: float = 0.0
    history_s: int = 4 * DAY_S  # of readings it looks back on
    longest_interval_s: int = ANY_INTERVAL_S  # between readings; beyond, it has no meaning


def episodes(at_s: Ints, raising: Flags, ending: Flags) -> list[Episode]:
    """Return what is raised where the one holds and stays until the other does."""
    found: list[Episode] = []
    raises, ends = np.flatnonzero(raising & ~ending), np.flatnonzero(ending)
    position = 0
    while (next_raise := np.searchsorted(raises, position)) < len(raises):
        raised = raises[next_raise]
        next_end = np.searchsorted(ends, raised)
        if next_end == len(ends):
            return [*found, Episode(int(at_s[raised]))]
        position = ends[next_end]
        found.append(Episode(int(at_s[raised]), int(at_s[position])))
    return found


def passed_ml(readings: Readings) -> Ints:
    """Return what passed between each reading and the one before; nothing before the first."""
    return np.diff(readings.register_ml, prepend=readings.register_ml[:1])


def flows(readings: Readings, least_l_per_h: float, *, steps: int = 1) -> Flags:
    """Tell at each reading whether no less than this has been flowing, as far as it can be told.

    One step of the register takes ``step / flow``: no shorter stretch can be judged, and one step
    more or less is chance. ``FINELY`` is for large flows: it looks back on ten steps, so that
    chance is a tenth.
    """
    back_s = max(readings.interval_s, steps * readings.step_ml * 3.6 / least_l_per_h)
    back = max(1, int(np.ceil(back_s / readings.interval_s)))
    length_s = _over(readings.read_at_s, back)
    volume_ml = _over(readings.register_ml, back)
    # At least a step: an allowance of one must not call a register flowing that stands still.
    needed_ml = np.maximum(least_l_per_h * length_s / 3.6 - readings.step_ml, 0)
    return volume_ml > needed_ml


def runs_s(at_s: Ints, holds: Flags) -> Ints:
    """Return for how long it has held at each reading; 0 where it does not."""
    last_not = np.maximum.accumulate(np.where(holds, 0, np.arange(len(at_s))))
    return np.where(holds, at_s - at_s[last_not], 0)


def whole_hours(readings: Readings) -> tuple[Ints, np.ndarray]:
    """Return the ends and litres of whole hours of the clock; readings an hour apart as they are.

    An hour with no reading at its end is filled evenly.
    """
    if readings.interval_s >= HOUR_S:
        return readings.read_at_s[1:], passed_ml(readings)[1:] / 1000
    first, last = readings.read_at_s[[0, -1]]
    edges_s = np.arange(-(-first // HOUR_S), last // HOUR_S + 1, dtype=np.int64) * HOUR_S
    litres = np.interp(edges_s, readings.read_at_s, readings.register_ml) / 1000
    return edges_s[1:], np.diff(litres)


def _over(grows: Ints, back: int) -> Ints:
    """Return by how much it grew over that many readings, fewer at the beginning."""
    earlier = np.concatenate((np.repeat(grows[:1], back), grows))[: len(grows)]
    return grows - earlier
