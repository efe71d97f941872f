# SPDX-License-Identifier: EUPL-1.2
"""Weather: what stations and grids told, and when they told it.

A row is what one source told of one hour or day at one instant; a correction is a later row, and
nothing is overwritten. A column that is null says nothing. A forecast is rows too, one for each run
and hour: ``known_at`` is the run's. Ten years of hours of forty places are 3.5 million rows and
about 0.4 GB with their index: ordinary tables on both engines.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

WEATHER = """
create table weather_places (
    place_key smallint generated always as identity primary key,
    place_id text not null unique,
    name_bg text not null,
    name_en text not null,
    latitude double precision not null check (latitude between -90 and 90),
    longitude double precision not null check (longitude between -180 and 180),
    elevation_m real not null check (elevation_m between -430 and 8850),
    kind text not null check (kind in ('station', 'grid')),
    source text not null,
    licence text not null,
    attribution text not null,
    day_zone text not null, -- whose midnight its days begin at
    delay_h real not null check (delay_h >= 0), -- how long after its end an hour or day is known
    feed text check (feed in ('open-meteo')) -- where forecasts are fetched; null: nowhere
);
create table weather_hours (
    place_key smallint not null references weather_places,
    interval_start timestamptz not null,
    is_forecast boolean not null,
    known_at timestamptz not null,
    temperature_c real,
    precipitation_mm real,
    humidity_pct real,
    wind_m_per_s real,
    irradiance_w_per_m2 real,
    pressure_hpa real,
    snow_depth_cm real,
    primary key (place_key, is_forecast, interval_start, known_at)
);
create table weather_days (
    place_key smallint not null references weather_places,
    day date not null,
    is_forecast boolean not null,
    known_at timestamptz not null,
    temperature_c real,
    temperature_min_c real,
    temperature_max_c real,
    precipitation_mm real,
    snowfall_cm real,
    snow_depth_cm real,
    snow_water_mm real,
    humidity_pct real,
    wind_m_per_s real,
    wind_max_m_per_s real,
    irradiance_w_per_m2 real,
    pressure_hpa real,
    primary key (place_key, is_forecast, day, known_at)
);
create index on weather_hours (known_at) where is_forecast;
create index on weather_days (known_at) where is_forecast;
create function refuse_other_weather() returns trigger language plpgsql as $$
declare
    told jsonb := jsonb_strip_nulls(to_jsonb(old));
begin
    -- what wasn't told may still be told by another file of the same instant
    if to_jsonb(new) @> told then
        return new;
    end if;
    raise exception 'What was told of the weather is superseded, never changed.';
end
$$;
create trigger weather_stays before update on weather_hours
    for each row execute function refuse_other_weather();
create trigger weather_stays before update on weather_days
    for each row execute function refuse_other_weather();
-- What the last check found; the rows themselves stay as they came.
create table weather_flags (
    flag_id int generated always as identity primary key,
    place_key smallint not null references weather_places,
    resolution text not null check (resolution in ('hour', 'day')),
    rule text not null,
    column_name text not null,
    since timestamptz not null,
    until timestamptz not null,
    explanation text not null,
    evidence jsonb not null,
    checked_at timestamptz not null,
    check (since < until)
);
create index on weather_flags (place_key, since);
-- What somebody decided to read differently: by so many steps earlier or later, or not at all.
create table weather_decisions (
    decision_id int generated always as identity primary key,
    place_key smallint not null references weather_places,
    resolution text not null check (resolution in ('hour', 'day')),
    column_name text not null,
    kind text not null check (kind in ('shift', 'exclude')),
    steps smallint not null check ((kind = 'exclude') = (steps = 0)),
    since timestamptz not null,
    until timestamptz not null,
    reason text not null,
    decided_by text not null,
    decided_at timestamptz not null,
    withdrawn_by text,
    withdrawn_at timestamptz,
    check (since < until),
    check ((withdrawn_by is null) = (withdrawn_at is null))
);
create index on weather_decisions (place_key);
"""
# Of nobody in particular: what is published is the same for all.
OPEN = ("weather_places", "weather_hours", "weather_days", "weather_flags")
GRANT = """
alter table {table} enable row level security;
create policy own on {table} for select to iskar_caller using (true);
create policy observed on {table} for select to iskar_observer using (true);
grant select on {table} to iskar_caller, iskar_observer;
"""
# Who decided something is a person: callers read what was decided, not by whom.
DECIDED = """
create view seen.weather_decisions as
    select decision_id, place_key, resolution, column_name, kind, steps, since, until, reason,
        decided_at, withdrawn_at
    from public.weather_decisions;
grant select on seen.weather_decisions to iskar_caller;
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(WEATHER)
    for table in OPEN:
        driver.execute(GRANT.format(table=table))
    driver.execute(DECIDED)
