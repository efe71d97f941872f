# SPDX-License-Identifier: EUPL-1.2
"""What else a finding says of a leak, and which of them people called ordinary use."""

from alembic import op

revision = "0006"
down_revision = "0005"

FINDINGS = """
alter table alerts
    add column utility text,
    add column kinds text[],
    add column flow_low_l_per_h bigint,
    add column flow_high_l_per_h bigint,
    add column flow_w bigint,
    add column flow_low_w bigint,
    add column flow_high_w bigint,
    add column energy_wh bigint,
    add column ordinary_use text not null default '',
    add column clears_when text not null default '',
    add column hours jsonb not null default '[]', -- those that convinced: [[Unix s, l or Wh], ...]
    alter column flow_l_per_h drop not null,
    alter column volume_l drop not null;
update alerts set kinds = array[kind], utility = case
        when reading_type like '%water' then 'water'
        when reading_type like 'electricity%' then 'electricity'
        else reading_type end
    from service_points where service_points.service_point_id = alerts.service_point_id;
alter table alerts
    alter column utility set not null,
    alter column kinds set not null,
    add check ((flow_l_per_h is null) <> (flow_w is null)),
    add check ((volume_l is null) <> (energy_wh is null));
"""

LABELS = """
-- What sort of ordinary use an alert was, by somebody's word. Never deleted: undoing is one, too.
create table alert_labels (
    label_id text primary key,
    alert_id text not null references alerts,
    label text not null check (label in ('irrigation', 'pool', 'cooling', 'other')),
    note text not null,
    labelled_by text not null,
    labelled_at timestamptz not null,
    undone_by text,
    undone_at timestamptz
);
create unique index on alert_labels (alert_id) where undone_at is null;
create index on alert_labels (alert_id);
create index on alerts (service_point_id);
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(FINDINGS)
    driver.execute(LABELS)
