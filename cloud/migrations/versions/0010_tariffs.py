# SPDX-License-Identifier: EUPL-1.2
"""Tariffs: versions of prices that are never changed, and where they apply."""

from alembic import op

revision = "0010"
down_revision = "0009"

TARIFFS = """
create table tariffs (
    tariff_id text primary key,
    supplier_id text not null references suppliers,
    utility text not null check (utility in ('water', 'gas', 'electricity', 'heat')),
    name_bg text not null,
    name_en text not null
);
-- A correction supersedes; what stood before is kept, so that every bill can be made again.
create table tariff_versions (
    version_id int generated always as identity primary key,
    tariff_id text not null references tariffs,
    valid_from date not null,
    content jsonb not null, -- as schemas.Version has it: prices are texts, exact
    recorded_by text not null,
    recorded_at timestamptz not null,
    superseded_by text,
    superseded_at timestamptz,
    check ((superseded_by is null) = (superseded_at is null))
);
create unique index on tariff_versions (tariff_id, valid_from) where superseded_at is null;
create index on tariff_versions (tariff_id);
create table tariff_assignments (
    assignment_id int generated always as identity primary key,
    service_point_id text not null references service_points,
    tariff_id text references tariffs, -- null: none from that day on
    since date not null,
    assigned_by text not null,
    assigned_at timestamptz not null,
    withdrawn_by text,
    withdrawn_at timestamptz,
    check ((withdrawn_by is null) = (withdrawn_at is null))
);
create unique index on tariff_assignments (service_point_id, since) where withdrawn_at is null;
create index on tariff_assignments (service_point_id);
create function refuse_other_content() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (old.tariff_id, old.valid_from, old.content, old.recorded_by,
        old.recorded_at) is distinct from (new.tariff_id, new.valid_from, new.content,
        new.recorded_by, new.recorded_at) or old.superseded_at is not null then
        raise exception 'A version of a tariff is superseded, never changed.';
    end if;
    return new;
end
$$;
create trigger tariff_versions_stay before update or delete on tariff_versions
    for each row execute function refuse_other_content();
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(TARIFFS)
