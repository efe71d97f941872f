# SPDX-License-Identifier: EUPL-1.2
"""The registry, the ledger, readings, alerts, webhooks and access.

The hot tables (telegrams, readings) have no foreign keys: what they refer to is looked up in the
same transaction anyway, is never deleted, and a check per row costs more than the row.
"""

from alembic import op

revision = "0001"
down_revision = None

REGISTRY = """
create table premises (
    premises_id text primary key,
    name_bg text not null,
    name_en text not null,
    kind text not null,
    address text not null,
    district text not null,
    latitude double precision not null,
    longitude double precision not null,
    households int not null,
    floor_area_m2 int not null
);
create table service_points (
    service_point_id text primary key,
    premises_id text not null references premises,
    name_bg text not null,
    name_en text not null,
    reading_type text not null,
    parent_service_point_id text references service_points
);
create index on service_points (premises_id);
create table meters (
    meter_id text primary key,
    serial text not null,
    make text not null,
    model text not null,
    q3_l_per_h int,
    households int,
    unique (make, serial)
);
create table gateways (
    gateway_id text primary key,
    site text not null,
    name text not null
);
create table nodes (
    node_id text primary key,
    gateway_id text not null references gateways,
    board text not null
);
create index on nodes (gateway_id);
-- One register of one meter at one service point, from and to an instant: a register epoch.
create table installations (
    installation_id int generated always as identity primary key,
    service_point_id text not null references service_points,
    meter_id text not null references meters,
    node_id text not null references nodes,
    obis text not null,
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to > valid_from)
);
create unique index on installations (service_point_id) where valid_to is null;
create unique index on installations (node_id, obis) where valid_to is null;
create index on installations (node_id);
create table certificates (
    serial text primary key,
    subject text not null,
    subject_kind text not null check (subject_kind in ('node', 'gateway')),
    usage text not null check (usage in ('client', 'server')),
    issued_at timestamptz not null,
    not_after timestamptz not null,
    certificate_pem text not null
);
create index on certificates (subject);
"""

READINGS = """
-- The ledger: every message of every node, once, as it came.
create table telegrams (
    node_id text not null,
    boot int not null,
    sequence int not null,
    kind text not null,
    read_at timestamptz not null,
    quality smallint not null,
    registers json,
    event json,
    digest uuid not null,
    received_at timestamptz not null,
    stored_at timestamptz not null default now(),
    primary key (node_id, boot, sequence)
);
-- What the ledger says of each installation; can be made anew from it at any time.
create table readings (
    installation_id int not null,
    read_at timestamptz not null,
    boot int not null,
    sequence int not null,
    register bigint not null,
    received_at timestamptz not null,
    quality smallint not null,
    primary key (installation_id, read_at, boot, sequence)
);
create table current_readings (
    installation_id int primary key,
    read_at timestamptz,
    received_at timestamptz,
    boot int,
    sequence int,
    register bigint,
    quality smallint,
    instantaneous_type text,
    instantaneous bigint,
    instantaneous_at timestamptz
);
create table watermarks (
    gateway_id text not null,
    store text not null,
    committed bigint not null,
    committed_at timestamptz not null default now(),
    primary key (gateway_id, store)
);
create table quarantine (
    quarantine_id bigint generated always as identity primary key,
    gateway_id text not null,
    store text not null,
    n bigint,
    kind text,
    reason text not null,
    explanation text not null,
    node_id text,
    entry text not null,
    digest bytea not null,
    quarantined_at timestamptz not null default now(),
    replayed_at timestamptz,
    unique nulls not distinct (gateway_id, store, n, digest)
);
create index on quarantine (node_id) where replayed_at is null;
create table findings (
    finding_id bigint generated always as identity primary key,
    kind text not null,
    node_id text not null,
    boot int not null,
    sequence int not null,
    explanation text not null,
    digest uuid not null,
    found_at timestamptz not null default now(),
    unique (kind, node_id, boot, sequence, digest)
);
"""

ALERTS = """
create table alerts (
    alert_id text primary key,
    gateway_id text not null,
    finding_id text not null,
    premises_id text not null references premises,
    service_point_id text not null references service_points,
    meter_id text,
    kind text not null,
    state text not null check (state in ('raised', 'acknowledged', 'cleared')),
    raised_at timestamptz not null,
    started_at timestamptz not null,
    cleared_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    flow_l_per_h bigint not null,
    volume_l bigint not null,
    confidence smallint not null,
    explanation text not null,
    reported_at timestamptz not null,
    changed_at timestamptz not null default now(),
    unique (gateway_id, finding_id)
);
create index on alerts (premises_id, raised_at);
create index on alerts (changed_at);
create table webhooks (
    webhook_id text primary key,
    owner text not null,
    url text not null,
    utilities text[] not null,
    secret text not null,
    created_at timestamptz not null default now(),
    disabled_at timestamptz,
    disabled_because text
);
create table webhook_messages (
    message_id text primary key,
    type text not null,
    body text not null,
    created_at timestamptz not null default now()
);
create table webhook_attempts (
    attempt_id bigint generated always as identity primary key,
    webhook_id text not null,
    message_id text not null references webhook_messages,
    attempted_at timestamptz not null,
    status int,
    outcome text not null
);
create index on webhook_attempts (webhook_id, message_id);
"""

ACCESS = """
create table users (
    user_id int generated always as identity primary key,
    email text not null unique check (email = lower(email)),
    name text not null,
    role text not null,
    password_hash text not null,
    created_at timestamptz not null default now()
);
create table user_premises (
    user_id int not null references users on delete cascade,
    premises_id text not null references premises,
    primary key (user_id, premises_id)
);
create table sessions (
    session_hash bytea primary key,
    user_id int not null references users on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create table tokens (
    token_id int generated always as identity primary key,
    token_hash bytea not null unique,
    label text not null,
    role text not null,
    premises_ids text[] not null,
    gateway_id text references gateways,
    created_at timestamptz not null default now()
);
create table sign_in_failures (
    email text not null,
    address text not null,
    failed_at timestamptz not null
);
create index on sign_in_failures (failed_at);
"""


def upgrade() -> None:
    """Make the tables."""
    for tables in (REGISTRY, READINGS, ALERTS, ACCESS):
        op.execute(tables)
