# SPDX-License-Identifier: EUPL-1.2
"""Budgets: what people want a month to cost or use at most, and who was warned of which month.

Callers may read none of it by themselves: ``cloud.savings`` asks as the system, for the person who
calls.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = """
create table budgets (
    budget_id bigint generated always as identity primary key,
    owner text not null, -- user:7, or a program's token
    premises_id text not null references premises,
    utility text not null check (utility in ('water', 'electricity', 'gas', 'heat')),
    euro numeric(10, 2) check (euro > 0),
    amount bigint check (amount > 0), -- in the unit of the utility's reading types
    changed_at timestamptz not null,
    unique (owner, premises_id, utility),
    check ((euro is null) <> (amount is null))
);
create table budget_warnings ( -- figures as of the decision, so that repeats are alike
    budget_id bigint not null references budgets on delete cascade,
    month date not null,
    subscription_key text not null,
    owner text not null,
    unit text not null, -- EUR, or the reading types' own
    budget numeric not null,
    so_far numeric not null,
    low numeric, -- null: nobody could tell how the month ends
    middle numeric,
    high numeric,
    days_left int not null,
    is_passed boolean not null,
    queued_at timestamptz not null,
    due_at timestamptz not null,
    claimed_until timestamptz,
    sent_at timestamptz, -- when it was over, however that ended
    outcome text,
    primary key (budget_id, month, subscription_key)
);
create index on budget_warnings (owner);
create index on budget_warnings (queued_at);
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(TABLES)
