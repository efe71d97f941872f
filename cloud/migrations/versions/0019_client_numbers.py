# SPDX-License-Identifier: EUPL-1.2
"""Client numbers: what a supplier calls whoever pays for a service point.

A number is of one supplier: another one that takes over has its own. A tenant sees those that were
set since they moved in.
"""

from alembic import op

revision = "0019"
down_revision = "0018"

TABLES = """
create table client_numbers (
    service_point_id text not null references service_points,
    supplier_id text not null references suppliers,
    client_number text not null check (client_number ~ '^[0-9]{4,20}$'),
    set_by text not null,
    set_at timestamptz not null,
    primary key (service_point_id, supplier_id)
);
alter table client_numbers enable row level security;
create policy own on client_numbers for select to iskar_caller using (exists (
    select from seen.own_points own where own.service_point_id = client_numbers.service_point_id
        and client_numbers.set_at >= coalesce(own.since, '-infinity')));
grant select on client_numbers to iskar_caller;
"""


def upgrade() -> None:
    """Make the table by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(TABLES)
