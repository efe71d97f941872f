# SPDX-License-Identifier: EUPL-1.2
"""Years of usage of a building, for callers who may see it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cloud.kit.auth.rights import Principal
from cloud.kit.database import Connection, Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import HOURLY, ZONE, closed_before
from cloud.meters.models import Installation
from cloud.meters.service import installations_at
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_premises, visible_points
from cloud.readings import long_usage_repository
from cloud.readings.long_usage import Stored, Stretch, cuts, first_day_of_hours, parts, stretch
from cloud.readings.service import EARLIEST, LATEST, is_final, main_points, register_unit
from cloud.readings.usage import DAY, HOUR, Integers

MAX_DAYS = 11 * 366  # ten years, and the one that runs


@dataclass(frozen=True, kw_only=True)
class LongUsage:
    """The usage of one utility over years, by the finest resolution that is kept."""

    unit: str
    is_final: bool
    stretches: Sequence[Stretch]


class LongUsages:
    """Usage over years."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_premises(
        self, caller: Principal, premises_id: str, utility: str, first: date, end: date
    ) -> LongUsage:
        """Return a building's use of one utility over the local days [first, end).

        Days up to where hours were dropped for their age, hours from there on. What was before a
        tenant's time is missing, as is what is older than what is kept.
        """
        if not EARLIEST <= first < end <= LATEST or (end - first).days > MAX_DAYS:
            raise InvalidRequestError(
                f"From {first} to {end} is not a span of 1 to {MAX_DAYS} days between {EARLIEST}"
                f" and {LATEST}; the end is not included."
            )
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            seen = main_points(await visible_points(connection, [premises_id], caller))
            points = [point for point in seen if point.type.utility == utility]
            names = [point.service_point_id for point in points]
            # asked first: what is reviewed in between is in the usage, not the other way round
            final = await is_final(connection, points, HOUR)
            installations = await installations_at(connection, names)
            hours_from = first_day_of_hours(await closed_before(connection, HOURLY), ZONE)
            spans = parts(first, end, hours_from)
            if any(resolution == DAY for resolution, *_ in spans):
                final = final and await is_final(connection, points, DAY)
            found = []
            for resolution, start, stop in spans:
                cuts_s = await asyncio.to_thread(cuts, resolution, start, stop, ZONE)
                stored = await long_usage_repository.stored(
                    connection,
                    resolution,
                    [one.installation_id for one in installations],
                    int(cuts_s[0]),
                    int(cuts_s[-1]),
                )
                found.append((resolution, cuts_s, stored))
        stretches = await asyncio.to_thread(_summed, found, names, installations)
        return LongUsage(unit=register_unit(utility), is_final=final, stretches=stretches)


async def hours_of_point(
    connection: Connection, point: ServicePoint, first: date, end: date
) -> Stretch:
    """Return what a service point used in each hour of the local days [first, end)."""
    installations = await installations_at(connection, [point.service_point_id])
    cuts_s = cuts(HOUR, first, end, ZONE)
    stored = await long_usage_repository.stored(
        connection,
        HOUR,
        [one.installation_id for one in installations],
        int(cuts_s[0]),
        int(cuts_s[-1]),
    )
    return await asyncio.to_thread(stretch, HOUR, cuts_s, [list(stored.values())])


def _summed(
    found: Sequence[tuple[str, Integers, Mapping[int, Stored]]],
    names: Sequence[str],
    installations: Sequence[Installation],
) -> list[Stretch]:
    return [
        stretch(
            resolution,
            cuts_s,
            [
                [
                    stored[one.installation_id]
                    for one in installations
                    if one.service_point_id == name and one.installation_id in stored
                ]
                for name in names
            ],
        )
        for resolution, cuts_s, stored in found
    ]
