# SPDX-License-Identifier: EUPL-1.2
"""Hypertables: the large tables over time, on TimescaleDB or on native partitions.

The only place that knows which of the two it is. ``hourly_usage``, ``daily_usage`` and
``monthly_usage`` are read by the same SQL on both. On TimescaleDB days and months are continuous
aggregates: open ones are summed when asked for, closed ones as of the last ``refresh``. On plain
PostgreSQL they are rows, written in the transaction of the hours.

Retention closes a period for good: what was rolled up from dropped rows stays, and is never made
anew from the part that is left.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import psycopg
import structlog
from psycopg.rows import dict_row

from cloud.kit import partitions
from cloud.kit.database import Connection, Database, integers, lock, row, rows, run

log = structlog.get_logger(__name__)

ZONE = ZoneInfo("Europe/Sofia")  # whose days and months the roll-ups are
READINGS = "readings"
HOURLY = "hourly_usage"
DAILY = "daily_usage"
MONTHLY = "monthly_usage"

KEPT = timedelta(days=31)  # every retention is longer: a younger partition that is there stays
CONTEXT = timedelta(days=31)  # how far around a stale mark its review may need readings
# Late data comes within days as a rule; a chunk at rest is worth compressing.
AT_REST = {READINGS: timedelta(days=14), HOURLY: timedelta(days=90)}
CHUNK_TIMEOUT_S = 600  # to compress one, or to refresh all closed days
LOCK_TIMEOUT = "3s"  # who waits here makes all writers wait behind: rather try again later
CLOSED_PERIODS = "closed_periods"


ROLL_UP = """
with made as (
    select installation_id, date_trunc('{unit}', interval_start, '{zone}') as interval_start,
        sum(usage)::bigint as usage, sum(covered_s)::int as covered_s,
        bit_or(quality) as quality, max(known_at) as known_at
    from {finer} where installation_id = any(%(ids)s::int[])
        and interval_start >= %(first)s and interval_start < %(end)s
    group by 1, 2
), kept as (
    insert into {coarser} select * from made
    on conflict (installation_id, interval_start) do update
        set usage = excluded.usage, covered_s = excluded.covered_s, quality = excluded.quality,
            known_at = excluded.known_at
)
delete from {coarser} where installation_id = any(%(ids)s::int[])
    and interval_start >= %(first)s and interval_start < %(end)s
    and (installation_id, interval_start) not in (select installation_id, interval_start from made)
"""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How many days raw readings, hours and days are kept; months are kept for ever."""

    raw_days: int
    hourly_days: int
    daily_days: int


class Hypertables:
    """The tables readings, hourly_usage, daily_usage and monthly_usage, as a store over time."""

    def __init__(self, database: Database, *, is_timescale: bool) -> None:
        self._database = database
        self.is_timescale = is_timescale
        self._known: set[str] = set()
        self._refreshed_until: dict[str, datetime] = {}

    @classmethod
    async def detect(cls, database: Database) -> Self:
        """Return the tables as the migration made them."""
        async with database.transaction() as connection:
            found = await row(
                connection,
                "select relkind = 'p' as plain from pg_class where oid = 'readings'::regclass",
            )
        assert found is not None  # noqa: S101 - without the table the cast has failed
        return cls(database, is_timescale=not found["plain"])

    async def make_room(self, table: str, since: datetime, until: datetime) -> None:
        """See to it that rows of ``table`` from ``since`` to ``until`` have a place.

        In a transaction of its own: call it before you open yours.
        """
        if self.is_timescale:
            return
        wanted = [
            partition
            for partition in partitions.spanning(table, since, until)
            if partition.name not in self._known
        ]
        if not wanted:
            return
        async with self._database.transaction() as connection:
            await partitions.attach(connection, wanted)
            young = await row(connection, "select now() - %(kept)s::interval as since", kept=KEPT)
        assert young is not None  # noqa: S101 - it has no condition
        self._known |= {one.name for one in wanted if one.until > young["since"]}

    async def roll_up(
        self,
        connection: Connection,
        installation_ids: Collection[int],
        since: datetime,
        until: datetime,
    ) -> None:
        """Sum the days and months of the hours in [since, until) up anew: these have changed."""
        if self.is_timescale:
            await run(
                connection,
                "insert into pending_refreshes (since, until) values (%(since)s, %(until)s)",
                since=since,
                until=until,
            )
            return
        closed = await closed_before(connection, HOURLY)
        for unit, finer, coarser in (("day", HOURLY, DAILY), ("month", DAILY, MONTHLY)):
            first, end = _span(unit, since, until, closed)
            await run(
                connection,
                ROLL_UP.format(unit=unit, finer=finer, coarser=coarser, zone=ZONE.key),
                ids=integers(installation_ids),
                first=first,
                end=end,
            )

    async def refresh(self) -> None:
        """Bring closed days and months up to date with their hours; open ones always are."""
        if not self.is_timescale:
            return
        connection = await psycopg.AsyncConnection.connect(
            self._database.dsn, autocommit=True, row_factory=dict_row
        )
        async with connection:
            await self._refresh(connection)

    async def _refresh(self, connection: Connection) -> None:
        pending = await row(
            connection,
            "select array_agg(refresh_id) as ids, min(since) as since,"
            " date_trunc('day', now(), %(zone)s) as day,"
            " date_trunc('month', now(), %(zone)s) as month,"
            " pg_try_advisory_lock(hashtextextended('refresh', 0)) as mine from pending_refreshes",
            zone=ZONE.key,
        )
        if pending is None or not pending["mine"] or pending["ids"] is None:
            return
        await run(connection, f"set statement_timeout = '{CHUNK_TIMEOUT_S}s'")
        closed = await _dropped_before(connection, HOURLY)
        for name, until in ((DAILY, pending["day"]), (MONTHLY, pending["month"])):
            if pending["since"] >= until and self._refreshed_until.get(name) == until:
                continue  # only open ones changed
            # From the first hour that is kept, not from the first that changed: what lies below
            # the end of a refresh counts as done from then on. Only what changed is redone.
            await run(
                connection,
                f"call refresh_continuous_aggregate('{name}', %(since)s::timestamptz,"
                " %(until)s::timestamptz)",
                since=closed,
                until=until,
            )
            self._refreshed_until[name] = until
        await run(
            connection,
            "delete from pending_refreshes where refresh_id = any(%(ids)s::bigint[])",
            ids=integers(pending["ids"]),
        )

    async def maintain(self, now: datetime, retention: Retention) -> None:
        """Compress what has come to rest, and drop what is older than ``retention``.

        Raw readings stay while the review of a stale mark needs them.
        """
        if self.is_timescale:
            for table, age in AT_REST.items():
                await self._compress(table, now - age)
        await self._drop(READINGS, now - timedelta(days=retention.raw_days))
        await self._drop(HOURLY, now - timedelta(days=retention.hourly_days))
        async with self._database.transaction() as connection:
            await run(
                connection,
                "select drop_chunks('daily_usage', older_than => %(before)s)"
                if self.is_timescale
                else "delete from daily_usage where interval_start < %(before)s",
                before=now - timedelta(days=retention.daily_days),
            )

    async def _compress(self, table: str, before: datetime) -> None:
        async with self._database.transaction() as connection:
            chunks = await rows(
                connection,
                "select chunk::text as name from show_chunks(%(table)s::regclass,"
                " older_than => %(before)s) chunk",
                table=table,
                before=before,
            )
        for chunk in chunks:  # each on its own, because nobody may write into it meanwhile
            async with self._database.transaction(CHUNK_TIMEOUT_S) as connection:
                await run(connection, f"set local statement_timeout = '{CHUNK_TIMEOUT_S}s'")
                await run(connection, f"set local lock_timeout = '{LOCK_TIMEOUT}'")
                await run(connection, "select compress_chunk(%(name)s::regclass, true)", **chunk)

    async def _drop(self, table: str, before: datetime) -> None:
        async with self._database.transaction() as connection:
            await run(connection, f"set local lock_timeout = '{LOCK_TIMEOUT}'")
            await lock(connection, CLOSED_PERIODS)
            if table == READINGS:
                # Late readings under way into an old period: they are in with their marks, or wait.
                await run(connection, "lock table readings in share row exclusive mode")
                before = await _unneeded(connection, before)
            drop = _drop_chunks if self.is_timescale else partitions.drop
            closed = await drop(connection, table, before)
            if closed is None:
                return
            await run(
                connection,
                "insert into closed_periods as known (table_name, dropped_before)"
                " values (%(table)s, %(closed)s) on conflict (table_name) do update"
                " set dropped_before = greatest(known.dropped_before, excluded.dropped_before)",
                table=table,
                closed=closed,
            )
            if table == READINGS:  # what was said of them, and what would be made from them again
                await run(connection, "delete from exclusions where read_at < %(at)s", at=closed)
                await run(connection, "delete from usage_gaps where since < %(at)s", at=closed)
        log.info("period_closed", table=table, dropped_before=closed.isoformat())


async def closed_before(connection: Connection, table: str) -> datetime | None:
    """Return before when rows of ``table`` were dropped, None if none ever were.

    It stays so to the end of the transaction: meanwhile nothing is dropped.
    """
    await run(
        connection,
        "select pg_advisory_xact_lock_shared(hashtextextended(%(name)s, 0))",
        name=CLOSED_PERIODS,
    )
    return await _dropped_before(connection, table)


async def is_behind(connection: Connection) -> bool:
    """Tell whether closed days or months wait for a ``refresh``; never so on plain PostgreSQL."""
    found = await row(
        connection,
        "select 1 from pending_refreshes where since < date_trunc('day', now(), %(zone)s) limit 1",
        zone=ZONE.key,
    )
    return found is not None


async def _dropped_before(connection: Connection, table: str) -> datetime | None:
    found = await row(
        connection,
        "select dropped_before from closed_periods where table_name = %(table)s",
        table=table,
    )
    return found["dropped_before"] if found else None


async def _unneeded(connection: Connection, before: datetime) -> datetime:
    """Return the last instant up to ``before`` such that no stale mark needs older readings."""
    oldest = await row(connection, "select min(since) as since from stale_usage")
    since: datetime | None = oldest["since"] if oldest else None
    return before if since is None else min(before, since - CONTEXT)


async def _drop_chunks(connection: Connection, table: str, before: datetime) -> datetime | None:
    """Drop the chunks that end by then; return the end of the last, None if there was none."""
    found = await row(
        connection,
        "select max(range_end) as closed from timescaledb_information.chunks"
        " where hypertable_name = %(table)s and range_end <= %(before)s",
        table=table,
        before=before,
    )
    closed: datetime | None = found["closed"] if found else None
    if closed is not None:
        await run(
            connection,
            "select drop_chunks(%(table)s::regclass, older_than => %(closed)s)",
            table=table,
            closed=closed,
        )
    return closed


def _span(
    unit: str, since: datetime, until: datetime, closed: datetime | None
) -> tuple[datetime, datetime]:
    """Return the start of the first and the end of the last local day or month touched.

    One that began before ``closed`` isn't among them: it can't be made from what is left.
    """
    first = _start(unit, since)
    if closed is not None and first < closed:
        first = _start(unit, closed)
        first = first if first == closed else _next(unit, first)
    return first, _next(unit, _start(unit, until - timedelta(microseconds=1)))


def _start(unit: str, at: datetime) -> datetime:
    local = at.astimezone(ZONE)
    return datetime(local.year, local.month, local.day if unit == "day" else 1, tzinfo=ZONE)


def _next(unit: str, start: datetime) -> datetime:
    """Return the start of the next local day or month after the one that starts at ``start``."""
    return _start(unit, start + timedelta(days=1 if unit == "day" else 31))
