# SPDX-License-Identifier: EUPL-1.2
"""Two buildings with a row of every kind, people and programs of every kind, and who sees what.

Each building has a main and two flats below it: of the main and flat a the water works of that
building are the supplier, of flat b a heating company that supplies both. The node of sp-one-a is
moved to sp-two-a in between, so that one channel belongs to different buildings at different times.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from psycopg import AsyncConnection

from cloud.kit.database import Database
from cloud.kit.hypertable import HOURLY, READINGS, Hypertables

BEFORE = datetime(2026, 9, 10, 12, tzinfo=UTC)
SINCE = datetime(2026, 10, 1, tzinfo=UTC)  # when the tenant moved in
LATER = datetime(2026, 10, 20, 12, tzinfo=UTC)
MOVED = datetime(2026, 11, 5, tzinfo=UTC)  # the node, from flat one-a to flat two-a
LAST = datetime(2026, 11, 10, 12, tzinfo=UTC)
INSTANTS = (BEFORE, LATER, LAST)

ONE = ("sp-one-main", "sp-one-a", "sp-one-b")
TWO = ("sp-two-main", "sp-two-a", "sp-two-b")

Seen = Mapping[str, datetime | None]  # the service points that somebody sees, and from when on


def _all(*points: str) -> Seen:
    return dict.fromkeys(points)


SEES: dict[str, Seen] = {
    "user:1": _all(*ONE),  # owner of one
    "user:2": {"sp-one-a": SINCE},  # tenant of flat a
    "user:3": _all(*TWO),  # owner of two
    "user:4": _all("sp-one-main", "sp-one-a"),  # the water works of one
    "user:5": _all("sp-one-b", "sp-two-b"),  # the heating company
    "user:6": {},  # owner of one, until that was revoked
    "user:7": {},  # tenant of no flat at all
    "user:8": {},  # municipality, though somebody granted it a building
    "user:9": {},  # a utility that supplies nothing, though somebody granted it a building
    "user:10": {**_all(*TWO), "sp-one-b": LATER},  # owner of two, tenant in one
    "user:11": {},  # a utility without a supplier: not the supplier of points without one
    "token:1": _all(*ONE),  # program of the owner of one
    "token:2": _all("sp-two-main", "sp-two-a"),  # of the water works of two
    "token:3": {},  # for no building
    "token:4": {},  # of the municipality
    "token:5": {},  # a gateway's
    "token:6": {"sp-one-a": SINCE},  # of the tenant: all that they see
    "token:7": {"sp-one-b": LATER},  # of user 10, for building one alone
    "token:8": {},  # of the owner of one, for building two, which isn't theirs
    "token:9": {},  # of the owner of one, until that was revoked
    "token:10": {},  # of the owner of one, revoked itself
    "token:11": {},  # of who is an owner now, and was a tenant when they made it
    # nobody
    "": {},
    "user:999": {},
    "user:": {},
    "user:01x": {},
    "user:1 or true": {},
    "user:99999999999999999999": {},
    "gateway:gw-one": {},
    "operator": {},
}

REGISTRY = """
insert into suppliers values ('water-one', 'W1'), ('water-two', 'W2'), ('heating', 'H'),
    ('nobodys', 'N');
insert into premises select 'p-' || b, 'Сграда', 'House', 'school', 'a', 'Sredets', 42, 23, 4, 90
    from unnest(array['one', 'two', 'empty']) b;
insert into service_points
    select 'sp-' || b || '-' || p, 'p-' || b, p, p, 'cold_water',
        case when p <> 'main' then 'sp-' || b || '-main' end,
        case when p = 'b' then 'heating' else 'water-' || b end
    from unnest(array['one', 'two']) b cross join unnest(array['main', 'a', 'b']) with ordinality
        as point (p, place) order by b, place;
insert into service_points values ('sp-empty', 'p-empty', 'x', 'x', 'cold_water', null, null);
insert into gateways select 'gw-' || b, 's', 'n' from unnest(array['one', 'two']) b;
insert into nodes select 'n-' || n, 'gw-one', 'esp32' from generate_series(1, 8) n;
insert into meters (meter_id, serial, make, model)
    select 'm-' || n, n::text, 'Zenner', 'ETK' from generate_series(1, 9) n;
insert into installations (service_point_id, meter_id, node_id, obis, valid_from, valid_to)
values ('sp-one-main', 'm-1', 'n-1', '8-0:1.0.0', '2025-01-01', null),
    ('sp-one-a', 'm-2', 'n-2', '8-0:1.0.0', '2025-01-01', %(moved)s),
    ('sp-one-a', 'm-3', 'n-3', '8-0:1.0.0', %(moved)s, null),
    ('sp-one-b', 'm-4', 'n-4', '8-0:1.0.0', '2025-01-01', null),
    ('sp-two-main', 'm-5', 'n-5', '8-0:1.0.0', '2025-01-01', null),
    ('sp-two-a', 'm-6', 'n-2', '8-0:1.0.0', %(moved)s, null),
    ('sp-two-b', 'm-7', 'n-6', '8-0:1.0.0', '2025-01-01', null);
insert into channels (node_id, obis)
    select 'n-' || n, obis from generate_series(1, 8) n
    cross join unnest(array['8-0:1.0.0', '8-0:2.0.0', '9-0:1.0.0']) obis order by 1, 2;
"""
OVER_TIME = """
insert into readings select channel_id, at, 1, 1, 1, at, at, 0
    from channels cross join unnest(%(instants)s::timestamptz[]) at;
insert into exclusions select channel_id, at, 1, 1, 'r', 'x'
    from channels cross join unnest(%(instants)s::timestamptz[]) at;
insert into current_readings select channel_id, %(last)s, %(last)s, 1, 1, 1, 0 from channels;
insert into stale_usage (channel_id, since, until)
    select channel_id, %(last)s, %(last)s from channels;
insert into hourly_usage select installation_id, at, 1, 3600, 0, at
    from installations cross join unnest(%(instants)s::timestamptz[]) at;
insert into usage_gaps select installation_id, at, at + interval '1 hour'
    from installations cross join unnest(%(instants)s::timestamptz[]) at;
insert into boundary_registers select installation_id, at, 1, 0
    from installations cross join unnest(%(instants)s::timestamptz[]) at;
"""
AT_POINTS = """
insert into register_events (service_point_id, kind, at, explanation, recorded_by)
    select service_point_id, 'reset', at, 'x', 'x'
    from service_points cross join unnest(%(instants)s::timestamptz[]) at;
insert into corrections (service_point_id, kind, since, until, reason, made_by)
    select service_point_id, 'exclude', at, at + interval '1 hour', 'x', 'x'
    from service_points cross join unnest(%(instants)s::timestamptz[]) at;
insert into validation_findings
        (rule, service_point_id, reading_type, started_at, severity, explanation, evidence)
    select 'r', service_point_id, 'cold_water', at, 'note', 'x', '{}'
    from service_points cross join unnest(%(instants)s::timestamptz[]) at;
insert into alerts (alert_id, gateway_id, finding_id, premises_id, service_point_id, utility, kind,
        kinds, state, raised_at, started_at, opened_at, flow_l_per_h, volume_l, confidence,
        explanation, reported_at)
    select service_point_id || at, 'gw-one', service_point_id || at, premises_id, service_point_id,
        'water', 'burst', '{burst}', 'raised', at, at, at, 1, 1, 1, 'x', at
    from service_points cross join unnest(%(instants)s::timestamptz[]) at;
insert into alert_labels (label_id, alert_id, label, note, labelled_by, labelled_at)
    select alert_id, alert_id, 'pool', 'x', 'x', raised_at from alerts;
insert into rule_switches select service_point_id, 'steady_flow', 'x', %(before)s
    from service_points;
insert into tariffs values ('t-one', 'water-one', 'water', 'Т', 'T');
insert into tariff_versions (tariff_id, valid_from, content, recorded_by, recorded_at)
    values ('t-one', '2026-01-01', '{}', 'user:8', %(before)s);
insert into tariff_assignments (service_point_id, tariff_id, since, assigned_by, assigned_at)
    select service_point_id, 't-one', '2026-01-01', 'user:8', %(before)s from service_points;
insert into client_numbers
    select service_point_id, s.supplier_id, '10020030', 'user:1', at from (values ('nobodys', 0),
        ('heating', 1), ('water-one', 2)) s (supplier_id, place)
    join unnest(%(instants)s::timestamptz[]) with ordinality as i (at, n) on n = place + 1
    cross join service_points;
insert into weather_places (place_id, name_bg, name_en, latitude, longitude, elevation_m, kind,
        source, licence, attribution, day_zone, delay_h)
    values ('sofia', 'С', 'S', 42, 23, 586, 'station', 'x', 'x', 'x', 'UTC', 1);
insert into weather_hours (place_key, interval_start, is_forecast, known_at, temperature_c)
    select place_key, %(before)s, false, %(later)s, 1 from weather_places;
insert into weather_days (place_key, day, is_forecast, known_at, temperature_c)
    select place_key, '2026-09-10', false, %(later)s, 1 from weather_places;
insert into weather_flags (place_key, resolution, rule, column_name, since, until, explanation,
        evidence, checked_at)
    select place_key, 'day', 'r', 'temperature_c', %(before)s, %(later)s, 'x', '{}', %(last)s
    from weather_places;
insert into weather_decisions (place_key, resolution, column_name, kind, steps, since, until,
        reason, decided_by, decided_at)
    select place_key, 'day', 'precipitation_mm', 'shift', -1, %(before)s, %(later)s, 'x',
        'person:8@b.bg', %(last)s
    from weather_places;
insert into closed_periods values ('readings', %(before)s);
insert into pending_refreshes (since, until) values (%(before)s, %(last)s);
"""
PEOPLE = """
insert into users (email, name, role, password_hash, supplier_id) values
    ('1@b.bg', 'x', 'owner', 'x', null), ('2@b.bg', 'x', 'tenant', 'x', null),
    ('3@b.bg', 'x', 'owner', 'x', null), ('4@b.bg', 'x', 'utility', 'x', 'water-one'),
    ('5@b.bg', 'x', 'utility', 'x', 'heating'), ('6@b.bg', 'x', 'owner', 'x', null),
    ('7@b.bg', 'x', 'tenant', 'x', null), ('8@b.bg', 'x', 'municipality', 'x', 'water-one'),
    ('9@b.bg', 'x', 'utility', 'x', 'nobodys'), ('10@b.bg', 'x', 'owner', 'x', 'water-one'),
    ('11@b.bg', 'x', 'utility', 'x', null);
insert into grants (user_id, premises_id, service_point_ids, since, revoked_at, granted_by) values
    (1, 'p-one', null, null, null, 'x'), (2, 'p-one', '{sp-one-a}', %(since)s, null, 'x'),
    (3, 'p-two', null, null, null, 'x'), (6, 'p-one', null, null, %(later)s, 'x'),
    (7, 'p-one', '{}', null, null, 'x'), (8, 'p-one', null, null, null, 'x'),
    (9, 'p-one', null, null, null, 'x'), (10, 'p-two', null, null, null, 'x'),
    (10, 'p-one', '{sp-one-b,sp-two-a}', %(later)s, null, 'x');
insert into tokens (token_hash, label, role, premises_ids, gateway_id, supplier_id, expires_at)
    values ('1', 'x', 'owner', '{p-one}', null, null, '2999-01-01'),
    ('2', 'x', 'utility', '{}', null, 'water-two', '2999-01-01'),
    ('3', 'x', 'owner', '{}', null, null, '2999-01-01'),
    ('4', 'x', 'municipality', '{p-one}', null, null, '2999-01-01'),
    ('5', 'x', 'gateway', '{p-one}', 'gw-one', null, null);
insert into tokens (token_hash, label, role, user_id, premises_ids, expires_at, revoked_at)
    values
    ('6', 'x', 'tenant', 2, null, '2999-01-01', null),
    ('7', 'x', 'owner', 10, '{p-one}', '2999-01-01', null),
    ('8', 'x', 'owner', 1, '{p-two}', '2999-01-01', null),
    ('9', 'x', 'owner', 6, null, '2999-01-01', null),
    ('10', 'x', 'owner', 1, null, '2999-01-01', '2026-01-01'),
    ('11', 'x', 'tenant', 1, null, '2999-01-01', null);
update tokens set supplier_id = users.supplier_id from users where users.user_id = tokens.user_id;
"""


async def fill(database: Database, tables: Hypertables) -> None:
    """Put all of it into an empty database."""
    for table in (READINGS, HOURLY):
        await tables.make_room(table, BEFORE, LAST)
    async with database.transaction() as connection:
        await _run(connection, REGISTRY + OVER_TIME + AT_POINTS + PEOPLE)
        found = await (
            await connection.execute("select array_agg(installation_id) as ids from installations")
        ).fetchone()
        assert found is not None
        await tables.roll_up(connection, found["ids"], BEFORE, LAST)


async def _run(connection: AsyncConnection, script: str) -> None:
    values = {
        "before": BEFORE,
        "since": SINCE,
        "later": LATER,
        "moved": MOVED,
        "last": LAST,
        "instants": list(INSTANTS),
    }
    for statement in script.split(";\n"):
        if statement.strip():
            await connection.execute(statement.encode(), values)
