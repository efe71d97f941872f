# SPDX-License-Identifier: EUPL-1.2
"""Hours, days and months of 1000 meters after a tenth of three million readings came late.

A month of quarter-hourly readings on plain PostgreSQL with the settings we ship. A tenth of them,
chosen at random over all meters and the whole month, comes after the rest was reviewed, in batches
of a day. Every figure must then be the one of a recomputation from all raw readings.

ISKAR_BENCH_SCALE=0.1 takes a tenth of the meters.
"""

import os
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from cloud import migrations
from cloud.kit.database import Database, row, run
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.hypertable import READINGS, Hypertables
from cloud.validation.service import Reviewer
from tests.benchmark.figures import Figure, Figures
from tests.benchmark.many_meters import METERS_A_BUILDING, REGISTRY
from tests.integration.cloud.builders import NOON

SCALE = float(os.environ.get("ISKAR_BENCH_SCALE", "1"))
METERS = round(1000 * SCALE)
DAYS = 31
STEP_S = 900
READINGS_EACH = DAYS * 86400 // STEP_S
SINCE = NOON - timedelta(days=DAYS)
LOADING_S = 600

SENT = """
create unlogged table sent as
select channel_id, to_timestamp({since} + n * {step}::float8) as read_at, n as sequence,
    sum(abs(hashint8(channel_id * 1000003::bigint + n)) % 200)
        over (partition by channel_id order by n)::bigint as register,
    abs(hashint8(n * 1000003::bigint + channel_id)) % 10 = 0 as is_late
from generate_series(1, {meters}) channel_id cross join generate_series(1, {each}) n
"""
ARRIVE = """
insert into readings select channel_id, read_at, 1, sequence, register, read_at, now(), 0 from sent
where is_late = %(late)s order by read_at, channel_id
"""
MARK = """
insert into stale_usage (channel_id, since, until)
select channel_id, min(read_at), max(read_at) from sent where is_late = %(late)s
group by channel_id, date_trunc('day', read_at)
"""
MARK_ALL = """
insert into stale_usage (channel_id, since, until)
select channel_id, min(read_at), max(read_at) from sent group by 1
"""
NEXT = """
insert into readings select channel_id, read_at + {step} * interval '1 s', 1, sequence + 1,
    register + 50, now(), now(), 0 from sent where sequence = {each}
"""
MARK_NEXT = """
insert into stale_usage (channel_id, since, until)
select channel_id, read_at, read_at from readings where sequence = {each} + 1
"""
FIGURES = """
select md5(string_agg(told, E'\n' order by told)) as told, count(*) as rows from (
    {}) every
"""
ROWS = (
    "select '{0} ' || concat_ws(' ', installation_id, interval_start, usage, covered_s, quality)"
    " as told from {0}"
)
TABLES = ("hourly_usage", "daily_usage", "monthly_usage")


async def measure() -> Figures:
    """Review on time, review the late tenth, and compare with a review from scratch."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="iskar-bench-")))
        postgres = EmbeddedPostgres(directory / "postgres")
        await postgres.start(must_own=True)
        stack.push_async_callback(postgres.stop)
        migrations.upgrade(postgres.dsn)
        database = Database(postgres.dsn, 4)
        await database.open()
        stack.push_async_callback(database.close)
        return await _measured(database)


async def _measured(database: Database) -> Figures:
    hypertables = await Hypertables.detect(database)
    reviewer = Reviewer(database, hypertables)
    await hypertables.make_room(READINGS, SINCE, NOON + timedelta(seconds=STEP_S))
    buildings = METERS // METERS_A_BUILDING
    await _do(database, REGISTRY.format(buildings=buildings, each=METERS_A_BUILDING, now=NOON))
    await _do(
        database,
        SENT.format(since=int(SINCE.timestamp()), step=STEP_S, meters=METERS, each=READINGS_EACH),
    )
    taken = {}
    for name, is_late in (("on_time", False), ("late", True)):
        await _do(database, ARRIVE, late=is_late)
        await _do(database, MARK, late=is_late)
        await _do(database, "analyze")
        taken[name] = await _drained(reviewer)
    after_late = await _told(database)
    for table in TABLES:
        await _do(database, f"truncate {table}")
    await _do(database, MARK_ALL)
    from_scratch_s = await _drained(reviewer)
    assert await _told(database) == after_late, "late data left other figures than a recomputation"
    for statement in (NEXT, MARK_NEXT):
        await _do(database, statement.format(step=STEP_S, each=READINGS_EACH))
    live_s = await _drained(reviewer)
    late = METERS * READINGS_EACH / 10
    return [
        Figure("rollup_meters", METERS, f"of {READINGS_EACH} readings each"),
        Figure("rollup_hours", after_late[1], "hours, days and months in all"),
        Figure("rollup_late_readings", late, "a tenth, all over the month"),
        Figure("rollup_after_late_s", taken["late"], "until all hours, days and months are right"),
        Figure("rollup_from_scratch_s", from_scratch_s, "the same from raw readings; it is equal"),
        Figure(
            "rollup_readings_per_s",
            METERS * READINGS_EACH / from_scratch_s,
            "screened and rolled up, from scratch",
        ),
        Figure("rollup_live_meters_per_s", METERS / live_s, "one new reading of each meter"),
    ]


async def _drained(reviewer: Reviewer) -> float:
    began = time.perf_counter()
    await reviewer.drain()
    return time.perf_counter() - began


async def _do(database: Database, statement: str, **parameters: object) -> None:
    async with database.transaction(LOADING_S) as connection:
        await run(connection, f"set local statement_timeout = '{LOADING_S}s'")
        if parameters:
            await run(connection, statement, **parameters)
        else:
            await connection.execute(statement.encode())


async def _told(database: Database) -> tuple[str, int]:
    query = FIGURES.format(" union all ".join(ROWS.format(table) for table in TABLES))
    async with database.transaction(LOADING_S) as connection:
        await run(connection, f"set local statement_timeout = '{LOADING_S}s'")
        found = await row(connection, query)
    assert found is not None
    return found["told"], found["rows"]
