# SPDX-License-Identifier: EUPL-1.2
"""The matrix of AC-121 at the database: every table, every kind of caller, without any filter.

What a row is about is asked of the system, who may see it is reckoned here anew; what the database
shows must be exactly that. A table or view that isn't told of here fails the test.
"""

from collections.abc import AsyncIterator
from datetime import datetime

import psycopg
import pytest
import pytest_asyncio

from cloud.kit.auth.row_security import NOBODY, seen_as
from cloud.kit.database import rows, run
from cloud.premises.service import all_premises_ids
from tests.integration.cloud import sight_builders
from tests.integration.cloud.sight_builders import SEES, Seen
from tests.integration.cloud.store import Store
from tests.timescaledb import on_both_engines

pytestmark = on_both_engines
# ruff: noqa: S608 - the only texts put in are names of tables and columns

HUNG = (
    "join channels using (channel_id) join installations i on i.node_id = channels.node_id"
    " and channels.obis in (i.obis, replace(i.obis, ':1.0.0', ':2.0.0'))"
)
HUNG_THEN = f"{HUNG} and read_at >= i.valid_from and read_at < coalesce(i.valid_to, '9000-01-01')"
OF_INSTALLATION = "join installations i using (installation_id)"
ALWAYS = "'9000-01-01'::timestamptz"
# Of the rows that callers may see: what tells them apart, what joins them to their service point
# "i", and what instant they are of.
SHOWN = {
    "premises": ("premises_id", "join service_points i using (premises_id)", ALWAYS),
    "service_points": ("service_point_id", "", ALWAYS),
    "installations": ("installation_id", "", "coalesce(valid_to, '9000-01-01')"),
    "meters": (
        "meter_id",
        "join installations i using (meter_id)",
        "coalesce(valid_to, '9000-01-01')",
    ),
    "channels": (
        "node_id, channels.obis",
        HUNG.replace("join channels using (channel_id) ", ""),
        "coalesce(i.valid_to, '9000-01-01')",
    ),
    "stale_usage": ("channel_id", HUNG, "coalesce(i.valid_to, '9000-01-01')"),
    "readings": ("channel_id, readings.read_at", HUNG_THEN, "read_at"),
    "exclusions": ("channel_id, exclusions.read_at", HUNG_THEN, "read_at"),
    "current_readings": ("channel_id", HUNG_THEN, "read_at"),
    "hourly_usage": ("installation_id, interval_start", OF_INSTALLATION, "interval_start"),
    "daily_usage": ("installation_id, interval_start", OF_INSTALLATION, "interval_start"),
    "monthly_usage": ("installation_id, interval_start", OF_INSTALLATION, "interval_start"),
    "usage_gaps": ("installation_id, since", OF_INSTALLATION, "since"),
    "boundary_registers": ("installation_id, at", OF_INSTALLATION, "at"),
    "register_events": ("event_id", "", "at"),
    "corrections": ("correction_id", "", "since"),
    "validation_findings": ("finding_id", "", "started_at"),
    "alerts": ("alert_id", "", "raised_at"),
    "tariff_assignments": ("assignment_id", "", ALWAYS),
    "client_numbers": ("service_point_id, client_numbers.supplier_id", "", "set_at"),
    "rule_switches": ("service_point_id, kind", "", ALWAYS),
    "alert_labels": ("label_id", "join alerts i using (alert_id)", "raised_at"),
}
# The same for everybody: of no building, person or program.
OPEN = {
    *("suppliers", "closed_periods", "pending_refreshes", "tariffs", "tariff_versions"),
    *("weather_places", "weather_hours", "weather_days", "weather_flags"),
}
# Nothing for callers; services ask for them as the system.
CLOSED = {
    *("users", "grants", "sessions", "tokens", "sign_in_failures", "idempotency_keys"),
    *("live_tokens", "token_grants", "identities", "organisation_sign_ins"),
    *("webhooks", "webhook_messages", "webhook_attempts", "audit_log"),
    *("webhook_keys", "webhook_deliveries"),
    "weather_decisions",  # but for a view of the same name that doesn't tell by whom
    *("alert_findings", "alert_events", "subscriptions", "alert_notices"),
    *("accesses", "audit_personal", "account_links", "challenges", "passkeys", "recovery_codes"),
    *("gateways", "nodes", "certificates", "watermarks", "quarantine", "findings", "ledger"),
    *("events", "gateway_notices", "node_commands", "packages", "rollouts"),
    *("procrastinate_events", "procrastinate_jobs", "procrastinate_periodic_defers"),
    *("procrastinate_workers", "alembic_version"),
    # of buildings as a whole and of many: told by cloud.demand.history.sight
    *("demand_series", "demand_imports", "demand_usage"),
    *("forecast_runs", "forecast_audits", "forecast_weeks", "forecast_drifts"),
    "demand_models",
    *("demand_limits", "demand_limit_days"),
    *("budgets", "budget_warnings"),
}
OWN = {"own_points", "own_premises", "own_installations", "own_channels"}  # what policies ask


@pytest_asyncio.fixture
async def full(store: Store) -> AsyncIterator[Store]:
    """Yield a database that has rows of every kind."""
    await sight_builders.fill(store.database, store.tables)
    yield store


async def _keys(store: Store, query: str) -> set[tuple[object, ...]]:
    async with store.database.transaction() as connection:
        return {tuple(one.values()) for one in await rows(connection, query)}


def _may_see(seen: Seen, point: str, at: datetime) -> bool:
    if point not in seen:
        return False
    since = seen[point]
    return since is None or at >= since


async def _relations(store: Store) -> set[str]:
    """Return every table and view of ours; parts of tables are read through them alone."""
    return {
        str(name)
        for (name,) in await _keys(
            store,
            "select relname from pg_class where relnamespace in ('public'::regnamespace,"
            " 'seen'::regnamespace) and relkind in ('r', 'p', 'v', 'm', 'f')"
            " and not relispartition",
        )
    }


async def test_every_table_is_told_of(full: Store) -> None:
    assert await _relations(full) == {*SHOWN, *OPEN, *CLOSED, *OWN}


async def test_every_caller_sees_of_every_table_exactly_what_is_theirs(full: Store) -> None:
    counted, wrong = 0, []
    for table, (key, join, at) in SHOWN.items():
        point = "i.service_point_id" if join else "service_point_id"
        columns = ", ".join(name if "." in name else f"{table}.{name}" for name in key.split(", "))
        truth = await _keys(
            full,
            f"select distinct {columns}, {point} as point, {at} as about_at from {table} {join}",
        )
        everything = await _keys(full, f"select {columns} from {table}")
        assert len(everything) > 1, table
        for subject, seen in SEES.items():
            theirs = {tuple(one) for *one, where, when in truth if _may_see(seen, where, when)}
            with seen_as(subject):
                shown = await _keys(full, f"select {columns} from {table}")
            counted += len(everything)
            wrong += [(table, subject, one) for one in shown ^ theirs]
    print(f"\nrights at the database: {counted} cells (row x caller), {len(wrong)} wrong")
    assert wrong == []
    assert counted > 5000


async def test_what_is_of_nobody_in_particular_is_the_same_for_all(full: Store) -> None:
    for table in OPEN:
        query = f"select {table}::text as told from {table}"
        everything = await _keys(full, query)
        for subject in SEES:
            with seen_as(subject):
                assert await _keys(full, query) == everything != set()


async def test_everything_else_is_refused_to_callers(full: Store) -> None:
    for table in CLOSED:
        with seen_as("user:1"), pytest.raises(psycopg.errors.InsufficientPrivilege):
            await _keys(full, f"select * from public.{table}")
    for table in ("readings", "hourly_usage", "daily_usage", "monthly_usage"):
        with seen_as("user:1"), pytest.raises(psycopg.errors.InsufficientPrivilege):
            await _keys(full, f"select * from public.{table}")


async def test_parts_of_tables_are_refused_to_callers(full: Store) -> None:
    readable = await _keys(
        full,
        "select relnamespace::regnamespace::text, relname from pg_class where relkind in"
        " ('r', 'p', 'v', 'm', 'f', 'S') and (relispartition or relnamespace::regnamespace::text"
        " not in ('public', 'seen', 'pg_catalog', 'information_schema'))"
        # what the extension itself shows to everybody: how its tables are cut, not what is in them
        " and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')"
        " and has_table_privilege('iskar_caller', oid, 'select')",
    )
    assert readable == set()


async def test_callers_write_nothing(full: Store) -> None:
    writable = await _keys(
        full,
        "select relname from pg_class where relnamespace in ('public'::regnamespace,"
        " 'seen'::regnamespace) and relkind in ('r', 'p', 'v', 'm', 'f')"
        " and has_table_privilege('iskar_caller', oid,"
        " 'insert, update, delete, truncate, references, trigger')",
    )
    assert writable == set()
    for schema in ("public", "seen"):
        [(may,)] = await _keys(
            full, f"select has_schema_privilege('iskar_caller', '{schema}', 'create')"
        )
        assert not may


async def test_callers_run_nothing_with_the_rights_of_others_but_what_tells_their_sight(
    full: Store,
) -> None:
    runnable = await _keys(
        full,
        "select proname from pg_proc where prosecdef and pronamespace in"
        " ('public'::regnamespace, 'seen'::regnamespace)"
        " and has_function_privilege('iskar_caller', oid, 'execute')",
    )
    assert runnable == {("granted",), ("districts",), ("district_usage",)}


async def test_a_forgotten_filter_shows_nothing_of_others(full: Store) -> None:
    with seen_as("user:3"):
        async with full.database.transaction() as connection:
            assert await all_premises_ids(connection) == ["p-two"]


async def test_a_request_whose_caller_nobody_asked_for_is_shown_nothing(full: Store) -> None:
    with seen_as(NOBODY):
        assert await _keys(full, "select premises_id from premises") == set()


async def test_a_grant_that_is_revoked_shows_nothing_any_more(full: Store) -> None:
    with seen_as("user:1"):
        assert await _keys(full, "select premises_id from premises") == {("p-one",)}
        async with full.database.transaction(as_system=True) as connection:
            await run(connection, "update grants set revoked_at = now() where user_id = 1")
        assert await _keys(full, "select premises_id from premises") == set()


async def test_the_dashboards_role_reads_everything_but_people(full: Store) -> None:
    readable = await _keys(
        full,
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in"
        " ('r', 'p', 'v', 'm') and not relispartition"
        " and has_table_privilege('iskar_observer', oid, 'select')",
    )
    assert {name for (name,) in readable} == {*SHOWN, *OPEN, "gateways", "nodes"} - {
        "client_numbers"  # tell of people, and no board needs them
    }
    async with full.database.transaction() as connection:
        await run(connection, "set local role iskar_observer")
        everything = await rows(connection, "select * from premises")
    assert len(everything) == 3
