# SPDX-License-Identifier: EUPL-1.2
"""Sensors that owners buy: Flume and Phyn, whose rules time one uninterrupted draw.

Flume: water runs for two hours without a break; and, off by default, over 5 gpm for 15 minutes.
Phyn, low flow: an event of 20 minutes and 6 gallons; high flow: 3 minutes or 50 gallons. Its limits
are said to be learned again every day from the last three weeks; how is not published: ours is the
longest event seen in that time, if longer than the default. Nor is it said which flow is high: here
30 l/min, just under the 32 l/min at which it was timed. Their plumbing check by pressure is another
sensor, not compared. Sources: help.flumetech.com, Usage Alerts; Phyn's help centre.

A pause that breaks a draw off is longer than one step of the register takes at 6 l/h (Flume) and at
68 l/h (Phyn: 6 gallons in 20 minutes).
"""

from functools import partial

from tests.benchmark.leaks.readings import Flags, Ints, Readings
from tests.benchmark.leaks.rivals.rival import DAY_S, FINELY, Rival, episodes, flows, runs_s
from tests.benchmark.leaks.scoring import Episode

MINUTE_S = 60
GALLON_ML = 3785
FLUME_L_PER_H = 6.0
FLUME_S = 2 * 3600
FLUME_HIGH_L_PER_H = 5 * 60 * GALLON_ML / 1000
PHYN_ML = 6 * GALLON_ML
PHYN_S = 20 * MINUTE_S
PHYN_L_PER_H = PHYN_ML * 3.6 / PHYN_S
PHYN_HIGH_L_PER_H = 1800.0
PHYN_HIGH_ML = 50 * GALLON_ML
LEARN_S = 21 * DAY_S


def running(
    flow_l_per_h: float, for_s: int, readings: Readings, _learned: object, _threshold: float
) -> list[Episode]:
    """Raise when it has run for that long; clear when it stops."""
    steps = FINELY if flow_l_per_h == FLUME_HIGH_L_PER_H else 1
    flowing = flows(readings, flow_l_per_h, steps=steps)
    at_s = readings.read_at_s
    return episodes(at_s, runs_s(at_s, flowing) >= for_s, ~flowing)


def event(readings: Readings, learned: object, _threshold: float) -> list[Episode]:
    """Raise when a draw is longer and larger than allowed; clear when it ends."""
    longest_s, largest_ml = learned if isinstance(learned, tuple) else (0, 0)
    flowing = flows(readings, PHYN_L_PER_H)
    length_s, volume_ml = _draws(readings, flowing)
    too_long = (length_s >= max(PHYN_S, longest_s + 1)) & (
        volume_ml >= max(PHYN_ML, largest_ml + 1)
    )
    return episodes(readings.read_at_s, too_long, ~flowing)


def longest_draw(past: Readings) -> tuple[int, int]:
    """Return the longest and the largest draw of the last three weeks, in s and ml."""
    recent = past.between(int(past.read_at_s[-1]) - LEARN_S, int(past.read_at_s[-1]) + 1)
    length_s, volume_ml = _draws(recent, flows(recent, PHYN_L_PER_H))
    return int(length_s.max()), int(volume_ml.max())


def high_flow(readings: Readings, _learned: object, _threshold: float) -> list[Episode]:
    """Raise after three minutes of high flow, or 50 gallons of it; clear when it is lower."""
    high = flows(readings, PHYN_HIGH_L_PER_H, steps=FINELY)
    length_s, volume_ml = _draws(readings, high)
    raising = (length_s >= 3 * MINUTE_S) | (volume_ml >= PHYN_HIGH_ML)
    return episodes(readings.read_at_s, raising, ~high)


def _draws(readings: Readings, flowing: Flags) -> tuple[Ints, Ints]:
    """Return how long each draw has lasted so far and what it took; 0 between draws."""
    return runs_s(readings.read_at_s, flowing), runs_s(readings.register_ml, flowing)


_FLUME = "help.flumetech.com, Usage Alerts"
_PHYN = "Phyn, help centre: leak sensitivity"
_fine = partial(Rival, longest_interval_s=MINUTE_S, history_s=2 * DAY_S)
RIVALS = (
    _fine(name="Flume 2 h", source=_FLUME, alarms=partial(running, FLUME_L_PER_H, FLUME_S)),
    _fine(
        name="Flume high",
        source=_FLUME,
        alarms=partial(running, FLUME_HIGH_L_PER_H, 15 * MINUTE_S),
    ),
    _fine(name="Phyn low, default", source=_PHYN, alarms=event),
    _fine(name="Phyn low, learned", source=_PHYN, alarms=event, learn=longest_draw),
    _fine(name="Phyn high", source=_PHYN, alarms=high_flow),
)
