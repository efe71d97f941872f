# SPDX-License-Identifier: EUPL-1.2
"""Suppliers, grants instead of plain links to buildings, and the audit log."""

from alembic import op

revision = "0007"
down_revision = "0006"

SIGHT = """
create table suppliers (
    supplier_id text primary key,
    name text not null,
    created_at timestamptz not null default now()
);
alter table service_points add supplier_id text references suppliers;
create index on service_points (supplier_id, premises_id);
alter table users add supplier_id text references suppliers;
alter table tokens add supplier_id text references suppliers;
create table grants (
    grant_id int generated always as identity primary key,
    user_id int not null references users on delete cascade,
    premises_id text not null references premises,
    service_point_ids text[], -- null: all
    since timestamptz, -- null: from the first reading on
    granted_by text not null,
    granted_at timestamptz not null default now(),
    revoked_at timestamptz
);
create unique index on grants (user_id, premises_id) where revoked_at is null;
create index on grants (premises_id);
insert into grants (user_id, premises_id, granted_by)
    select user_id, premises_id, 'system' from user_premises;
drop table user_premises;
"""

AUDIT = """
-- Each entry's hash is of the one before it and of its own text; nobody may change or delete one.
-- An entry names people by their pseudonyms alone ("user:7"), so it can stay when one is erased.
create table audit_log (
    entry_id bigint primary key,
    recorded_at timestamptz not null,
    actor text not null,
    action text not null,
    about text not null,
    premises_id text,
    entry text not null,
    hash bytea not null
);
create index on audit_log (premises_id, entry_id);
create index on audit_log (actor, entry_id);
create index on audit_log (about, entry_id);
-- What of an entry tells of a person: beside the chain, which holds its salted digest only. With
-- the salt gone, nobody can try names against the digest.
create table audit_personal (
    entry_id bigint primary key references audit_log,
    person text not null,
    salt bytea not null,
    content text not null
);
create index on audit_personal (person);
create function append_audit(
    actor text, action text, about text, premises_id text, details jsonb,
    person text, personal jsonb
) returns bigint language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
    last record;
    told record;
begin
    perform pg_advisory_xact_lock(hashtextextended('audit_log', 0));
    select entry_id, hash into last from audit_log order by entry_id desc limit 1;
    select coalesce(last.entry_id, 0) + 1 as entry_id, clock_timestamp() as recorded_at,
        case when personal is not null then
            uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) end as salt
        into told;
    insert into audit_log
    select told.entry_id, told.recorded_at, actor, action, about, premises_id, text,
        sha256(coalesce(last.hash, '') || convert_to(text, 'UTF8'))
    from (select (jsonb_build_object(
        'entry_id', told.entry_id, 'recorded_at', told.recorded_at, 'actor', actor,
        'action', action, 'about', about, 'premises_id', premises_id, 'details', details)
        || case when personal is null then '{}' else jsonb_build_object('person', person,
        'personal', encode(sha256(told.salt || convert_to(personal::text, 'UTF8')), 'hex'))
        end)::text as text) as made;
    if personal is not null then
        insert into audit_personal values (told.entry_id, person, told.salt, personal::text);
    end if;
    return told.entry_id;
end
$$;
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'The audit log is only appended to.';
end
$$;
create trigger audit_log_stays before update or delete or truncate on audit_log
    for each statement execute function refuse_change();
create trigger audit_personal_stays before update or truncate on audit_personal
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(SIGHT)
    driver.execute(AUDIT)
