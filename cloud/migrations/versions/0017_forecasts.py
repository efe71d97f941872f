# SPDX-License-Identifier: EUPL-1.2
"""Forecasts: what was forecast, by which model, from what was known then, and how it came out.

Callers may read none of it by themselves: ``cloud.demand`` asks as the system, once it is known
that they may see the series (``cloud.demand.history.service``).
"""

from alembic import op

revision = "0017"
down_revision = "0016"

# A forecast's quantiles are single floats in arrays, an element an hour: seven digits, four bytes.
# Stored outside of the row and not compressed, for noise doesn't shrink and costs time.
TABLES = """
create table demand_models (
    model_version text primary key,
    group_id text not null,
    series_ids text[] not null,
    because text not null check (because in ('first', 'age', 'series', 'code', 'drift', 'lost',
        'asked')),
    fitted_at timestamptz not null,
    known_at timestamptz not null, -- nothing that became known later is in it
    data_from timestamptz not null,
    data_until timestamptz not null,
    data_sha256 text not null,
    code text not null,
    learners jsonb not null, -- libraries and their releases
    parameters jsonb not null,
    fit_s real not null,
    scores jsonb not null, -- of its own check, over all series by lead; {} where it had none
    series_scores jsonb not null,
    spread jsonb not null, -- by series: bias and spread of days' errors, over its level
    has_days boolean not null, -- whether days have ranges
    size_bytes int not null,
    dropped_at timestamptz -- the file went; the row stays, for forecasts name it
);
create index on demand_models (group_id, fitted_at desc);

create table forecast_runs (
    run_id bigint generated always as identity primary key,
    series_id text not null references demand_series on delete cascade,
    issued_at timestamptz not null, -- where it begins
    known_at timestamptz not null, -- nothing that became known later is in it
    made_at timestamptz not null,
    model_version text references demand_models,
    fallback_reason text, -- null: it is the model's
    usage_until timestamptz, -- the end of the newest hour that was known; null: none
    weather_known_at timestamptz, -- when the newest weather in it became known
    weather_forecast_share real not null, -- of the hours ahead
    weather_climatology_share real not null,
    p05 real[] not null,
    p50 real[] not null,
    p95 real[] not null,
    first_day date, -- of those below; null: days have no ranges
    sum_p05 real[],
    sum_p50 real[],
    sum_p95 real[],
    peak_p05 real[],
    peak_p50 real[],
    peak_p95 real[],
    check ((model_version is null) <= (fallback_reason is not null)),
    unique (series_id, issued_at)
);
alter table forecast_runs alter p05 set storage external, alter p50 set storage external,
    alter p95 set storage external;
create index on forecast_runs (issued_at);
create function refuse_forecast_change() returns trigger language plpgsql as $$
begin
    raise exception 'A forecast is never changed.';
end
$$;
create trigger never_changed before update on forecast_runs
    for each row execute function refuse_forecast_change();

create table forecast_audits (
    series_id text not null references demand_series on delete cascade,
    audited_on date not null,
    window_days int not null,
    lead text not null,
    hours int not null,
    mae real,
    mape_pct real,
    bias_pct real,
    pinball_pct real,
    coverage90_pct real,
    width90_pct real,
    naive_mae real,
    check_mae real, -- the model's own check told this beforehand
    fallback_pct real not null,
    primary key (series_id, audited_on, window_days, lead)
);
create table forecast_weeks ( -- how models fared after they were fitted, as of the last audit
    series_id text not null references demand_series on delete cascade,
    week_from date not null,
    days int not null,
    error_pct real not null, -- over the level of use
    check_error_pct real, -- the models' own checks told this beforehand
    coverage90_pct real not null,
    model_age_days real not null,
    primary key (series_id, week_from)
);
create table forecast_drifts (
    drift_id int generated always as identity primary key,
    series_id text not null references demand_series on delete cascade,
    what text not null check (what in ('use', 'error', 'coverage')),
    found_at timestamptz not null,
    began_on date not null,
    direction text not null check (direction in ('up', 'down')),
    statistic real not null,
    model_version text references demand_models,
    unique (series_id, what, began_on)
);
create index on forecast_drifts (series_id, found_at desc);

create table demand_limits (
    limit_id text primary key,
    series_id text not null references demand_series on delete cascade,
    supplier_id text references suppliers, -- whose it is; null: an operator's
    quantity text not null check (quantity in ('day_sum', 'day_peak')),
    upper double precision not null check (upper > 0), -- in the unit of the series; a peak an hour
    probability real not null check (probability > 0 and probability < 1),
    days_ahead int not null check (days_ahead between 1 and 7),
    contact text,
    made_by text not null,
    made_at timestamptz not null
);
create index on demand_limits (series_id);
create table demand_limit_days (
    limit_id text not null references demand_limits on delete cascade,
    target_day date not null,
    step int not null, -- of the ladder of probabilities that was told last; 0: called off
    probability real not null,
    told_at timestamptz not null,
    issued_at timestamptz not null,
    primary key (limit_id, target_day)
);
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(TABLES)
