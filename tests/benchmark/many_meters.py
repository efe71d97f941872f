# SPDX-License-Identifier: EUPL-1.2
"""Buildings with five meters each, and years of readings and usage of them, made in the server.

Rows lie on disk in order of time, meters side by side, as they would have come in; partitions get
their indexes when they are full, which is the quick way and leaves the same table.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from cloud.kit.hypertable import DAILY, HOURLY, MONTHLY, READINGS, ZONE
from cloud.kit.partitions import Partition, spanning

METERS_A_BUILDING = 5
WRITERS = 2

REGISTRY = """
with one as (select generate_series(1, {buildings}) n)
insert into premises select 'p-' || n, 'Сграда', 'House', 'residential', 'bul. Vitosha ' || n,
    'Sredets', 42.69, 23.32, 12, 900 from one;
insert into gateways select 'gw-' || n, 'sofia', 'Basement' from generate_series(1, {buildings}) n;
insert into nodes select 'n-' || n, 'gw-' || n, 'esp32' from generate_series(1, {buildings}) n;
create temporary table meter as
    select (n - 1) * {each} + k as id, n, kind, obis
    from generate_series(1, {buildings}) n cross join (values
        (1, 'cold_water', '8-0:1.0.0'), (2, 'hot_water', '9-0:1.0.0'), (3, 'gas', '7-0:3.0.0'),
        (4, 'electricity_import', '1-0:1.8.0'), (5, 'heat', '6-0:1.0.0')) as t (k, kind, obis);
insert into service_points select 'sp-' || id, 'p-' || n, kind, kind, kind from meter;
insert into meters select 'm-' || id, id::text, 'Zenner', 'ETK' from meter;
insert into installations (installation_id, service_point_id, meter_id, node_id, obis, valid_from)
    overriding system value
    select id, 'sp-' || id, 'm-' || id, 'n-' || n, obis, '2000-01-01' from meter;
insert into channels overriding system value select id, 'n-' || n, obis from meter;
insert into current_readings select id, '{now}', '{now}', 1, 1, 1000, 0 from meter;
"""

MINUTES = """
insert into {name}
select channel_id, at, 1, minute - {first} + 1, minute::bigint * 7, at, at, 0
from generate_series({first}, {last}) minute
cross join lateral (select to_timestamp(minute * 60::float8) as at) instant
cross join lateral generate_series(1, {meters} + 0 * minute) channel_id
"""
HOURS = """
insert into {name}
select installation_id, at, 10 + installation_id % 7, 3600, 0, at
from generate_series({first}, {last}) hour
cross join lateral (select to_timestamp(hour * 3600::float8) as at) instant
cross join lateral generate_series(1, {meters} + 0 * hour) installation_id
"""
ROLLED_UP = """
insert into {table}
select installation_id, at, (10 + installation_id % 7) * hours, hours * 3600, 0, ends
from generate_series('{since}'::timestamp, '{until}'::timestamp - interval '1 {unit}',
    interval '1 {unit}') start
cross join lateral (select start at time zone '{zone}' as at,
    (start + interval '1 {unit}') at time zone '{zone}' as ends) bounds
cross join lateral (select extract(epoch from ends - at)::int / 3600 as hours) length
cross join lateral generate_series(1, {meters} + 0 * hours) installation_id;
"""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Rows of a table, every ``step_s`` seconds from ``since`` up to ``until``."""

    table: str
    rows: str
    key: str
    step_s: int
    since: datetime
    until: datetime


def fill(dsn: str, meters: int, now: datetime, *, years: int, minute_days: int) -> None:
    """Register ``meters`` meters, with hours of so many years and minutes of so many days."""
    today = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    began = today.replace(year=today.year - years, month=1, day=1)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            REGISTRY.format(
                buildings=meters // METERS_A_BUILDING, each=METERS_A_BUILDING, now=now.isoformat()
            ).encode()
        )
    minutes = Span(
        table=READINGS,
        rows=MINUTES,
        key="channel_id, read_at, boot, sequence",
        step_s=60,
        since=now - timedelta(days=minute_days),
        until=now,
    )
    hours = Span(
        table=HOURLY,
        rows=HOURS,
        key="installation_id, interval_start",
        step_s=3600,
        since=began,
        until=now,
    )
    _fill_partitions(dsn, meters, (minutes, hours))
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table, unit, until in (
            (DAILY, "day", today),
            (MONTHLY, "month", today.replace(day=1)),
        ):
            connection.execute(
                ROLLED_UP.format(
                    table=table,
                    unit=unit,
                    since=began.date(),
                    until=until.date(),
                    zone=ZONE.key,
                    meters=meters,
                ).encode()
            )
        connection.execute("vacuum (analyze) daily_usage, monthly_usage")
        connection.execute("analyze")


def _fill_partitions(dsn: str, meters: int, spans: Sequence[Span]) -> None:
    work = [(span, one) for span in spans for one in spanning(span.table, span.since, span.until)]
    with ThreadPoolExecutor(WRITERS) as writers:
        for done in [writers.submit(_fill, dsn, meters, span, one) for span, one in work]:
            done.result()


def _fill(dsn: str, meters: int, span: Span, partition: Partition) -> None:
    """Make a partition apart, fill it, index it, attach it: in one transaction."""
    since, until = max(span.since, partition.since), min(span.until, partition.until)
    first = int(since.timestamp()) // span.step_s
    last = int(until.timestamp()) // span.step_s - 1
    name = partition.name
    bounds = f"for values from ('{partition.since}') to ('{partition.until}')"
    with psycopg.connect(dsn) as connection:
        for statement in (
            "set maintenance_work_mem = '512MB'",
            f"create table {name} (like {span.table} including defaults)",
            span.rows.format(name=name, first=first, last=last, meters=meters),
            f"alter table {name} add primary key ({span.key})",
            f"alter table {span.table} attach partition {name} {bounds}",
        ):
            connection.execute(statement.encode())
