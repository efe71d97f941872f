# SPDX-License-Identifier: EUPL-1.2
"""What gateways themselves have to say, and the tokens that they ask for themselves."""

from alembic import op

revision = "0004"
down_revision = "0003"

NOTICES = """
-- Numbered by the outbox of one gateway store; noticed_at is the gateway's word, stored_at ours.
create table gateway_notices (
    gateway_id text not null,
    store text not null,
    number bigint not null,
    kind text not null,
    detail jsonb not null,
    noticed_at timestamptz not null,
    stored_at timestamptz not null default now(),
    notice_id bigint generated always as identity,
    primary key (gateway_id, store, number)
);
create unique index on gateway_notices (gateway_id, notice_id);
"""

TOKENS = """
-- Of a token that a gateway asked for itself and has not used yet: when it ends unless it is used.
alter table tokens add column unused_until timestamptz;
create index on tokens (gateway_id);
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(NOTICES)
    driver.execute(TOKENS)
