# SPDX-License-Identifier: EUPL-1.2
"""Demand data: series of use, the history that utilities bring along, and what is known of both.

Callers may read none of it by themselves: ``cloud.demand.history`` asks as the system and tells
each what they may see, because a series is of a building as a whole, or of many.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

SERIES = """
create table demand_series (
    series_id text primary key,
    name_bg text not null,
    name_en text not null,
    utility text not null check (utility in ('water', 'gas', 'electricity', 'heat')),
    level text not null check (level in ('service_point', 'building', 'district', 'city')),
    unit text not null check (unit in ('l', 'wh')), -- of amounts; of gas one or the other
    supplier_id text references suppliers, -- the utility whose it is; null: of several, or unknown
    premises_id text references premises,
    service_point_id text references service_points,
    district text,
    place_id text references weather_places (place_id), -- whose weather it goes by; null: near
    origin text not null check (origin in ('iskar', 'import')),
    source text, -- who measured it, in words
    licence text, -- on what terms it may be used
    expected_every_h int check (expected_every_h > 0), -- how often use comes; null: just once
    coverage jsonb, -- what of its use is known, as of the last import or night
    made_by text not null,
    made_at timestamptz not null,
    check ((premises_id is not null) = (level in ('service_point', 'building'))),
    check ((service_point_id is not null) = (level = 'service_point')),
    check ((district is not null) = (level = 'district'))
);
create index on demand_series (premises_id);
create index on demand_series (supplier_id);
-- what is summed here by itself is there once
create unique index on demand_series
    (utility, level, coalesce(service_point_id, premises_id, district, '')) where origin = 'iskar';
-- One file that was brought. A later one supersedes what it tells anew, from imported_at on.
create table demand_imports (
    import_id int generated always as identity primary key,
    series_id text not null references demand_series on delete cascade,
    resolution text not null check (resolution in ('hour', 'day', 'month')),
    imported_by text not null,
    imported_at timestamptz not null,
    file_sha256 text not null,
    file_unit text not null,
    rows int not null, -- of the file
    stored int not null, -- intervals that were new, or told otherwise than before
    findings jsonb not null -- what is odd about it; the use itself is kept as it came
);
create index on demand_imports (series_id, import_id);
-- As told, in the series' unit; NaN: told to be unknown, so that an earlier word doesn't count.
create table demand_usage (
    import_id int not null references demand_imports on delete cascade,
    interval_start timestamptz not null,
    usage double precision not null,
    primary key (import_id, interval_start)
);
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(SERIES)
