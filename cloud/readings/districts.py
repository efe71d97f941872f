# SPDX-License-Identifier: EUPL-1.2
"""Districts: how much is used in one, told so that no building can be told from the rest.

What may be told is decided in the database (``cloud.migrations.district_functions``): sums of whole
months that are over, and of their days, over the same buildings throughout.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import DictRow

from cloud.kit.database import Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import ZONE
from cloud.readings import districts_repository
from cloud.readings.usage import DAY, boundaries

MAX_MONTHS = 24


@dataclass(frozen=True, kw_only=True)
class DistrictInterval:
    """What so many buildings of a district used; both None where it may not be told."""

    start: datetime
    end: datetime
    usage: int | None
    premises: int | None


class Districts:
    """Sums over the buildings of a district."""

    def __init__(self, database: Database, at_least: int) -> None:
        self._database = database
        self.at_least = at_least

    async def all(self) -> list[DictRow]:
        """Return the districts of so many buildings at least, and where alerts are open."""
        async with self._database.transaction() as connection:
            return await districts_repository.districts(connection, self.at_least)

    async def usage(
        self, district: str, utility: str, resolution: str, first: date, end: date
    ) -> list[DistrictInterval]:
        """Return a district's use by day or month over the whole months [first, end)."""
        months = (end.year - first.year) * 12 + end.month - first.month
        if first.day != 1 or end.day != 1 or not 1 <= months <= MAX_MONTHS:
            raise InvalidRequestError(
                f"From {first} to {end} is not 1 to {MAX_MONTHS} whole months; the end is not"
                " included."
            )
        cuts = boundaries(resolution, first, end, ZONE)
        async with self._database.transaction() as connection:
            found = await districts_repository.usage(
                connection, district, utility, cuts[0], cuts[-1], self.at_least
            )
        told: Mapping[datetime, DictRow] = {
            one["interval_start"]: one for one in found if one["is_day"] == (resolution == DAY)
        }
        return [_interval(start, stop, told.get(start)) for start, stop in itertools.pairwise(cuts)]


def _interval(start: datetime, end: datetime, told: DictRow | None) -> DistrictInterval:
    return DistrictInterval(
        start=start,
        end=end,
        usage=told["usage"] if told else None,
        premises=told["premises"] if told else None,
    )
