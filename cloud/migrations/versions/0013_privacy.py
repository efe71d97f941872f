# SPDX-License-Identifier: EUPL-1.2
"""Who looked at what."""

from alembic import op

revision = "0013"
down_revision = "0012"

ACCESSES = """
-- How often somebody looked at data of a kind in an hour. An empty premises_id stands for all that
-- they may see (a list), an empty service_point_id for the whole building.
create table accesses (
    hour timestamptz not null,
    subject text not null,
    premises_id text not null,
    service_point_id text not null,
    kind text not null,
    role text not null,
    supplier_id text, -- the utility that they worked for
    looks int not null,
    primary key (hour, subject, premises_id, service_point_id, kind)
);
create index on accesses (premises_id, hour);
create index on accesses (subject, hour);
"""


def upgrade() -> None:
    """Make the table by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(ACCESSES)
