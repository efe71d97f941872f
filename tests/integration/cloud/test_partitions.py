# SPDX-License-Identifier: EUPL-1.2
"""Native partitions under several writers: nobody waits for long, nobody is in the way."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from cloud.kit import partitions
from cloud.kit.database import run
from cloud.kit.hypertable import HOURLY, READINGS, Hypertables, closed_before
from tests.integration.cloud.store import NOW, RETENTION, Store

ADD = (
    "insert into readings (channel_id, read_at, boot, sequence, register, received_at, quality)"
    " values (1, %(at)s, 1, 1, 1, %(at)s, 0)"
)


def test_partitions_hold_both_ends_of_what_is_asked_for() -> None:
    december = datetime(2025, 12, 1, tzinfo=UTC)
    january = datetime(2026, 1, 1, tzinfo=UTC)
    names = [one.name for one in partitions.spanning(READINGS, december, january)]
    assert names == ["readings_2025_12", "readings_2026_01"]
    assert [one.name for one in partitions.spanning(HOURLY, december, january)] == [
        "hourly_usage_2025",
        "hourly_usage_2026",
    ]
    [only] = partitions.spanning(READINGS, december, january - timedelta(microseconds=1))
    assert (only.since, only.until) == (december, january)


async def test_room_is_made_while_a_writer_is_in_the_middle_and_it_can_use_it(
    store: Store,
) -> None:
    await store.tables.make_room(READINGS, NOW, NOW)
    later = NOW + timedelta(days=40)
    async with store.database.transaction() as connection:
        await run(connection, ADD, at=NOW)
        async with asyncio.timeout(3):
            await store.tables.make_room(READINGS, later, later)
        await run(connection, ADD, at=later)
    assert len(await store.all(READINGS)) == 2


async def test_many_may_make_the_same_room_at_once(store: Store) -> None:
    others = [Hypertables(store.database, is_timescale=False) for _ in range(4)]
    since = NOW - timedelta(days=400)
    await asyncio.gather(*(one.make_room(READINGS, since, NOW) for one in others))
    async with store.database.transaction() as connection:
        await run(connection, ADD, at=since)


async def test_nothing_is_dropped_while_somebody_relies_on_what_is_there(store: Store) -> None:
    await store.put_readings(NOW - timedelta(days=200), NOW)
    async with store.database.transaction() as connection:
        await closed_before(connection, READINGS)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await store.tables.maintain(NOW, RETENTION)
    await store.tables.maintain(NOW, RETENTION)
    assert await store.closed(READINGS) is not None


async def test_late_readings_under_way_are_reviewed_before_their_period_is_closed(
    store: Store,
) -> None:
    """They go into a partition that is about to be dropped; their mark is not committed yet."""
    await store.put_readings(NOW - timedelta(days=200), NOW)
    late = NOW - timedelta(days=150, seconds=7)
    async with store.database.transaction() as connection:
        await run(connection, ADD, at=late)
        closing = asyncio.create_task(store.tables.maintain(NOW, RETENTION))
        await asyncio.sleep(0.3)
        await run(
            connection,
            "insert into stale_usage (channel_id, since, until) values (1, %(at)s, %(at)s)",
            at=late,
        )
    await closing
    assert late in {one["read_at"] for one in await store.all(READINGS)}
