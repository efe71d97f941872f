# SPDX-License-Identifier: EUPL-1.2
"""Standing use: what runs on while a building sleeps.

The least hour of a night is what nobody asks for just then: pumps, routers, a cistern that drips.
The median of such hours over four weeks is no single quiet night, and no guest either.
Source: IWA Water Loss Task Force, District Metered Areas: Guidance Notes (2007), minimum night
flow.
Limits: what a night tariff runs on purpose (a boiler, a car) is in it where it runs all night.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from cloud.kit.hypertable import ZONE
from cloud.readings.models import IntervalUsage
from wire import quality

NIGHTS = 28
FROM, TO = time(2), time(5)  # local; 2 to 4 hours in the nights in which clocks change
MIN_COVERAGE = 0.9
HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
HOURS_A_YEAR = 365 * 24
_NOT_MEASURED = quality.MISSING | quality.ESTIMATED | quality.SUSPECT


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What ran all night, over the nights that end on the mornings [first_day, end_day).

    ``per_h`` is in the reading type's unit per hour; None where under 90 % of the hours of these
    nights were measured: a gap is not a quiet night. ``coverage`` is 0 to 1.
    """

    first_day: date
    end_day: date
    per_h: float | None
    coverage: float
    nights: int

    @property
    def a_year(self) -> int | None:
        """What that adds up to in a year, in the reading type's unit."""
        return None if self.per_h is None else round(self.per_h * HOURS_A_YEAR)


def standing_use(hours: Sequence[IntervalUsage], end_day: date, nights: int = NIGHTS) -> Standing:
    """Return what ran through the nights before ``end_day``, by the reviewed hours."""
    first_day = end_day - nights * A_DAY
    by_start = {one.start: one for one in hours}
    least: list[int] = []
    wanted = measured = 0
    for back in range(nights):
        starts = hours_of_night(first_day + back * A_DAY)
        amounts = [_measured(by_start.get(start)) for start in starts]
        known = [amount for amount in amounts if amount is not None]
        wanted, measured = wanted + len(starts), measured + len(known)
        if len(known) == len(starts):
            least.append(min(known))
    coverage = measured / wanted
    is_known = coverage >= MIN_COVERAGE and bool(least)
    return Standing(
        first_day=first_day,
        end_day=end_day,
        per_h=float(median(least)) if is_known else None,
        coverage=coverage,
        nights=len(least),
    )


def hours_of_night(day: date) -> list[datetime]:
    """Return the starts of the hours from 02:00 to 05:00 of a local day, in UTC."""
    start = datetime.combine(day, FROM, ZONE).astimezone(UTC)
    end = datetime.combine(day, TO, ZONE).astimezone(UTC)
    return [start + HOUR * at for at in range((end - start) // HOUR)]


def best_of(hours: Sequence[IntervalUsage], end_day: date, spans: int) -> Standing | None:
    """Return the four weeks that stood lowest of so many before ``end_day``; None for none."""
    found = [standing_use(hours, end_day - at * NIGHTS * A_DAY) for at in range(spans)]
    known = [one for one in found if one.per_h is not None]
    return min(known, key=lambda one: one.per_h or 0.0, default=None)


def _measured(one: IntervalUsage | None) -> int | None:
    if one is None or one.usage is None or one.quality & _NOT_MEASURED:
        return None
    return one.usage
