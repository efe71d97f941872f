# SPDX-License-Identifier: EUPL-1.2
"""What flows at night: the textbook method of utilities, and a control chart of the same figure.

Night minimum (MNF): today's lowest hour from 02:00 to 05:00 less the lowest of the last ten days
that were not flagged; an alarm beyond a share of that lowest and beyond 1 l/h. Source: LeakDB's
baseline, Vrachimis et al., LeakDB: a benchmark dataset for leakage diagnosis in water distribution
networks (2018), with shares 0.1, 0.2, 0.3. Tuned, the difference in l/h is what is
chosen, as told in ``tuning``.

EWMA: a chart of the same nightly figure, standardised by the median and the spread of the weeks
before. Source: S. W. Roberts, Control chart tests based on geometric moving averages, Technometrics
1 (1959), with weight 0.25. Its threshold is tuned too.
"""

from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from tests.benchmark.leaks.readings import Ints, Readings
from tests.benchmark.leaks.rivals.rival import DAY_S, Rival, whole_hours
from tests.benchmark.leaks.scoring import Episode

NIGHT_H = (2, 5)
LAST_NIGHTS = 10
KNOWN_NIGHTS = 21
RECENT_NIGHTS = 7
LEAST_L_PER_H = 1.0
WEIGHT = 0.25
SPREAD_OF_MAD = 1.4826  # a normal distribution's standard deviation by its median deviation
LEAST_SPREAD_L_PER_H = 0.5


class Nights(NamedTuple):
    """Each night's end, and its lowest hour."""

    ended_at_s: Ints
    l_per_h: np.ndarray


def nights(readings: Readings) -> Nights:
    """Return the lowest of the hours from 02:00 to 05:00 of every night that has them all."""
    ended_at_s, litres = whole_hours(readings)
    middle_s = ended_at_s - 1800
    local_s = middle_s + _offset_s(readings)
    hour = local_s % DAY_S // 3600
    is_night = (hour >= NIGHT_H[0]) & (hour < NIGHT_H[1])
    days, first, count = np.unique(
        local_s[is_night] // DAY_S, return_index=True, return_counts=True
    )
    if not len(days):
        return Nights(ended_at_s[:0], litres[:0])
    lowest = np.minimum.reduceat(litres[is_night], first)
    last_s = ended_at_s[is_night][first + count - 1]
    whole = count >= NIGHT_H[1] - NIGHT_H[0]
    return Nights(last_s[whole], lowest[whole])


def unusual(readings: Readings) -> Nights:
    """Return by how many spreads each night lies above the median of three weeks before.

    The last week is left out, lest a leak become the measure of itself. Nights with less than four
    weeks before them are left out as well.
    """
    ended_at_s, l_per_h = nights(readings)
    first = KNOWN_NIGHTS + RECENT_NIGHTS
    if len(l_per_h) <= first:
        return Nights(ended_at_s[:0], l_per_h[:0])
    known = np.lib.stride_tricks.sliding_window_view(l_per_h[: -RECENT_NIGHTS - 1], KNOWN_NIGHTS)
    median = np.median(known, axis=1)
    deviation = np.median(np.abs(known - median[:, None]), axis=1)
    spread = np.maximum(SPREAD_OF_MAD * deviation, LEAST_SPREAD_L_PER_H)
    return Nights(ended_at_s[first:], (l_per_h[first:] - median) / spread)


def minimum(
    is_share: bool, readings: Readings, _learned: object, threshold: float
) -> list[Episode]:
    """Raise on a night above the lowest of late, by a share of it or by l/h; clear on others."""
    unflagged: list[float] = []
    found: list[Episode] = []
    for at_s, l_per_h in zip(*nights(readings), strict=True):
        usual = min(unflagged[-LAST_NIGHTS:], default=l_per_h)
        allowed = max(threshold * usual, LEAST_L_PER_H) if is_share else threshold
        is_high = l_per_h - usual > allowed
        if not is_high:
            unflagged.append(l_per_h)
        tell(found, int(at_s), is_high=is_high)
    return found


def ewma(readings: Readings, _learned: object, threshold: float) -> list[Episode]:
    """Raise while the weighted mean of late is that many of its own spreads too high."""
    limit = threshold * np.sqrt(WEIGHT / (2 - WEIGHT))
    level = 0.0
    found: list[Episode] = []
    for at_s, spreads in zip(*unusual(readings), strict=True):
        level += WEIGHT * (spreads - level)
        tell(found, int(at_s), is_high=bool(level > limit))
    return found


def tell(found: list[Episode], at_s: int, *, is_high: bool) -> None:
    """Raise, clear or leave as it is."""
    is_open = bool(found) and found[-1].cleared_at_s is None
    if is_high and not is_open:
        found.append(Episode(at_s))
    elif is_open and not is_high:
        found[-1] = Episode(found[-1].raised_at_s, at_s)


def _offset_s(readings: Readings) -> int:
    """Return local time less UTC in the middle of the readings: an hour is not the matter here."""
    middle = datetime.fromtimestamp(int(readings.read_at_s[len(readings.read_at_s) // 2]), UTC)
    offset = middle.astimezone(ZoneInfo(readings.timezone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


_LEAKDB = "Vrachimis et al., LeakDB (2018)"
_weeks = partial(Rival, history_s=45 * DAY_S)
RIVALS = (
    *(
        _weeks(
            name=f"Night minimum {share:.0%}",
            source=_LEAKDB,
            alarms=partial(minimum, True),
            threshold=share,
        )
        for share in (0.1, 0.2, 0.3)
    ),
    _weeks(
        name="Night minimum, tuned",
        source=_LEAKDB,
        alarms=partial(minimum, False),
        thresholds=tuple(1.4**step for step in range(20)),
    ),
    _weeks(
        name="Night EWMA",
        source="Roberts (1959)",
        alarms=ewma,
        thresholds=tuple(2.0 * 1.25**step for step in range(20)),
    ),
)
