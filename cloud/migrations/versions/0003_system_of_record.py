# SPDX-License-Identifier: EUPL-1.2
"""Raw readings by channel, register events, corrections, validation, usage by hour, day, month.

The large tables (readings, hourly_usage and what is rolled up from it) are hypertables and
continuous aggregates where the database has TimescaleDB, else native partitions and plain tables;
their columns are the same. They are keyed by meter first and have no foreign keys, so that an
engine may shard them; what they refer to is looked up by whoever writes them.
"""

from datetime import UTC, datetime

import psycopg
from alembic import op

revision = "0003"
down_revision = "0002"

ASIDE = """
alter table readings rename to readings_0001;
alter index readings_pkey rename to readings_0001_pkey;
drop table current_readings;
"""

RAW = """
-- One register or instantaneous quantity of one node, in a number that rows can carry.
create table channels (
    channel_id int generated always as identity primary key,
    node_id text not null,
    obis text not null,
    unique (node_id, obis)
);
-- Which sequences of each boot are in, telegrams and events alike; bigint, because a range ends
-- after its last member, and a sequence may be 2^31 - 1.
create table ledger (
    node_id text not null,
    boot int not null,
    known int8multirange not null,
    primary key (node_id, boot)
);
create table events (
    node_id text not null,
    boot int not null,
    sequence int not null,
    kind text not null,
    read_at timestamptz not null,
    quality smallint not null,
    detail jsonb not null,
    received_at timestamptz not null,
    stored_at timestamptz not null default now(),
    primary key (node_id, boot, sequence)
);
-- The newest by (read_at, boot, sequence).
create table current_readings (
    channel_id int primary key,
    read_at timestamptz not null,
    received_at timestamptz not null,
    boot int not null,
    sequence int not null,
    register bigint not null,
    quality smallint not null
) with (fillfactor = 70);
"""

# As they came, never changed; stored_at says since when it was known to us.
READINGS = """
create table readings (
    channel_id int not null,
    read_at timestamptz not null,
    boot int not null,
    sequence int not null,
    register bigint not null,
    received_at timestamptz not null,
    stored_at timestamptz not null default now(),
    quality smallint not null,
    primary key (channel_id, read_at, boot, sequence)
)
"""

REGISTERS = """
alter table meters
    add register_modulus bigint check (register_modulus > 0),
    add max_per_h bigint check (max_per_h > 0);
-- One that was undone ends where it begins.
alter table installations
    add start_register bigint,
    add final_register bigint,
    drop constraint installations_check,
    add check (valid_to >= valid_from);
create table register_events (
    event_id bigint generated always as identity primary key,
    service_point_id text not null references service_points,
    installation_id int references installations,
    kind text not null
        check (kind in ('installation', 'exchange', 'removal', 'rollover', 'reset')),
    at timestamptz not null,
    register_before bigint,
    register_after bigint,
    explanation text not null,
    recorded_by text not null,
    recorded_at timestamptz not null default now(),
    undone_at timestamptz,
    undone_by text,
    undone_because text
);
create index on register_events (service_point_id, at);
-- exclude, accept: a person's word on raw readings with read_at in [since, until);
-- usage: a person's total over [since, until).
create table corrections (
    correction_id bigint generated always as identity primary key,
    service_point_id text not null references service_points,
    installation_id int references installations,
    kind text not null check (kind in ('exclude', 'accept', 'usage')),
    since timestamptz not null,
    until timestamptz not null check (until > since),
    usage bigint check ((usage is not null) = (kind = 'usage')),
    reason text not null,
    made_by text not null,
    made_at timestamptz not null default now(),
    undone_at timestamptz,
    undone_by text,
    undone_because text
);
create index on corrections (service_point_id, since);
-- The register at each local month's start, and its neighbours; outlives the raw readings.
create table boundary_registers (
    installation_id int not null,
    at timestamptz not null,
    register bigint not null,
    quality smallint not null,
    before_at timestamptz,
    before_register bigint,
    after_at timestamptz,
    after_register bigint,
    primary key (installation_id, at)
);
"""

VALIDATION = """
-- Readings that validation doesn't count; the raw rows stay as they are.
create table exclusions (
    channel_id int not null,
    read_at timestamptz not null,
    boot int not null,
    sequence int not null,
    rule text not null,
    explanation text not null,
    primary key (channel_id, read_at, boot, sequence)
);
-- What has to be reviewed: readings of a channel came in or changed their meaning, from the first
-- of them (since) to the last (until), both included.
create table stale_usage (
    mark_id bigint generated always as identity primary key,
    channel_id int not null,
    since timestamptz not null,
    until timestamptz not null check (until >= since)
);
create index on stale_usage (channel_id);
-- Gaps that were filled by profile: made again when the hours before them change.
create table usage_gaps (
    installation_id int not null,
    since timestamptz not null,
    until timestamptz not null,
    primary key (installation_id, since)
);
create table validation_findings (
    finding_id bigint generated always as identity primary key,
    rule text not null,
    service_point_id text,
    installation_id int,
    reading_type text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    severity text not null check (severity in ('note', 'warning', 'error')),
    explanation text not null,
    evidence jsonb not null,
    found_at timestamptz not null default now(),
    ended_by text,
    unique nulls not distinct (rule, service_point_id, started_at)
);
create index on validation_findings (service_point_id, started_at);
create table idempotency_keys (
    caller text not null,
    key text not null,
    route text not null,
    request_digest bytea not null,
    status int,
    headers jsonb,
    body bytea,
    created_at timestamptz not null default now(),
    primary key (caller, key)
);
create index on idempotency_keys (created_at);
-- Hours that have changed but aren't yet in the continuous aggregates; empty on plain PostgreSQL.
create table pending_refreshes (
    refresh_id bigint generated always as identity primary key,
    since timestamptz not null,
    until timestamptz not null
);
-- Before when the rows of a table were dropped for good: that period is closed.
create table closed_periods (
    table_name text primary key,
    dropped_before timestamptz not null
);
"""

USAGE = """
create table {name} (
    installation_id int not null,
    interval_start timestamptz not null,
    usage bigint,
    covered_s int not null,
    quality smallint not null,
    known_at timestamptz not null,
    primary key (installation_id, interval_start)
)
"""

HYPERTABLES = """
select create_hypertable('readings', by_range('read_at', interval '7 days'),
    create_default_indexes => false);
alter table readings set (timescaledb.compress, timescaledb.compress_segmentby = 'channel_id',
    timescaledb.compress_orderby = 'read_at, boot, sequence');
select create_hypertable('hourly_usage', by_range('interval_start', interval '90 days'),
    create_default_indexes => false);
alter table hourly_usage set (timescaledb.compress,
    timescaledb.compress_segmentby = 'installation_id',
    timescaledb.compress_orderby = 'interval_start');
"""

CONTINUOUS_AGGREGATE = """
create materialized view {name} with (timescaledb.continuous,
    timescaledb.materialized_only = false) as
select installation_id, time_bucket('{length}', interval_start, 'Europe/Sofia') as interval_start,
    sum(usage)::bigint as usage, sum(covered_s)::int as covered_s, bit_or(quality) as quality,
    max(known_at) as known_at
from hourly_usage group by 1, 2 with no data
"""

MOVE = r"""
insert into channels (node_id, obis)
    select distinct node_id, obis from telegrams cross join json_object_keys(registers) obis
    order by 1, 2;
insert into ledger (node_id, boot, known)
    select node_id, boot, range_agg(int8range(sequence, sequence, '[]'))
    from telegrams group by 1, 2;
insert into events
    select node_id, boot, sequence, event ->> 'event', read_at, quality,
        coalesce(event -> 'detail', '{}')::jsonb, received_at, stored_at
    from telegrams where event is not null;
insert into readings
    select channel_id, read_at, boot, sequence, told.register::bigint, received_at, stored_at,
        quality
    from telegrams cross join json_each_text(registers) as told (obis, register)
    join channels using (node_id, obis);
insert into current_readings
    select distinct on (channel_id) channel_id, read_at, received_at, boot, sequence, register,
        quality
    from readings order by channel_id, read_at desc, boot desc, sequence desc;
-- instantaneous quantities have no usage
insert into stale_usage (channel_id, since, until)
    select channel_id, min(read_at), max(read_at) from readings join channels using (channel_id)
    where obis !~ '^([89]-\d+:2\.|7-\d+:43\.|1-\d+:[12]\.7\.|6-\d+:8\.)' group by 1 order by 1;
insert into register_events (service_point_id, installation_id, kind, at, explanation, recorded_by)
    select service_point_id, installation_id,
        case when row_number() over (partition by service_point_id order by valid_from) = 1
            then 'installation' else 'exchange' end,
        valid_from, 'Recorded before register events were kept.', 'migration'
    from installations order by valid_from;
drop table readings_0001, telegrams;
"""


def upgrade() -> None:
    """Make the tables by the driver itself, and move everything over."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    for tables in (ASIDE, RAW, REGISTERS, VALIDATION):
        driver.execute(tables)
    extension = "select 1 from pg_extension where extname = 'timescaledb'"
    if driver.execute(extension).fetchone():
        driver.execute(READINGS)
        driver.execute(USAGE.format(name="hourly_usage"))
        driver.execute(HYPERTABLES)
        for name, length in (("daily_usage", "1 day"), ("monthly_usage", "1 month")):
            driver.execute(CONTINUOUS_AGGREGATE.format(name=name, length=length))
    else:
        driver.execute(f"{READINGS} partition by range (read_at)")
        _make_partitions(driver)
        driver.execute(f"{USAGE.format(name='hourly_usage')} partition by range (interval_start)")
        for name in ("daily_usage", "monthly_usage"):
            driver.execute(f"{USAGE.format(name=name)} with (fillfactor = 70)")
    driver.execute(MOVE)


def _make_partitions(driver: psycopg.Connection) -> None:
    """Make a partition of readings for each month (UTC) that telegrams lie in."""
    months = driver.execute(
        "select distinct date_trunc('month', read_at, 'UTC') from telegrams order by 1"
    )
    for (month,) in months.fetchall():
        since: datetime = month.astimezone(UTC)
        until = datetime(since.year + since.month // 12, since.month % 12 + 1, 1, tzinfo=UTC)
        driver.execute(
            f"create table readings_{since:%Y_%m} partition of readings"
            f" for values from ('{since.isoformat()}') to ('{until.isoformat()}')"
        )
