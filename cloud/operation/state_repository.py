# SPDX-License-Identifier: EUPL-1.2
"""How the whole stands, by a few counts over tables of every module: SQL that only reads."""

from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows
from cloud.webhooks.models import FAULT

CALLER = "iskar_caller"  # the role of migration 0014


async def jobs(connection: Connection, now: datetime) -> list[DictRow]:
    """Return of each queue: jobs that are due, their oldest's age, later ones, failed ones.

    What webhooks are to get counts as one more queue, ``webhook_deliveries``.
    """
    return await rows(
        connection,
        "with begun as ("
        "  select job_id, min(at) as at from procrastinate_events"
        "  where type in ('deferred', 'deferred_for_retry') group by 1"
        ") select queue_name as queue,"
        " count(*) filter (where due) as due,"
        " count(*) filter (where status = 'doing') as under_way,"
        " count(*) filter (where status = 'todo' and not due) as later,"
        " count(*) filter (where status in ('failed', 'aborted')) as failed,"
        " coalesce(extract(epoch from max(%(now)s - coalesce(scheduled_at, at))"
        "   filter (where due)), 0)::float8 as oldest_s"
        " from (select *, status = 'todo' and (scheduled_at is null or scheduled_at <= %(now)s)"
        "   as due from procrastinate_jobs) as jobs left join begun on job_id = id"
        " group by 1 union all select 'webhook_deliveries', count(*) filter (where due), 0,"
        " count(*) filter (where not due), 0,"
        " coalesce(extract(epoch from max(%(now)s - due_at) filter (where due)), 0)::float8"
        " from (select due_at, due_at <= %(now)s and disabled_at is null"
        "   and (paused_until is null or paused_until <= %(now)s) as due"
        "   from webhook_deliveries join webhooks using (webhook_id) where state = 'pending')"
        " as deliveries order by 1",
        now=now,
    )


async def workers(connection: Connection, heard_since: datetime) -> int:
    """Return how many workers were alive since then."""
    found = await row(
        connection,
        "select count(*) as alive from procrastinate_workers where last_heartbeat >= %(since)s",
        since=heard_since,
    )
    return int(found["alive"]) if found else 0


async def alerts(connection: Connection) -> list[DictRow]:
    """Return how many alerts there are that haven't ended, by kind and state."""
    return await rows(
        connection,
        "select kind, state, count(*) as alerts from alerts"
        " where state not in ('cleared', 'resolved') group by 1, 2 order by 1, 2",
    )


async def gateways(connection: Connection) -> list[DictRow]:
    """Return each gateway, with when something of it was last committed: ``heard_at`` or None."""
    return await rows(
        connection,
        "select gateways.gateway_id, site, name, max(committed_at) as heard_at,"
        " (select max(created_at) from tokens where tokens.gateway_id = gateways.gateway_id)"
        " as token_at"
        " from gateways left join watermarks using (gateway_id) group by 1, 2, 3 order by 1",
    )


async def silence(connection: Connection, now: datetime) -> DictRow:
    """Return how many gateways were heard within an hour, a day, longer ago, and never."""
    found = await row(
        connection,
        "select count(*) filter (where heard_at >= %(now)s - interval '1 hour') as within_hour,"
        " count(*) filter (where heard_at < %(now)s - interval '1 hour'"
        "   and heard_at >= %(now)s - interval '1 day') as within_day,"
        " count(*) filter (where heard_at < %(now)s - interval '1 day') as longer_ago,"
        " count(*) filter (where heard_at is null) as never"
        " from (select max(committed_at) as heard_at from gateways"
        "   left join watermarks using (gateway_id) group by gateway_id) as heard",
        now=now,
    )
    assert found is not None  # noqa: S101 - counts have a row
    return found


async def review(connection: Connection) -> DictRow:
    """Return how many stale marks wait for the reviewer, and how much quarantine is held."""
    found = await row(
        connection,
        "select (select count(*) from stale_usage) as stale,"
        " (select count(*) from quarantine where replayed_at is null) as quarantined",
    )
    assert found is not None  # noqa: S101 - as above
    return found


async def forecasts(connection: Connection, now: datetime) -> list[DictRow]:
    """Return of series of each utility and level: how old the newest forecast is, and how they are.

    ``by_model`` and ``fallbacks`` count series by their newest forecast; ``coverage_pct`` is what
    share of the last four weeks' hours came out inside the range that was told a day ahead, None
    where nothing was audited; ``use_drifting``, ``error_drifting`` and ``coverage_drifting`` count
    series of which use, errors or coverage drifted within them.
    """
    return await rows(
        connection,
        "select utility, level,"
        " extract(epoch from %(now)s - max(newest.issued_at))::float8 as age_s,"
        " count(*) filter (where fallback_reason is null) as by_model,"
        " count(*) filter (where fallback_reason is not null) as fallbacks,"
        " (sum(coverage90_pct * hours) / nullif(sum(hours), 0))::float8 as coverage_pct,"
        " coalesce(sum(hours), 0)::int as hours,"
        " count(*) filter (where 'use' = any(drifted)) as use_drifting,"
        " count(*) filter (where 'error' = any(drifted)) as error_drifting,"
        " count(*) filter (where 'coverage' = any(drifted)) as coverage_drifting"
        " from demand_series as series"
        " join lateral (select issued_at, fallback_reason from forecast_runs as runs"
        "   where runs.series_id = series.series_id order by issued_at desc limit 1)"
        "   as newest on true"
        " left join lateral (select coverage90_pct, hours from forecast_audits as audits"
        "   where audits.series_id = series.series_id and window_days = 28 and lead = 'day_1'"
        "   and coverage90_pct is not null and audited_on >= (%(now)s - interval '3 days')::date"
        "   order by audited_on desc limit 1) as audited on true"
        " join lateral (select array_agg(what) as drifted from forecast_drifts as drifts"
        "   where drifts.series_id = series.series_id"
        "   and found_at >= %(now)s - interval '28 days') as drifts on true"
        " group by 1, 2 order by 1, 2",
        now=now,
    )


async def webhooks(connection: Connection, since: datetime) -> list[DictRow]:
    """Return each webhook that is off, or of whose attempts since then none came through.

    Those too of which an attempt failed by a fault of ours, and how many those are.
    """
    return await rows(
        connection,
        "select webhook_id, url, disabled_at, disabled_because,"
        " count(attempt_id) as attempts,"
        " count(attempt_id) filter (where status between 200 and 299) as delivered,"
        " count(attempt_id) filter (where starts_with(outcome, %(fault)s)) as faults"
        " from webhooks left join webhook_attempts using (webhook_id)"
        " where attempted_at is null or attempted_at >= %(since)s or disabled_at is not null"
        " group by 1, 2, 3, 4 having disabled_at is not null or (count(attempt_id) > 0"
        "   and count(attempt_id) filter (where status between 200 and 299) = 0)"
        " or count(attempt_id) filter (where starts_with(outcome, %(fault)s)) > 0 order by 1",
        since=since,
        fault=FAULT,
    )


async def sealed(connection: Connection) -> DictRow | None:
    """Return the latest sealed secret of a webhook, None where there is none."""
    return await row(
        connection,
        "select webhook_id, secret from webhook_keys order by key_id desc limit 1",
    )


async def server(connection: Connection) -> dict[str, Any]:
    """Return what database server this is, its size and its clock."""
    found = await row(
        connection,
        "select current_setting('server_version') as version,"
        " current_setting('server_version_num')::int / 10000 as major,"
        " pg_database_size(current_database()) as size_bytes, clock_timestamp() as now,"
        " current_setting('fsync') as fsync, current_setting('max_connections')::int as limit,"
        " (select count(*) from pg_stat_activity) as connections,"
        " (select extversion from pg_extension where extname = 'timescaledb') as timescaledb,"
        " (select rolsuper from pg_roles where rolname = current_user) as is_superuser,"
        " exists (select from pg_roles where rolname = %(caller)s and pg_has_role(oid, 'set'))"
        " as acts_for_callers,"
        " current_setting('archive_mode') as archive_mode",
        caller=CALLER,
    )
    assert found is not None  # noqa: S101 - as above
    return found


async def schema(connection: Connection) -> str | None:
    """Return which schema the database has, None for none."""
    there = await row(connection, "select to_regclass('alembic_version') as there")
    if there is None or there["there"] is None:
        return None
    found = await row(connection, "select version_num from alembic_version")
    return str(found["version_num"]) if found else None
