# SPDX-License-Identifier: EUPL-1.2
"""Webhooks: whose they are, what they want, their keys, and a queue for each of them."""

from alembic import op

revision = "0012"
down_revision = "0011"

WEBHOOKS = """
alter table webhooks
    alter secret drop not null, -- sealed into webhook_keys by the program that has the key
    add supplier_id text references suppliers,
    add all_suppliers boolean not null default false,
    add types text[] not null default '{}',
    add premises_ids text[] not null default '{}',
    add kinds text[] not null default '{}',
    add severities text[] not null default '{}',
    add description text not null default '',
    add contact text,
    add failures int not null default 0, -- attempts in a row that failed
    add failing_since timestamptz,
    add warned_at timestamptz, -- when its owner was told that it fails
    add paused_until timestamptz;
update webhooks set all_suppliers = true where owner in (
    select 'token:' || token_id from tokens where role = 'operator'
    union all select 'user:' || user_id from users where role = 'operator');
update webhooks set disabled_at = now(),
    disabled_because = 'It is not known which utility this belongs to; add it again.'
    where not all_suppliers and disabled_at is null;
create table webhook_keys (
    key_id bigint generated always as identity primary key,
    webhook_id text not null references webhooks on delete cascade,
    secret bytea not null, -- sealed, as is the next
    private_key bytea not null,
    public_key text not null,
    created_at timestamptz not null,
    retires_at timestamptz
);
create index on webhook_keys (webhook_id);
"""

MESSAGES = """
alter table webhook_messages
    add occurred_at timestamptz,
    add supplier_id text,
    add utility text,
    add premises_id text,
    add service_point_id text,
    add kind text,
    add severity text,
    add only_webhook_id text references webhooks on delete cascade;
update webhook_messages set
    occurred_at = created_at,
    premises_id = body::jsonb #>> '{data,premises,premises_id}',
    service_point_id = body::jsonb #>> '{data,service_point,service_point_id}',
    utility = body::jsonb #>> '{data,service_point,utility}',
    kind = body::jsonb #>> '{data,kind}';
alter table webhook_messages alter occurred_at set not null;
create index on webhook_messages (created_at);
create table webhook_deliveries (
    delivery_id bigint generated always as identity primary key,
    webhook_id text not null references webhooks on delete cascade,
    message_id text not null references webhook_messages on delete cascade,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'given_up')),
    attempts int not null default 0,
    queued_at timestamptz not null,
    due_at timestamptz not null, -- while an attempt is made: when it counts as lost
    finished_at timestamptz,
    unique (webhook_id, message_id)
);
create index on webhook_deliveries (webhook_id, due_at) where state = 'pending';
create index on webhook_deliveries (webhook_id, delivery_id);
create index on webhook_deliveries (message_id);
delete from webhook_attempts where webhook_id not in (select webhook_id from webhooks);
alter table webhook_attempts
    drop constraint webhook_attempts_message_id_fkey,
    add foreign key (webhook_id) references webhooks on delete cascade,
    add foreign key (message_id) references webhook_messages on delete cascade,
    add answer text not null default '',
    add duration_ms int;
create index on webhook_attempts (webhook_id, attempt_id);
create index on webhook_attempts (message_id);
"""

# What the first release delivered, gave up, or still had to deliver.
TAKEN_OVER = """
insert into webhook_deliveries
    (webhook_id, message_id, state, attempts, queued_at, due_at, finished_at)
select webhook_id, message_id,
    case when bool_or(status between 200 and 299) then 'delivered' else 'given_up' end,
    count(*), min(attempted_at), max(attempted_at), max(attempted_at)
from webhook_attempts group by webhook_id, message_id;
insert into webhook_deliveries (webhook_id, message_id, queued_at, due_at)
select args ->> 'webhook_id', args ->> 'message_id', now(), now() from procrastinate_jobs
where task_name = 'deliver_webhook' and status in ('todo', 'doing')
    and exists (select from webhooks where webhook_id = args ->> 'webhook_id')
on conflict (webhook_id, message_id)
    do update set state = 'pending', finished_at = null, due_at = excluded.due_at;
delete from procrastinate_jobs where task_name = 'deliver_webhook' and status = 'todo';
"""


def upgrade() -> None:
    """Change the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(WEBHOOKS)
    driver.execute(MESSAGES)
    driver.execute(TAKEN_OVER)
