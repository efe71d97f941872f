# SPDX-License-Identifier: EUPL-1.2
"""Bytes on disk of a reading and of an hour's usage, indexes included: plain and compressed.

Four weeks of quarter-hourly readings from several simulated cities, in the tables as the migration
makes them: in native partitions of PostgreSQL, and in hypertables of TimescaleDB, where all chunks
are compressed. Compressed bytes depend on what was measured; these are what our cities use.
"""

import asyncio
import itertools
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from cloud import migrations
from cloud.kit.database import Database
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.hypertable import HOURLY, READINGS, Hypertables, Retention
from simulators.city import read_city
from simulators.flows import shown_by
from simulators.usage import Usage
from tests import timescaledb
from tests.benchmark.figures import Figure, Figures

CITIES = 6
SINCE = datetime(2026, 3, 5, tzinfo=UTC)  # a Thursday, on which chunks of seven days begin
DAYS = 28
STEP_S = 900
UNTIL = SINCE + timedelta(days=DAYS)
KEEP_ALL = Retention(raw_days=100_000, hourly_days=100_000, daily_days=100_000)

TYPES = {
    READINGS: ("int4", "timestamptz", "int4", "int4", "int8", "timestamptz", "timestamptz", "int2"),
    HOURLY: ("int4", "timestamptz", "int8", "int4", "int2", "timestamptz"),
}
PLAIN_SIZE = (
    "select sum(pg_total_relation_size(relid)) from pg_partition_tree(%s::regclass) where isleaf"
)
HYPERTABLE_SIZE = "select sum(total_bytes) from chunks_detailed_size(%s::regclass)"


async def measure() -> Figures:
    """Write the same rows into both and weigh them."""
    rows = {READINGS: sorted(_readings(), key=lambda row: row[1])}
    rows[HOURLY] = _hours(rows[READINGS])
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        postgres = EmbeddedPostgres(Path(directory))
        await postgres.start(must_own=True)
        plain = await _weighed(postgres.dsn, rows, PLAIN_SIZE)
        await postgres.stop()
    with timescaledb.served() as dsn:
        compressed = await _weighed(dsn, rows, HYPERTABLE_SIZE)
    figures = [Figure("stored_readings", len(rows[READINGS]), "of which the bytes are the mean")]
    for table, what in ((READINGS, "reading"), (HOURLY, "hour")):
        figures += [
            Figure(f"bytes_per_{what}_plain", plain[table], "native partitions, with index"),
            Figure(f"bytes_per_{what}_compressed", compressed[table], "TimescaleDB, with index"),
        ]
    return figures


def _readings() -> Iterator[tuple[object, ...]]:
    """Yield what the cities' meters showed, as live telegrams bring it."""
    city = read_city()
    chance = random.Random(1)  # noqa: S311 - not a secret
    channels = itertools.count(1)
    since_s, until_s = int(SINCE.timestamp()), int(UNTIL.timestamp())
    for seed in range(CITIES):
        usage = Usage(city, seed)
        for point in city.service_points.values():
            channel, show, register = next(channels), shown_by(city, point), point.start_register
            for sequence, at_s in enumerate(range(since_s, until_s, STEP_S), 1):
                register += usage.own_use(point, (at_s - STEP_S) * 1000, at_s * 1000)
                read_at = datetime.fromtimestamp(at_s, UTC)
                received_at = read_at + timedelta(milliseconds=chance.randint(40, 400))
                stored_at = received_at + timedelta(microseconds=chance.randint(200_000, 1_200_000))
                yield channel, read_at, 3, sequence, show(register), received_at, stored_at, 0


def _hours(readings: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return the usage of each whole hour between readings, in order of time."""
    before: dict[object, int] = {}
    hours = []
    for channel, read_at, _, _, register, received_at, *_ in readings:
        assert isinstance(read_at, datetime)
        assert isinstance(register, int)
        if read_at.minute:
            continue
        if channel in before:
            start = read_at - timedelta(hours=1)
            hours.append((channel, start, register - before[channel], 3600, 0, received_at))
        before[channel] = register
    return hours


async def _weighed(
    dsn: str, rows: dict[str, list[tuple[object, ...]]], size: str
) -> dict[str, float]:
    """Write the rows, compress them where that can be, and return the bytes of one by table."""
    await asyncio.to_thread(migrations.upgrade, dsn)
    database = Database(dsn, 2)
    await database.open()
    tables = await Hypertables.detect(database)
    for table, its_rows in rows.items():
        await tables.make_room(table, SINCE, UNTIL)
        async with database.transaction(timeout_s=600) as connection:
            statement = f"copy {table} from stdin (format binary)".encode()
            async with connection.cursor().copy(statement) as copy:
                copy.set_types(TYPES[table])
                for row in its_rows:
                    await copy.write_row(row)
    await tables.maintain(UNTIL + timedelta(days=365), KEEP_ALL)
    await database.close()
    weighed = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table, its_rows in rows.items():
            [found] = connection.execute(size, [table]).fetchone() or [0]
            weighed[table] = int(found) / len(its_rows)
    return weighed
