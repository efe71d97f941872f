# SPDX-License-Identifier: EUPL-1.2
"""What is exported, and to whom: readings and usage, some thousand rows at a time."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, time

import polars as pl
from psycopg.rows import DictRow

from cloud.exports.tables import READINGS, USAGE, quality_text
from cloud.kit.auth.rights import Principal
from cloud.kit.database import Database
from cloud.kit.errors import InvalidRequestError
from cloud.kit.hypertable import ZONE
from cloud.meters.service import installations_at
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_premises, one_service_point, visible_points
from cloud.readings.models import IntervalUsage
from cloud.readings.service import EARLIEST, LATEST, Readings, Span

MAX_DAYS = 366  # of readings; of usage as much as one answer holds
ROWS_AT_ONCE = 10_000


class Exports:
    """Tables of a service point or a building, for callers who may see them.

    A table comes in parts, each of one service point. The first is empty: it tells that the caller
    may have the rest, before anything is sent.
    """

    def __init__(self, database: Database, readings: Readings) -> None:
        self._database = database
        self._readings = readings

    async def points(
        self, caller: Principal, *, premises_id: str | None = None, service_point_id: str = ""
    ) -> list[ServicePoint]:
        """Return the service points to export, or raise NotFoundError."""
        async with self._database.transaction() as connection:
            if premises_id is None:
                return [await one_service_point(connection, service_point_id, caller)]
            await one_premises(connection, premises_id, caller)
            return await visible_points(connection, [premises_id], caller)

    async def readings(
        self, caller: Principal, points: Sequence[ServicePoint], first: date, end: date
    ) -> AsyncIterator[pl.DataFrame]:
        """Yield the readings over the local days [first, end), each service point's in order."""
        if not EARLIEST < first < end < LATEST or (end - first).days > MAX_DAYS:
            raise InvalidRequestError(
                f"From {first} to {end} is not a span of 1 to {MAX_DAYS} days between {EARLIEST}"
                f" and {LATEST}; the end is not included."
            )
        yield pl.DataFrame(schema=READINGS)
        since, until = (datetime.combine(day, time(), ZONE) for day in (first, end))
        for point in points:
            meters = await self._meters(point)
            after: tuple[datetime, int, int, int] | None = None
            while True:
                _, found = await self._readings.readings_of_point(
                    caller,
                    point.service_point_id,
                    since=since,
                    until=until,
                    after=after,
                    limit=ROWS_AT_ONCE,
                )
                if found:
                    yield await asyncio.to_thread(_readings_frame, point, meters, found)
                if len(found) < ROWS_AT_ONCE:
                    break
                last = found[-1]
                after = last["read_at"], last["boot"], last["sequence"], last["installation_id"]

    async def usage(
        self, caller: Principal, points: Sequence[ServicePoint], span: Span
    ) -> AsyncIterator[pl.DataFrame]:
        """Yield the usage at each service point; sub-meters too, so rows don't add up."""
        span.cuts()
        yield pl.DataFrame(schema=USAGE)
        for point in points:
            unit, intervals, is_final = await self._readings.usage_of_point(
                caller, point.service_point_id, span
            )
            yield await asyncio.to_thread(_usage_frame, point, unit, intervals, is_final=is_final)

    async def _meters(self, point: ServicePoint) -> dict[int, str]:
        async with self._database.transaction() as connection:
            found = await installations_at(connection, [point.service_point_id])
        return {one.installation_id: one.meter_id for one in found}


def _readings_frame(
    point: ServicePoint, meters: Mapping[int, str], found: Sequence[DictRow]
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "service_point_id": point.service_point_id,
            "meter_id": [meters[row["installation_id"]] for row in found],
            "reading_type": point.reading_type,
            "read_at": [row["read_at"] for row in found],
            "received_at": [row["received_at"] for row in found],
            "register": [row["register"] for row in found],
            "unit": point.type.unit,
            "quality": [quality_text(row["quality"]) for row in found],
            "node_id": [row["node_id"] for row in found],
            "boot": [row["boot"] for row in found],
            "sequence": [row["sequence"] for row in found],
        },
        schema=READINGS,
    )


def _usage_frame(
    point: ServicePoint, unit: str, intervals: Sequence[IntervalUsage], *, is_final: bool
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "service_point_id": point.service_point_id,
            "reading_type": point.reading_type,
            "interval_start": [one.start for one in intervals],
            "interval_end": [one.end for one in intervals],
            "usage": [one.usage for one in intervals],
            "unit": unit,
            "quality": [quality_text(one.quality) for one in intervals],
            "is_final": is_final,
        },
        schema=USAGE,
    )
