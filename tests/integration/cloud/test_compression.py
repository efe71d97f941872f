# SPDX-License-Identifier: EUPL-1.2
"""Compression on TimescaleDB: what is at rest takes little room, and late data still gets in."""

from datetime import timedelta

import psycopg
import pytest

from cloud.kit.database import rows, run
from cloud.kit.hypertable import DAILY, HOURLY, MONTHLY, READINGS
from tests.integration.cloud.store import HOUR, NOW, RETENTION, Store, local
from tests.timescaledb import on_timescaledb

pytestmark = on_timescaledb

TYPES = ("int4", "timestamptz", "int4", "int4", "int8", "timestamptz", "timestamptz", "int2")
PARTIAL = 8  # a bit of a chunk's status: some of its rows are not compressed


async def chunks(store: Store, table: str) -> tuple[int, int]:
    """Return how many chunks of ``table`` are compressed, and how many are not."""
    async with store.database.transaction() as connection:
        found = await rows(
            connection,
            "select is_compressed from timescaledb_information.chunks"
            " where hypertable_name = %(table)s",
            table=table,
        )
    compressed = sum(one["is_compressed"] for one in found)
    return compressed, len(found) - compressed


async def partly_compressed(store: Store) -> int:
    async with store.database.transaction() as connection:
        found = await rows(
            connection,
            "select 1 from _timescaledb_catalog.chunk where status & %(partial)s > 0",
            partial=PARTIAL,
        )
    return len(found)


async def test_readings_are_compressed_once_they_are_two_weeks_old(store: Store) -> None:
    await store.put_readings(NOW - timedelta(days=60), NOW)
    before = await store.all(READINGS)
    await store.tables.maintain(NOW, RETENTION)
    compressed, open_ones = await chunks(store, READINGS)
    assert compressed >= 6
    assert 2 <= open_ones <= 3
    assert await store.all(READINGS) == before


async def test_readings_35_days_late_get_in_and_a_repeated_key_does_not(store: Store) -> None:
    await store.put_readings(NOW - timedelta(days=60), NOW)
    await store.tables.maintain(NOW, RETENTION)
    late = NOW - timedelta(days=35, minutes=7)
    count = len(await store.all(READINGS))
    key = "insert into readings values (1, %(at)s, %(boot)s, 7, 7, %(at)s, %(at)s, 0)"
    async with store.database.transaction() as connection:
        async with connection.cursor().copy("copy readings from stdin (format binary)") as copy:
            copy.set_types(TYPES)
            await copy.write_row((1, late, 9, 7, 7, late, late, 0))
        await run(connection, key, at=late, boot=10)
    assert len(await store.all(READINGS)) == count + 2
    assert await partly_compressed(store) == 1
    await store.tables.maintain(NOW, RETENTION)
    assert await partly_compressed(store) == 0
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with store.database.transaction() as connection:
            await run(connection, key, at=late, boot=9)
    assert len(await store.all(READINGS)) == count + 2


async def test_hours_changed_in_a_compressed_chunk_reach_their_day_and_month(
    store: Store,
) -> None:
    await store.put_hours(local(2024, 1, 1), local(2024, 7, 1))
    await store.tables.maintain(NOW, RETENTION)
    assert (await chunks(store, HOURLY))[0] >= 2
    before = await store.usages(DAILY)
    await store.put_hours(local(2024, 2, 10, 4), local(2024, 2, 10, 4) + HOUR, usage=1010)
    assert await store.usages(DAILY) == {**before, "2024-02-10": 1240}
    assert (await store.usages(MONTHLY))["2024-02"] == 29 * 240 + 1000
    await store.tables.maintain(NOW, RETENTION)
    assert await store.usages(DAILY) == {**before, "2024-02-10": 1240}
