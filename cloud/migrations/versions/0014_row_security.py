# SPDX-License-Identifier: EUPL-1.2
"""The database itself shows callers only what is theirs.

``iskar_caller`` is the role that answers owners, tenants, utilities and municipalities: see
``cloud.kit.auth.row_security``. It reads ordinary tables through policies. TimescaleDB has no
policies on compressed hypertables and continuous aggregates, so that the large tables are read
through views of the same names in the schema ``seen``, which comes first on the role's search path;
of the tables themselves it may read nothing. What isn't named here, it can't read at all.

``iskar_observer`` reads what callers may, of everybody, for dashboards: no person, and nothing that
somebody signs in with. ``iskar_municipality`` asks for sums over districts and nothing else.
"""

import psycopg
from alembic import op

from cloud.migrations import district_functions

revision = "0014"
down_revision = "0013"

# Roles belong to the whole server: another database's migration may be making them just now, and
# what loses that race is tried again. It takes superuser or CREATEROLE, or somebody who has it.
ROLES = """
do $$
declare
    wanted text;
begin
    foreach wanted in array array['iskar_caller', 'iskar_observer', 'iskar_municipality'] loop
        for attempt in 1..20 loop
            begin
                if not exists (select from pg_roles where rolname = wanted) then
                    execute format('create role %I nologin', wanted);
                end if;
                if wanted = 'iskar_caller' and not pg_has_role(current_user, wanted, 'set') then
                    execute format('grant %I to current_user with inherit false, set true', wanted);
                end if;
                exit;
            exception
                when duplicate_object or unique_violation or internal_error then
                    if attempt = 20 then raise; end if;
                    perform pg_sleep(0.05);
                when insufficient_privilege then
                    raise exception using errcode = 'insufficient_privilege',
                        message = format('%s may not make the role %s that it needs.',
                            current_user, wanted),
                        hint = format('Run as a superuser: create role %1$I nologin; grant %1$I to'
                            ' %2$I with inherit false, set true; and migrate again.',
                            wanted, current_user);
            end;
        end loop;
    end loop;
    if exists (select from pg_roles
            where rolname in ('iskar_caller', 'iskar_observer', 'iskar_municipality')
            and (rolsuper or rolbypassrls or rolcanlogin)) then
        raise exception 'iskar_caller, iskar_observer, iskar_municipality must not be superusers,'
            ' bypass row security or log in.';
    end if;
end
$$;
"""

# Who asks stands in iskar.subject: user:7 or token:3. Whatever else stands there sees nothing.
SIGHT = r"""
create schema seen;
create function seen.id_of(kind text) returns int language sql stable
    set search_path = pg_catalog, pg_temp
    as $$ select substring(current_setting('iskar.subject', true)
        from '^' || kind || ':(\d{1,9})$')::int $$;

-- What was granted to who asks, or the utility that who asks works for: a row is of one or the
-- other. service_point_id is null for all of a building, since for its past.
create function seen.granted() returns table
    (premises_id text, service_point_id text, since timestamptz, supplier_id text)
    language sql stable security definer rows 4 set search_path = pg_catalog, public, pg_temp
as $$
    select premises_id, point, since, null
    from users join grants using (user_id) left join unnest(service_point_ids) point on true
    where user_id = seen.id_of('user') and role in ('owner', 'tenant') and revoked_at is null
        and (service_point_ids is null or point is not null)
    union
    select premises_id, point, since, null
    from token_grants left join unnest(service_point_ids) point on true
    where token_id = seen.id_of('token') and role in ('owner', 'tenant')
        and (service_point_ids is null or point is not null)
    union
    select null, null, null, supplier_id from users
    where user_id = seen.id_of('user') and role = 'utility' and supplier_id is not null
    union
    select null, null, null, supplier_id from live_tokens
    where token_id = seen.id_of('token') and role = 'utility' and supplier_id is not null
$$;

-- The views are for policies and for one another. They have the rights of who made them. Flat
-- joins, so that a row is looked up by its key also for who sees a hundred thousand of them.
create view seen.own_points as
    select point.service_point_id, point.premises_id, own.since
    from seen.granted() own join service_points point on own.supplier_id = point.supplier_id
        or (own.premises_id = point.premises_id
            and coalesce(own.service_point_id, point.service_point_id) = point.service_point_id);
create view seen.own_premises as
    select premises_id from seen.granted() where premises_id is not null
    union all
    select point.premises_id
    from seen.granted() own join service_points point on own.supplier_id = point.supplier_id;
create view seen.own_installations as
    select installation_id, meter_id, node_id, obis, since,
        greatest(valid_from, since) as valid_from, coalesce(valid_to, 'infinity') as valid_to
    from seen.own_points join installations using (service_point_id)
    where since is null or valid_to is null or valid_to > since;
-- The flow or power that is told beside a register, as in wire/reading_types.py.
create function seen.rate_beside(obis text) returns text language sql immutable
    set search_path = pg_catalog, pg_temp
as $$
    select case substring(obis from '^\d+') || substring(obis from ':.*$')
        when '8:1.0.0' then medium || ':2.0.0' when '9:1.0.0' then medium || ':2.0.0'
        when '7:3.0.0' then medium || ':43.0.0' when '6:1.0.0' then medium || ':8.0.0'
        when '1:1.8.0' then medium || ':1.7.0' when '1:2.8.0' then medium || ':2.7.0'
    end from substring(obis from '^[^:]*') medium
$$;
create view seen.own_channels as
    select channel_id, valid_from, valid_to
    from seen.own_installations own join channels on channels.node_id = own.node_id
        and channels.obis = any (array[own.obis, seen.rate_beside(own.obis)]);
create index on installations (meter_id);
create index on installations (service_point_id); -- also of those that ended
"""

READINGS = """
create view seen.readings with (security_barrier) as
    select readings.channel_id, readings.read_at, readings.boot, readings.sequence,
        readings.register, readings.received_at, readings.stored_at, readings.quality
    from seen.own_channels own join public.readings on readings.channel_id = own.channel_id
        and readings.read_at >= own.valid_from and readings.read_at < own.valid_to;
"""
USAGE = """
create view seen.{name} with (security_barrier) as
    select used.installation_id, used.interval_start, used.usage, used.covered_s, used.quality,
        used.known_at
    from seen.own_installations own
    join public.{name} used on used.installation_id = own.installation_id
        and used.interval_start >= coalesce(own.since, '-infinity');
"""
LARGE = ("readings", "hourly_usage", "daily_usage", "monthly_usage")

AT_POINT = (
    "exists (select from seen.own_points own where own.service_point_id = {table}.service_point_id"
    " and {table}.{at} >= coalesce(own.since, '-infinity'))"
)
OF_INSTALLATION = (
    "exists (select from seen.own_installations own"
    " where own.installation_id = {table}.installation_id"
    " and {table}.{at} >= coalesce(own.since, '-infinity'))"
)
ON_CHANNEL = (
    "exists (select from seen.own_channels own where own.channel_id = {table}.channel_id"
    " and {table}.{at} >= own.valid_from and {table}.{at} < own.valid_to)"
)
# Which rows of a table are a caller's, by table.
POLICIES = {
    "premises": "exists (select from seen.own_premises own"
    " where own.premises_id = premises.premises_id)",
    "service_points": "exists (select from seen.own_points own"
    " where own.service_point_id = service_points.service_point_id)",
    "installations": "exists (select from seen.own_installations own"
    " where own.installation_id = installations.installation_id)",
    "meters": "exists (select from seen.own_installations own"
    " where own.meter_id = meters.meter_id)",
    "channels": "exists (select from seen.own_channels own"
    " where own.channel_id = channels.channel_id)",
    "stale_usage": "exists (select from seen.own_channels own"
    " where own.channel_id = stale_usage.channel_id)",
    "current_readings": ON_CHANNEL.format(table="current_readings", at="read_at"),
    "exclusions": ON_CHANNEL.format(table="exclusions", at="read_at"),
    "usage_gaps": OF_INSTALLATION.format(table="usage_gaps", at="since"),
    "boundary_registers": OF_INSTALLATION.format(table="boundary_registers", at="at"),
    "register_events": AT_POINT.format(table="register_events", at="at"),
    "corrections": AT_POINT.format(table="corrections", at="since"),
    "validation_findings": AT_POINT.format(table="validation_findings", at="started_at"),
    "alerts": AT_POINT.format(table="alerts", at="raised_at"),
    "alert_labels": "exists (select from alerts where alerts.alert_id = alert_labels.alert_id)",
    "tariff_assignments": "exists (select from seen.own_points own"
    " where own.service_point_id = tariff_assignments.service_point_id)",
    # of nobody in particular
    "tariffs": "true",
    "tariff_versions": "true",
    "suppliers": "true",
    "closed_periods": "true",
    "pending_refreshes": "true",
}
POLICY = """
alter table {table} enable row level security;
create policy own on {table} for select to iskar_caller using ({rows});
create policy observed on {table} for select to iskar_observer using (true);
grant select on {table} to iskar_caller, iskar_observer;
"""
OWN = ("own_points", "own_premises", "own_installations", "own_channels")


# Open streams that may show too much from now on are ended: cloud/kit/live.py listens.
STREAMS = """
create function tell_of_sight() returns trigger language plpgsql
    set search_path = pg_catalog, public, pg_temp as $$
declare
    id text := to_jsonb(old) ->> (tg_argv[0] || '_id');
begin
    perform pg_notify('iskar_live', case tg_argv[0]
        when 'premises' then json_build_array('sight_changed', id, json_build_object())
        else json_build_array('sight_changed', '',
            json_build_object('subject', tg_argv[0] || ':' || id)) end::text);
    return null;
end
$$;
create trigger sight_may_shrink after update or delete on grants
    for each row execute function tell_of_sight('premises');
create trigger sight_may_shrink after update of premises_id, supplier_id on service_points
    for each row when ((old.premises_id, old.supplier_id)
        is distinct from (new.premises_id, new.supplier_id))
    execute function tell_of_sight('premises');
create trigger sight_may_shrink after delete on sessions
    for each row execute function tell_of_sight('user');
create trigger sight_may_shrink after delete on users
    for each row execute function tell_of_sight('user');
-- not whatever changes: each guess at a code is counted there, too
create trigger sight_may_shrink_now after update on users
    for each row when ((old.role, old.supplier_id, old.disabled_at)
        is distinct from (new.role, new.supplier_id, new.disabled_at))
    execute function tell_of_sight('user');
create trigger sight_may_shrink after delete on tokens
    for each row execute function tell_of_sight('token');
-- whatever changes, but that it is used
create trigger sight_may_shrink_now after update on tokens
    for each row when (to_jsonb(old) - array['last_used_at', 'unused_until']
        is distinct from to_jsonb(new) - array['last_used_at', 'unused_until'])
    execute function tell_of_sight('token');
"""


def upgrade() -> None:
    """Make roles, views and policies by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(ROLES)
    driver.execute(SIGHT)
    driver.execute(STREAMS)
    driver.execute(district_functions.FUNCTIONS)
    driver.execute(READINGS)
    for name in LARGE[1:]:
        driver.execute(USAGE.format(name=name))
    for table, rows in POLICIES.items():
        driver.execute(POLICY.format(table=table, rows=rows))
    _grant(driver)


def _grant(driver: psycopg.Connection) -> None:
    """Let callers read the views, and nobody run what is for the system alone."""
    driver.execute("grant usage on schema seen to iskar_caller")
    for name in LARGE:
        driver.execute(f"grant select on seen.{name} to iskar_caller")
        driver.execute(f"grant select on public.{name} to iskar_observer")
    driver.execute("grant select on gateways, nodes to iskar_observer")
    # policies ask these with the rights of who reads the table
    for name in OWN:
        driver.execute(f"grant select on seen.{name} to iskar_caller")
    driver.execute("revoke execute on all functions in schema seen from public")
    driver.execute("grant execute on all functions in schema seen to iskar_caller")
    driver.execute("grant usage on schema seen to iskar_municipality")
    driver.execute(
        "grant execute on function seen.districts, seen.district_usage to iskar_municipality"
    )
    driver.execute("revoke execute on function append_audit from public")
