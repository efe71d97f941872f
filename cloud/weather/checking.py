# SPDX-License-Identifier: EUPL-1.2
"""A place's whole weather checked against its neighbours', and what is found kept as flags."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cloud.weather import quality
from cloud.weather.models import Flag, Grid, Resolution
from cloud.weather.service import WeatherRecords


async def check(records: WeatherRecords, place_id: str) -> dict[Resolution, Sequence[Flag]]:
    """Check a place at each resolution that it has; return what was found and is kept.

    What decisions have read differently is checked as it is read.
    """
    place = await records.place(place_id)
    found: dict[Resolution, Sequence[Flag]] = {}
    for extent in (await records.extents()).get(place_id, []):
        grid = Grid.between(
            extent.resolution,
            _utc(extent.first),
            _utc(extent.last) + timedelta(microseconds=1),
        )
        weather = await records.told(place, grid)
        others = [(one, await records.told(one, grid)) for one in await records.neighbours(place)]
        flags = quality.check(place, weather, others)
        await records.put_flags(place_id, extent.resolution, flags)
        found[extent.resolution] = flags
    return found


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
