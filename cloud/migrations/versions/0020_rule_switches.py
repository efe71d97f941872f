# SPDX-License-Identifier: EUPL-1.2
"""Rule switches: which rules are off at a service point, by whose word and since when."""

from alembic import op

revision = "0020"
down_revision = "0019"

# It shows as the service point itself does: a rule that was switched off before somebody moved in
# is off for them too.
TABLES = """
create table rule_switches (
    service_point_id text not null references service_points,
    kind text not null,
    switched_off_by text not null, -- person:EMAIL or token:LABEL
    switched_off_at timestamptz not null,
    primary key (service_point_id, kind)
);
alter table rule_switches enable row level security;
create policy own on rule_switches for select to iskar_caller using (
    exists (select from seen.own_points own
        where own.service_point_id = rule_switches.service_point_id));
create policy observed on rule_switches for select to iskar_observer using (true);
grant select on rule_switches to iskar_caller, iskar_observer;
"""


def upgrade() -> None:
    """Make the table by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(TABLES)
