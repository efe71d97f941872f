# SPDX-License-Identifier: EUPL-1.2
"""Alerts with one life, and who wants to hear of them."""

from alembic import op

revision = "0011"
down_revision = "0010"

LIFE = """
alter table alerts rename column cleared_at to resolved_at;
alter table alerts drop constraint alerts_state_check;
update alerts set state = 'resolved' where state = 'cleared';
alter table alerts
    add constraint alerts_state_check
        check (state in ('raised', 'acknowledged', 'reopened', 'resolved')),
    add column opened_at timestamptz, -- since when without a pause; the last time, if resolved
    add column ended_by_hand_at timestamptz,
    add column snoozed_until timestamptz,
    add column woken_at timestamptz; -- when a snooze last ran out
update alerts set opened_at = raised_at;
alter table alerts alter column opened_at set not null;
-- An alert is of several findings: of rules, of gateways, of a leak that comes back.
alter table alerts drop constraint alerts_gateway_id_finding_id_key;
create table alert_findings (
    gateway_id text not null,
    finding_id text not null,
    alert_id text not null references alerts,
    raised_at timestamptz not null,
    started_at timestamptz not null,
    flowed_at timestamptz not null, -- it surely flowed then, or later
    cleared_at timestamptz,
    reported_at timestamptz not null,
    lost bigint not null, -- l or Wh
    primary key (gateway_id, finding_id)
);
create index on alert_findings (alert_id);
insert into alert_findings
    select gateway_id, finding_id, alert_id, raised_at, started_at, raised_at, resolved_at,
        reported_at, coalesce(volume_l, energy_wh)
    from alerts;
create table alert_events (
    event_id bigint generated always as identity primary key,
    alert_id text not null references alerts,
    verb text not null,
    state text not null,
    happened_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    actor text not null, -- user:ID, token:ID, gateway:ID or system
    note text not null default ''
);
create index on alert_events (alert_id, event_id);
insert into alert_events (alert_id, verb, state, happened_at, actor)
    select alert_id, verb, verb, happened_at, actor from alerts cross join lateral (values
        ('raised', raised_at, 'gateway:' || gateway_id),
        ('acknowledged', acknowledged_at, coalesce(acknowledged_by, 'system')),
        ('resolved', resolved_at, 'gateway:' || gateway_id)
    ) as told (verb, happened_at, actor)
    where happened_at is not null order by happened_at;
"""

PEOPLE = """
-- Who wants to hear of which alerts, and how. The key stands in links and jobs, never the owner.
create table subscriptions (
    subscription_key text primary key,
    owner text not null,
    subscription_id text not null,
    channel text not null check (channel in ('email', 'push')),
    language text not null check (language in ('bg', 'en')),
    premises_id text references premises, -- null: every building that the owner may see
    utilities text[] not null, -- empty: all; kinds and severities likewise
    kinds text[] not null,
    severities text[] not null,
    quiet_from smallint check (quiet_from between 0 and 1439), -- minutes of the local day
    quiet_to smallint check (quiet_to between 0 and 1439),
    push_endpoint text,
    push_key text,
    push_auth text,
    created_at timestamptz not null,
    ended_at timestamptz,
    ended_because text,
    unique (owner, subscription_id),
    check ((quiet_from is null) = (quiet_to is null)),
    check ((channel = 'push') = (push_endpoint is not null)),
    check ((push_endpoint is null) = (push_key is null)),
    check ((push_endpoint is null) = (push_auth is null))
);
create index on subscriptions (premises_id);
-- One notice for each event, subscription and so channel, however often its job runs.
create table alert_notices (
    event_id bigint not null references alert_events,
    subscription_key text not null references subscriptions on delete cascade,
    queued_at timestamptz not null,
    due_at timestamptz not null,
    claimed_until timestamptz, -- somebody is sending it
    sent_at timestamptz, -- or given up for good, see outcome
    outcome text,
    primary key (event_id, subscription_key)
);
create index on alert_notices (subscription_key);
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(LIFE)
    driver.execute(PEOPLE)
