# SPDX-License-Identifier: EUPL-1.2
"""A database of the first release becomes the system of record, and loses nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import dict_row

from cloud import migrations
from tests import timescaledb

START = datetime(2025, 12, 31, 12, tzinfo=UTC)
LAST_SEQUENCE = 2**31 - 1

REGISTERED = """
insert into premises values ('p-one', 'Сграда', 'House', 'school', 'a', 'd', 42, 23, 0, 900);
insert into service_points values ('sp-one', 'p-one', 'Вода', 'Water', 'cold_water', null);
insert into meters values ('m-old', '1', 'Zenner', 'ETK'), ('m-new', '2', 'Zenner', 'ETK');
insert into gateways values ('gw-one', 'sofia', 'Basement');
insert into nodes values ('n-one', 'gw-one', 'esp32');
insert into installations (service_point_id, meter_id, node_id, obis, valid_from, valid_to)
values ('sp-one', 'm-old', 'n-one', '8-0:1.0.0', '2025-01-01', '2026-01-01'),
    ('sp-one', 'm-new', 'n-one', '8-0:1.0.0', '2026-01-01', null);
"""
TELEGRAMS = """
insert into telegrams select 'n-one', 1, sequence, 'telegram',
    %(start)s::timestamptz + sequence * interval '1 hour', sequence %% 2,
    json_build_object('8-0:1.0.0', sequence * 1000, '8-0:2.0.0', sequence), null,
    md5(sequence::text)::uuid, %(start)s, %(start)s
from generate_series(1, 48) sequence where sequence <> 7;
insert into telegrams values ('n-one', 1, %(last)s, 'event', %(start)s, 1, null,
    '{"event": "boot", "detail": {"reset": "power"}}', md5('boot')::uuid, %(start)s, %(start)s);
insert into alerts (alert_id, gateway_id, finding_id, premises_id, service_point_id, kind, state,
    raised_at, started_at, flow_l_per_h, volume_l, confidence, explanation, reported_at)
    values ('a-1', 'gw-one', 'f-1', 'p-one', 'sp-one', 'burst', 'acknowledged', %(start)s,
    %(start)s, 1920, 64, 95, 'Far more than ever.', %(start)s);
insert into readings select 1, read_at, boot, sequence, 1, received_at, quality from telegrams;
"""


@pytest.fixture(params=[timescaledb.POSTGRESQL, timescaledb.TIMESCALEDB])
def old_dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield a database as the first release made it."""
    if request.param == timescaledb.TIMESCALEDB:
        with timescaledb.served() as dsn:
            yield dsn
        return
    server = request.getfixturevalue("postgres_dsn")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("create database of_the_first_release")
    yield psycopg.conninfo.make_conninfo(server, dbname="of_the_first_release")


@pytest.fixture
def second_dsn(postgres_dsn: str) -> Iterator[str]:
    """Yield a database of an early release, with its building in it."""
    dsn = psycopg.conninfo.make_conninfo(postgres_dsn, dbname="of_an_early_release")
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("create database of_an_early_release")
    migrations.upgrade(dsn, "0002")
    with psycopg.connect(dsn) as connection:
        connection.execute(REGISTERED)
    yield dsn
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("drop database of_an_early_release with (force)")


def columns(dsn: str) -> list[tuple[object, ...]]:
    """Return every column of every table that is ours."""
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'public' order by 1, ordinal_position"
        ).fetchall()


def test_a_migration_that_fails_midway_leaves_the_old_schema_whole_and_in_use(
    second_dsn: str,
) -> None:
    with psycopg.connect(second_dsn) as connection:  # in the way of a late step, after many others
        connection.execute("create table webhook_deliveries ()")
    before = columns(second_dsn)
    with pytest.raises(Exception, match="webhook_deliveries"):
        migrations.upgrade(second_dsn)
    assert migrations.revision(second_dsn) == "0002"
    assert columns(second_dsn) == before
    with psycopg.connect(second_dsn, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(TELEGRAMS, {"start": START, "last": LAST_SEQUENCE})
        connection.execute("drop table webhook_deliveries")
    migrations.upgrade(second_dsn)
    with psycopg.connect(second_dsn) as connection:
        assert connection.execute("select count(*) from readings").fetchone() == (94,)


def test_tables_that_are_in_use_for_too_long_are_told_of_and_the_schema_stays(
    second_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_S", 0.1)
    monkeypatch.setattr(migrations, "PAUSES_S", (0.01,))
    before = columns(second_dsn)
    with psycopg.connect(second_dsn) as export:
        export.execute("select * from alerts")  # holds the table until the transaction ends
        with pytest.raises(migrations.TablesInUseError, match="in use for too long"):
            migrations.upgrade(second_dsn)
    assert migrations.revision(second_dsn) == "0002"
    assert columns(second_dsn) == before
    migrations.upgrade(second_dsn)
    assert migrations.revision(second_dsn) == migrations.NEWEST


def test_what_was_stored_is_there_after_the_migration(old_dsn: str) -> None:
    migrations.upgrade(old_dsn, "0002")
    with psycopg.connect(old_dsn, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(REGISTERED)
        connection.execute(TELEGRAMS, {"start": START, "last": LAST_SEQUENCE})

    migrations.upgrade(old_dsn)

    with psycopg.connect(old_dsn, row_factory=dict_row) as connection:

        def found(query: str) -> list[tuple[object, ...]]:
            return [tuple(row.values()) for row in connection.execute(query)]

        assert found("select * from channels") == [
            (1, "n-one", "8-0:1.0.0"),
            (2, "n-one", "8-0:2.0.0"),
        ]
        assert found("select node_id, boot, known::text from ledger") == [
            ("n-one", 1, "{[1,7),[8,49),[2147483647,2147483648)}")
        ]
        readings = found("select * from readings where channel_id = 1 order by read_at")
        hour = timedelta(hours=1)
        assert readings == [
            (1, START + n * hour, 1, n, n * 1000, START, START, n % 2)
            for n in range(1, 49)
            if n != 7
        ]
        assert found("select count(*), sum(register) from readings where channel_id = 2") == [
            (47, sum(range(1, 49)) - 7)
        ]
        assert found("select * from events") == [
            ("n-one", 1, LAST_SEQUENCE, "boot", START, 1, {"reset": "power"}, START, START)
        ]
        assert found(
            "select utility, kinds, flow_l_per_h, flow_high_l_per_h, hours from alerts"
        ) == [("water", ["burst"], 1920, None, [])]
        newest = START + 48 * hour
        assert found("select * from current_readings") == [
            (1, newest, START, 1, 48, 48000, 0),
            (2, newest, START, 1, 48, 48, 0),
        ]
        assert found("select channel_id, since, until from stale_usage") == [
            (1, START + hour, newest)
        ]
        assert found("select kind, installation_id, recorded_by from register_events") == [
            ("installation", 1, "migration"),
            ("exchange", 2, "migration"),
        ]
