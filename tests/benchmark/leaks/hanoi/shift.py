# SPDX-License-Identifier: EUPL-1.2
"""A network's inflow taken apart: its ordinary week, times a scale, plus a shift.

Season and weather stretch the week as a whole; a leak adds nearly the same to each hour. So the
last day's hours are fitted with scale x week + shift, by least squares after division by the week
(noise grows with flow). A shift beyond its own noise is a leak; it may grow as slowly as it likes.
Source: ordinary least squares; that leakage is the part that doesn't follow demand is the view of
the IWA Water Loss Task Force, District Metered Areas: Guidance Notes (2007).

It is no rule of the gateway. On five real districts it would alarm 3 to 51 times a year (our
measurement: ``python -m tests.benchmark.leaks.hanoi.districts``): their weeks change shape with the
weather. Demand in LeakDB is a week times a scale by construction, which this makes use of. It shows
what the contest's data allow, no more.

Limits. It learns for two weeks, and takes for ordinary what leaks then. A leak that ends is noticed
once most of a day is past it.
"""

import numpy as np

from tests.benchmark.leaks.hanoi.demand import STEPS_PER_DAY
from tests.benchmark.leaks.hanoi.network import Floats
from tests.benchmark.leaks.hanoi.scoring import Labels

DAY_H, WEEK_H = 24, 168
STEPS_PER_HOUR = STEPS_PER_DAY // DAY_H
# Chosen on seeds 0 to 39.
LEARNING_H = 2 * WEEK_H
ALARM_DEVIATIONS = 5.0
ALARM_SHARE = 0.01  # of the mean flow, at least
CLEAR_SHARE = 0.5  # of what raises
FORGET_WEEKS = 60 / 7  # of an hour's ordinary flow
NOISE_FORGET_H = 2 * WEEK_H
GONE_H = 2 * DAY_H  # a negative shift for so long: a leak that was learned has ended


def shift_alarms(inflow: Floats) -> Labels:
    """Return for each step whether a leak is reported then."""
    hourly = inflow.reshape(-1, STEPS_PER_HOUR).mean(axis=1)
    watch = _Watch(hourly[:LEARNING_H])
    alarms = np.zeros(len(hourly), bool)
    for at in range(LEARNING_H, len(hourly)):
        hours = np.arange(at - DAY_H + 1, at + 1)
        alarms[at] = watch.look(at, hourly[hours], hours % WEEK_H)
    return np.repeat(alarms, STEPS_PER_HOUR)


class _Watch:
    """What is remembered of the network."""

    def __init__(self, learned: Floats) -> None:
        self.week = learned.reshape(-1, WEEK_H).mean(axis=0)
        self.fresh_from = LEARNING_H  # the day fitted must begin here or later
        self.noise: float | None = None
        self.below_h = 0
        self.is_alarm = False

    def look(self, at: int, flows: Floats, hours: np.ndarray) -> bool:
        """Take the newest day; return whether a leak is reported."""
        if at - DAY_H + 1 < self.fresh_from:
            return self.is_alarm
        scale, shift, enough = self._fit(flows, hours)
        self.below_h = self.below_h + 1 if shift < -enough else 0
        if self.below_h >= GONE_H:
            self.week += shift
            self._begin_anew(at)
        elif not self.is_alarm:
            self.is_alarm = shift > enough
        elif shift < CLEAR_SHARE * enough:
            self.is_alarm = False
            self._begin_anew(at)
        if not self.is_alarm and abs(shift) < CLEAR_SHARE * enough:
            newest = hours[-1]
            self.week[newest] += (flows[-1] / scale - self.week[newest]) / FORGET_WEEKS
        return self.is_alarm

    def _begin_anew(self, at: int) -> None:
        """Leave out the hours of which some had a leak and some had none."""
        self.fresh_from = at + 1
        self.below_h = 0

    def _fit(self, flows: Floats, hours: np.ndarray) -> tuple[float, float, float]:
        """Return scale, shift, and how large a shift must be to be believed."""
        ordinary = self.week[hours]
        inverse, relative = 1 / ordinary, flows / ordinary
        spread = float(np.sum((inverse - inverse.mean()) ** 2))
        shift = float(np.sum((inverse - inverse.mean()) * relative)) / spread
        scale = float(relative.mean() - shift * inverse.mean())
        noise = float(np.sum((relative - scale - shift * inverse) ** 2)) / (DAY_H - 2)
        if self.noise is None:
            self.noise = noise
        elif not self.is_alarm:
            self.noise += (noise - self.noise) / NOISE_FORGET_H
        deviation = np.sqrt(self.noise / spread)
        return scale, shift, max(ALARM_DEVIATIONS * deviation, ALARM_SHARE * self.week.mean())
