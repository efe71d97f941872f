# SPDX-License-Identifier: EUPL-1.2
"""Use by local day and hour of the clock: the shape in which habits repeat."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from cloud.demand.series import DAY_H, Floats, Hours, Ints, Usage, Weather

SUNDAY = 6
WEEK_DAYS = 7
_A_HOLIDAY = 0.5  # of the column ``holiday``


@dataclass(frozen=True, kw_only=True)
class LocalDays:
    """Hours laid out by local day; an hour that the clock leaves out or doubles is not told twice.

    Attributes:
        amounts: (series, days, 24), NaN where unknown or still to come.
        kinds: (days,): 0 is Monday, 6 Sunday or a holiday.
        day, hour: (hours,): where each hour of the grid is found in ``amounts``.
    """

    amounts: Floats
    kinds: Ints
    day: Ints
    hour: Ints

    @classmethod
    def of(cls, usage: Usage, weather: Weather, horizon_h: int = 0) -> Self:
        """Lay out ``usage`` and ``horizon_h`` hours to come; holidays are those of ``weather``."""
        count = usage.hours.count
        hours = usage.hours.between(0, count + horizon_h)
        day = hours.day - hours.day[0]
        amounts = np.full((len(usage.series_ids), int(day[-1]) + 1, DAY_H), np.nan)
        amounts[:, day[:count], hours.hour_of_day[:count]] = usage.amounts
        kinds = _kinds(hours, day, weather)
        return cls(amounts=amounts, kinds=kinds, day=day, hour=hours.hour_of_day)


def _kinds(hours: Hours, day: Ints, weather: Weather) -> Ints:
    first = int(hours.day[0])
    kinds = (first + np.arange(int(day[-1]) + 1) + 3) % WEEK_DAYS  # 1970-01-01 was a Thursday
    is_holiday = weather.over(hours).get("holiday") > _A_HOLIDAY
    kinds[day[is_holiday]] = SUNDAY
    return kinds
