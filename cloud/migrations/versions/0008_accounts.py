# SPDX-License-Identifier: EUPL-1.2
"""Second factors, sessions that turn over, links that work once, and shares of a building."""

from alembic import op

revision = "0008"
down_revision = "0007"

PEOPLE = """
alter table users alter password_hash drop not null; -- null: invited, or an organisation's
alter table users
    add language text not null default 'bg' check (language in ('bg', 'en')),
    add disabled_at timestamptz,
    add handle bytea not null default decode(replace(gen_random_uuid()::text, '-', ''), 'hex'),
    add totp_secret bytea, -- sealed; see cloud/kit/sealing.py
    add totp_confirmed_at timestamptz,
    add totp_last_step bigint, -- the thirty seconds of the last code that was taken
    add code_failures int not null default 0; -- wrong codes since the last right one
create unique index on users (handle);
create table recovery_codes (
    code_hash bytea primary key,
    user_id int not null references users on delete cascade
);
create index on recovery_codes (user_id);
create table passkeys (
    credential_id bytea primary key,
    user_id int not null references users on delete cascade,
    name text not null,
    public_key bytea not null,
    sign_count bigint not null,
    created_at timestamptz not null,
    used_at timestamptz
);
create index on passkeys (user_id);
create table challenges (
    challenge bytea primary key,
    user_id int references users on delete cascade, -- null: of somebody who signs in
    expires_at timestamptz not null
);
create index on challenges (expires_at);
create table account_links (
    link_hash bytea primary key,
    user_id int not null references users on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index on account_links (user_id);
"""

SESSIONS = """
alter table sessions
    add session_id uuid not null default gen_random_uuid(),
    add proved text[] not null default '{password}',
    add fresh_at timestamptz, -- when who sits there was last proved
    add seen_at timestamptz not null default now(),
    add renewed_at timestamptz not null default now(),
    add next_hash bytea, -- the token that takes over on its first use
    add next_made_at timestamptz,
    add previous_hash bytea, -- the token before, and how long it is still taken
    add previous_until timestamptz,
    add address text not null default '',
    add agent text not null default '';
create unique index on sessions (session_id);
create unique index on sessions (next_hash);
create unique index on sessions (previous_hash);
create index on sessions (user_id);
create index on sign_in_failures (email, failed_at);
create index on sign_in_failures (address, failed_at);
"""

SHARES = """
alter table grants
    add kind text not null default 'owner' check (kind in ('owner', 'tenant', 'caretaker')),
    add label text; -- how who shared calls who it is shared with; null: not shared
"""


def upgrade() -> None:
    """Change the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    for tables in (PEOPLE, SESSIONS, SHARES):
        driver.execute(tables)
