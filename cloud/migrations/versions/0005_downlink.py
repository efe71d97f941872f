# SPDX-License-Identifier: EUPL-1.2
"""What operators order of nodes, and the packages that nodes may become."""

from alembic import op

revision = "0005"
down_revision = "0004"

DOWNLINK = """
-- The ids are random: a node takes an id that it knows for the same order, also when a database was
-- restored from yesterday. place orders them.
create table node_commands (
    command_id text primary key,
    place bigint generated always as identity,
    node_id text not null references nodes,
    settings jsonb not null,
    expires_at timestamptz not null,
    ordered_by text not null,
    ordered_at timestamptz not null
);
create index on node_commands (node_id, place);
-- package_id is the digest of content.
create table packages (
    package_id text primary key,
    board text not null,
    firmware text not null,
    content bytea not null,
    added_by text not null,
    added_at timestamptz not null
);
alter table packages alter column content set storage external; -- read by parts, not unpacked
create table rollouts (
    rollout_id text primary key,
    place bigint generated always as identity,
    gateway_id text not null references gateways,
    package_id text not null references packages,
    node_ids text[] not null,
    allows_downgrade boolean not null,
    limit_s int not null,
    settle_s int not null,
    ordered_by text not null,
    ordered_at timestamptz not null,
    stopped_by text,
    stopped_at timestamptz
);
create index on rollouts (gateway_id, place);
-- How orders ended is told by what nodes and gateways say of them.
create index on events ((detail ->> 'id'))
    where kind in ('settings_applied', 'settings_refused', 'command_refused');
create index on gateway_notices ((detail ->> 'id')) where kind = 'command_expired';
create index on gateway_notices ((detail ->> 'rollout'))
    where kind in ('rollout_done', 'rollout_halted');
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(DOWNLINK)
