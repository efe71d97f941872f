# SPDX-License-Identifier: EUPL-1.2
"""Whether an alarm at a real meter was right, by what makers call a leak: a day without a pause.

Nobody wrote down what leaked in real homes, so their alarms cannot be counted as false. But the
register tells how long water ran around an alarm without one still hour. A day or more of that is a
leak by the makers' own rules (Kamstrup, Sensus iPERL, Badger: 24 h without a pause): the alarm is
*confirmed*, whoever raised it and however early. Others are unconfirmed, which is not to say false:
a toilet that pauses leaks too.
"""

import numpy as np

from tests.benchmark.leaks.readings import Ints

CONFIRMED_S = 24 * 3600
# Hourly readings wander by a quarter of an hour; one of them without flow is a still hour.
STILL_S = 2700
GAP_S = 5400  # longer between two readings, nobody knows whether it paused: taken as a pause


class Running:
    """For how long water ran at a time, by a register that never falls."""

    def __init__(self, at_s: Ints, register_ml: Ints) -> None:
        lengths_s, is_still = np.diff(at_s), np.diff(register_ml) == 0
        edges = np.flatnonzero(np.diff(is_still, prepend=False, append=False))
        stills = edges.reshape(-1, 2)
        stills_s = at_s[stills]
        stills_s = stills_s[stills_s[:, 1] - stills_s[:, 0] >= STILL_S]
        gaps = np.flatnonzero((lengths_s > GAP_S) & ~is_still)
        pauses_s = np.concatenate((stills_s, np.column_stack((at_s[gaps], at_s[gaps + 1]))))
        self._pauses_s = pauses_s[np.argsort(pauses_s[:, 0])]
        self._from_s, self._until_s = int(at_s[0]), int(at_s[-1])

    def for_s(self, at_s: int) -> int:
        """Return the time from the last pause before to the first after; 0 within a pause."""
        pauses_s = self._pauses_s
        after = int(np.searchsorted(pauses_s[:, 1], at_s, side="right"))
        begun_s = int(pauses_s[after - 1, 1]) if after else self._from_s
        ended_s = int(pauses_s[after, 0]) if after < len(pauses_s) else self._until_s
        return max(0, ended_s - begun_s) if begun_s <= at_s <= ended_s else 0

    def confirms(self, raised_at_s: int) -> bool:
        """Tell whether what was raised then was a leak by the makers' rules."""
        return self.for_s(raised_at_s) >= CONFIRMED_S
