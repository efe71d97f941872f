# SPDX-License-Identifier: EUPL-1.2
"""Tokens with a purpose and an end; organisations that sign in elsewhere."""

from alembic import op

revision = "0009"
down_revision = "0008"

TOKENS = """
alter table tokens alter column premises_ids drop not null;
alter table tokens
    add user_id int references users on delete cascade, -- who it acts for; null: a program's own
    add scopes text[], -- the rights it was made for; null: all that its role has
    add hint text, -- its first characters, to tell it from others
    add expires_at timestamptz, -- null: never, for gateways only
    add last_used_at timestamptz,
    add revoked_at timestamptz;
create index on tokens (user_id) where user_id is not null;
-- Programs' tokens of earlier releases had no end.
update tokens set expires_at = now() + interval '1 year' where role <> 'gateway';
alter table tokens add constraint tokens_end check (role = 'gateway' or expires_at is not null);

alter table users add column if not exists disabled_at timestamptz;

-- Tokens that weren't revoked and whose person is what they were when they made it: a token may
-- lose with its person, and never win. Whether its time is over is for who knows the time to ask.
create view live_tokens as
    select tokens.* from tokens left join users using (user_id)
    where revoked_at is null and (user_id is null or (users.disabled_at is null
        and users.role = tokens.role
        and users.supplier_id is not distinct from tokens.supplier_id));

-- Which buildings a token sees: a person's what was granted to them, and no more than it was made
-- for; a program's what it was given.
create view token_grants as
    select token_id, role, grants.premises_id, grants.service_point_ids, grants.since
    from live_tokens join grants using (user_id)
    where grants.revoked_at is null
        and (premises_ids is null or grants.premises_id = any (premises_ids))
    union all
    select token_id, role, unnest(premises_ids), null, null from live_tokens where user_id is null;
"""

ORGANISATIONS = """
alter table users alter column password_hash drop not null; -- null: signs in elsewhere

-- Who somebody is at their organisation's identity provider.
create table identities (
    issuer text not null,
    subject text not null,
    user_id int not null references users on delete cascade,
    linked_at timestamptz not null,
    last_sign_in_at timestamptz not null,
    primary key (issuer, subject)
);
create index on identities (user_id);

-- A sign-in under way at an identity provider; used once, by the browser that began it.
create table organisation_sign_ins (
    state_hash bytea primary key,
    browser_hash bytea not null,
    organisation_id text not null,
    nonce text not null,
    code_verifier text not null,
    return_to text not null,
    expires_at timestamptz not null
);
create index on organisation_sign_ins (expires_at);
"""


def upgrade() -> None:
    """Change the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(TOKENS)
    driver.execute(ORGANISATIONS)
