# SPDX-License-Identifier: EUPL-1.2
"""Readings and hours of one meter, put into the hypertables of a test's database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from psycopg.rows import DictRow

from cloud.kit.database import Database, rows, run
from cloud.kit.hypertable import DAILY, HOURLY, READINGS, Hypertables, Retention, closed_before
from wire import quality

SOFIA = ZoneInfo("Europe/Sofia")
HOUR = timedelta(hours=1)
NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
RETENTION = Retention(raw_days=90, hourly_days=3 * 366, daily_days=10 * 366)


def local(year: int, month: int, day: int = 1, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=SOFIA).astimezone(UTC)


class Store:
    """The hypertables, and rows to put into them."""

    def __init__(self, database: Database, tables: Hypertables) -> None:
        self.database = database
        self.tables = tables

    async def put_hours(self, first: datetime, end: datetime, usage: int | None = 10) -> None:
        """Write the hours of meter 1 from ``first`` up to ``end``, and roll them up."""
        await self.tables.make_room(HOURLY, first, end)
        async with self.database.transaction() as connection:
            await run(
                connection,
                "insert into hourly_usage select 1, hour, %(usage)s, %(covered_s)s, %(bits)s, hour"
                " from generate_series(%(first)s, %(last)s::timestamptz, interval '1 hour') hour"
                " on conflict (installation_id, interval_start) do update set"
                " usage = excluded.usage, covered_s = excluded.covered_s,"
                " quality = excluded.quality",
                usage=usage,
                covered_s=3600 if usage is not None else 0,
                bits=quality.GOOD if usage is not None else quality.MISSING,
                first=first,
                last=end - HOUR,
            )
            await self.tables.roll_up(connection, [1], first, end)
        await self.tables.refresh()

    async def take_hours(self, first: datetime, end: datetime) -> None:
        """Delete hours, and roll up what is left."""
        async with self.database.transaction() as connection:
            await run(
                connection,
                "delete from hourly_usage where interval_start >= %(first)s"
                " and interval_start < %(end)s",
                first=first,
                end=end,
            )
            await self.tables.roll_up(connection, [1], first, end)
        await self.tables.refresh()

    async def put_readings(self, first: datetime, end: datetime) -> None:
        """Write a reading of channel 1 for each quarter-hour."""
        await self.tables.make_room(READINGS, first, end)
        async with self.database.transaction() as connection:
            await run(
                connection,
                "insert into readings select 1, at, 1, extract(epoch from at)::bigint / 900,"
                " extract(epoch from at)::bigint / 90, at, at, 0"
                " from generate_series(%(first)s, %(end)s::timestamptz, interval '15 min') at",
                first=first,
                end=end,
            )

    async def mark_stale(self, at: datetime) -> None:
        async with self.database.transaction() as connection:
            await run(
                connection,
                "insert into stale_usage (channel_id, since, until) values (1, %(at)s, %(at)s)",
                at=at,
            )

    async def all(self, table: str) -> list[DictRow]:
        async with self.database.transaction() as connection:
            return await rows(connection, f"select * from {table} order by 1, 2")  # noqa: S608

    async def usages(self, table: str) -> dict[str, int | None]:
        """Return usage by local day or month."""
        length = 10 if table == DAILY else 7
        return {
            row["interval_start"].astimezone(SOFIA).isoformat()[:length]: row["usage"]
            for row in await self.all(table)
        }

    async def closed(self, table: str) -> datetime | None:
        async with self.database.transaction() as connection:
            return await closed_before(connection, table)
