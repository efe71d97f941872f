# SPDX-License-Identifier: EUPL-1.2
"""Every query of every board against the cloud's own tables, on PostgreSQL and TimescaleDB."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import psycopg
import pytest

from dashboards.build import BOARDS, board_json
from dashboards.queries import sql
from tests import timescaledb
from tests.fakes.grafana import expand
from wire import quality

SOFIA = ZoneInfo("Europe/Sofia")
# 2026-10-25 has 25 hours
FIRST_DAY = datetime(2026, 10, 24, tzinfo=SOFIA)
LAST_DAY = datetime(2026, 10, 26, 23, 59, tzinfo=SOFIA)
CUBIC_METRE_ML = 1_000_000

# What has no hypertable behind it needs partitions, and sums of the hours.
PARTITIONS = """
create table readings_now partition of readings default;
create table hourly_usage_now partition of hourly_usage default
"""
DAYS = """
insert into daily_usage select installation_id, date_trunc('day', interval_start, 'Europe/Sofia'),
    sum(usage), sum(covered_s), bit_or(quality), max(known_at) from hourly_usage group by 1, 2
"""


@pytest.fixture(scope="module", params=[timescaledb.POSTGRESQL, timescaledb.TIMESCALEDB])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield an empty migrated database on either engine."""
    if request.param == timescaledb.TIMESCALEDB:
        served = request.getfixturevalue("timescaledb_dsn")
        timescaledb.empty(served)
        yield served
        return
    with psycopg.connect(request.getfixturevalue("postgres_dsn"), autocommit=True) as postgres:
        postgres.execute("create database dashboards template migrated")
    yield psycopg.conninfo.make_conninfo(
        request.getfixturevalue("postgres_dsn"), dbname="dashboards"
    )


class City:
    """A city in the database, of which only what matters has to be said."""

    def __init__(self, connection):
        self.run = connection.execute
        self.sequence = 0
        kind = self.run("select relkind from pg_class where relname = 'readings'").fetchone()[0]
        self._is_plain = kind in ("p", b"p")
        if self._is_plain:
            self.run(PARTITIONS)
        self.run("insert into gateways values ('gw-1', 'sofia', 'One')")
        self.run("insert into nodes values ('n-1', 'gw-1', 'ESP32-S3-WROOM-1-N16R8')")

    def premises(self, premises_id="p-1", district="Младост"):
        self.run(
            "insert into premises values (%s, %s, 'Block', 'residential', 'street', %s, 42, 23, 1,"
            " 1)",
            (premises_id, f"Блок {premises_id}", district),
        )
        return premises_id

    def installed(
        self, name, premises_id="p-1", reading_type="cold_water", parent=None, since=FIRST_DAY
    ):
        """Install a meter at a new service point and return its installation."""
        self.run(
            "insert into service_points values (%s, %s, %s, %s, %s, %s)",
            (name, premises_id, name, name, reading_type, parent),
        )
        return self.meter(f"m-{name}", name, since)

    def meter(self, meter_id, service_point_id, since):
        self.run("insert into meters values (%s, %s, 'Make', 'Model')", (meter_id, meter_id))
        number = self.run("select count(*) from installations").fetchone()[0] + 1
        code = f"8-{number}:1.0.0"
        self.run("insert into channels (node_id, obis) values ('n-1', %s)", (code,))
        return self.run(
            "insert into installations (service_point_id, meter_id, node_id, obis, valid_from)"
            " values (%s, %s, 'n-1', %s, %s) returning installation_id",
            (service_point_id, meter_id, code, since),
        ).fetchone()[0]

    def taken_down(self, installation_id, at):
        self.run(
            "update installations set valid_to = %s where installation_id = %s",
            (at, installation_id),
        )

    def channel(self, installation_id):
        return self.run(
            "select channel_id from channels join installations using (node_id, obis)"
            " where installation_id = %s",
            (installation_id,),
        ).fetchone()[0]

    def reads(self, installation_id, read_at, register, quality=0):
        self.sequence += 1
        self.run(
            "insert into readings (channel_id, read_at, boot, sequence, register, received_at,"
            " quality) values (%s, %s, 1, %s, %s, %s, %s)",
            (
                self.channel(installation_id),
                read_at,
                self.sequence,
                register,
                read_at,
                quality,
            ),
        )

    def excludes(self, installation_id, read_at):
        self.run(
            "insert into exclusions select channel_id, read_at, boot, sequence, 'spike_up', 'why'"
            " from readings where channel_id = %s and read_at = %s",
            (self.channel(installation_id), read_at),
        )

    def uses(self, installation_id, since, until, per_hour):
        """Use ``per_hour`` in every hour of [since, until)."""
        self.run(
            "insert into hourly_usage select %s, hour, %s, 3600, 0, now()"
            " from generate_series(%s::timestamptz, %s::timestamptz - interval '1 second',"
            " interval '1 hour') hour",
            (installation_id, per_hour, since, until),
        )

    def heard(self, installation_id, at):
        self.run(
            "insert into current_readings values (%s, %s, %s, 1, 1, 1, 0)",
            (self.channel(installation_id), at, at),
        )

    def alert(self, number, service_point_id, state="raised", volume_l=100):
        self.run(
            "insert into alerts (alert_id, gateway_id, finding_id, premises_id, service_point_id,"
            " utility, kind, kinds, state, raised_at, started_at, opened_at, flow_l_per_h,"
            " volume_l, confidence, explanation, reported_at) values (%s, 'gw-1', %s, 'p-1', %s,"
            " 'water', 'continuous_flow', '{continuous_flow}', %s, now(), now(), now(), 60, %s,"
            " 90, 'why', now())",
            (f"a-{number}", f"f-{number}", service_point_id, state, volume_l),
        )

    def shows(self, query, since=FIRST_DAY, until=LAST_DAY, interval="1h"):
        """Return what Grafana would get, as one dict per row."""
        if self._is_plain:
            self.run(DAYS)
        cursor = self.run(expand(query, since, until, interval))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


@pytest.fixture
def city(server):
    with psycopg.connect(server) as connection:
        city = City(connection)
        city.premises()
        yield city
        connection.rollback()


def by_day(rows):
    return {(row["time"].astimezone(SOFIA).date().day, row["metric"]): row["used"] for row in rows}


def a_full_city(city):
    main = city.installed("main")
    city.installed("hot", reading_type="hot_water", parent="main")
    power = city.installed("power", reading_type="electricity_import")
    gas = city.installed("gas", reading_type="gas")
    for installation in (main, power, gas):
        city.uses(installation, FIRST_DAY, LAST_DAY, CUBIC_METRE_ML)
        for hour in range(3):
            city.reads(installation, FIRST_DAY + timedelta(hours=hour), hour * CUBIC_METRE_ML)
    city.heard(main, datetime.now(UTC))
    city.alert(1, "main")


PANELS = [panel for name in BOARDS for panel in json.loads(board_json(name))["panels"]]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_gets_the_shape_it_draws(city, panel):
    a_full_city(city)
    (target,) = panel["targets"]
    rows = city.shows(target["rawSql"])
    assert rows
    shown = [cell for row in rows for name, cell in row.items() if name != "time"]
    assert not any(isinstance(cell, Decimal) for cell in shown)  # Grafana takes them for texts
    if target["format"] == "time_series":
        assert list(rows[0])[:2] == ["time", "metric"]
        assert all(isinstance(row["metric"], str) for row in rows)
        times = [row["time"] for row in rows]
        assert times == sorted(times)
    for override in panel["fieldConfig"]["overrides"]:
        assert override["matcher"]["options"] in rows[0]
    for field in [panel["options"]["reduceOptions"]["fields"]] if panel["type"] == "stat" else []:
        assert field.strip("/^$") in rows[0]


def test_the_25_hour_day_uses_25_hours(city):
    city.uses(city.installed("main"), FIRST_DAY, LAST_DAY, CUBIC_METRE_ML)
    used = by_day(city.shows(sql("use_by_day", "water")))
    assert used == {(24, "Младост"): 24, (25, "Младост"): 25, (26, "Младост"): 24}


def test_a_time_range_that_begins_at_noon_shows_the_whole_first_day(city):
    city.uses(city.installed("main"), FIRST_DAY, LAST_DAY, CUBIC_METRE_ML)
    noon = FIRST_DAY + timedelta(hours=12)
    used = by_day(city.shows(sql("use_by_day", "water"), since=noon))
    assert used[24, "Младост"] == 24


def test_what_a_sub_meter_measures_is_counted_once(city):
    city.uses(city.installed("main"), FIRST_DAY, LAST_DAY, CUBIC_METRE_ML)
    hot = city.installed("hot", reading_type="hot_water", parent="main")
    city.uses(hot, FIRST_DAY, LAST_DAY, CUBIC_METRE_ML)
    assert by_day(city.shows(sql("use_by_day", "water")))[26, "Младост"] == 24


def test_districts_are_told_apart_and_their_buildings_added(city):
    city.premises("p-2", "Младост")
    city.premises("p-3", "Люлин")
    for premises_id in ("p-1", "p-2", "p-3"):
        main = city.installed(f"main-{premises_id}", premises_id)
        city.uses(main, FIRST_DAY, LAST_DAY, CUBIC_METRE_ML)
    used = by_day(city.shows(sql("use_by_day", "water")))
    assert used[26, "Младост"] == 48
    assert used[26, "Люлин"] == 24


def test_a_day_of_which_nothing_is_known_has_no_bar_and_no_zero(city):
    main = city.installed("main")
    city.uses(main, FIRST_DAY, FIRST_DAY + timedelta(hours=1), 0)
    city.uses(main, LAST_DAY - timedelta(hours=5), LAST_DAY, CUBIC_METRE_ML)
    used = by_day(city.shows(sql("use_by_day", "water")))
    assert used == {(24, "Младост"): 0, (26, "Младост"): 5}


def test_a_day_on_which_the_meter_was_exchanged_is_the_use_of_both(city):
    noon = FIRST_DAY + timedelta(hours=12)
    old = city.installed("main")
    city.uses(old, FIRST_DAY, noon, CUBIC_METRE_ML)
    city.taken_down(old, noon)
    new = city.meter("m-new", "main", noon)
    city.uses(new, noon, FIRST_DAY + timedelta(days=1), 2 * CUBIC_METRE_ML)
    assert by_day(city.shows(sql("use_by_day", "water")))[24, "Младост"] == 36


def test_a_meter_exchanged_for_one_with_a_lower_register_makes_no_negative_rate(city):
    noon = FIRST_DAY + timedelta(hours=12)
    old = city.installed("main")
    for hour in range(3):
        city.reads(old, noon - timedelta(hours=3 - hour), 900_000_000 + hour * 60_000)
    city.taken_down(old, noon)
    new = city.meter("m-new", "main", noon)
    city.run("update installations set obis = '8-1:1.0.0' where installation_id = %s", (new,))
    for hour in range(3):
        city.reads(new, noon + timedelta(hours=hour), hour * 60_000)
    rates = [row["rate"] for row in city.shows(sql("rate", "water"))]
    assert rates == [60, 60, 60, 60]


def test_a_reading_that_does_not_count_and_a_rollover_make_no_spike(city):
    main = city.installed("main")
    for hour, register in enumerate((0, 60_000, 99_000_000, 180_000, 5)):
        city.reads(main, FIRST_DAY + timedelta(hours=hour), register)
    city.excludes(main, FIRST_DAY + timedelta(hours=2))
    assert [row["rate"] for row in city.shows(sql("rate", "water"))] == [60, 60]


def test_a_steady_flow_is_shown_in_litres_per_hour(city):
    main = city.installed("main")
    for hour in range(20):
        city.reads(main, FIRST_DAY + timedelta(hours=hour), hour * 60_000)
    rates = {row["rate"] for row in city.shows(sql("rate", "water"))}
    assert rates == {60.0}


def test_power_is_shown_in_watts_also_over_a_gap(city):
    power = city.installed("power", reading_type="electricity_import")
    for hour, register in ((0, 0), (1, 500), (5, 2500)):
        city.reads(power, FIRST_DAY + timedelta(hours=hour), register)
    assert [row["rate"] for row in city.shows(sql("rate", "electricity"))] == [500, 500]


def test_only_meters_unheard_of_for_a_quarter_of_an_hour_are_silent(city):
    now = city.run("select now()").fetchone()[0]
    for name, minutes in (("live", 14), ("silent", 16)):
        city.heard(city.installed(name), now - timedelta(minutes=minutes))
    city.installed("never")
    city.taken_down(city.installed("gone"), now)
    rows = city.shows(sql("silent_meters"))
    assert [(row["service_point"], row["silent_for_s"]) for row in rows] == [
        ("never", None),
        ("silent", 960),
    ]


def test_the_share_of_each_quality_is_a_percentage_of_all_readings(city):
    main = city.installed("main")
    bits = (0, quality.RECONSTRUCTED, quality.RECONSTRUCTED | quality.SUSPECT, 0)
    for minute, quality_bits in enumerate(bits):
        city.reads(main, FIRST_DAY + timedelta(minutes=minute), minute, quality_bits)
    shares = {row["metric"]: row["share"] for row in city.shows(sql("quality"))}
    assert shares["reconstructed"] == 50
    assert shares["suspect"] == 25
    assert shares["missing"] == 0


def test_resolved_leaks_are_no_longer_counted(city):
    city.installed("main")
    city.alert(1, "main", volume_l=1500)
    city.alert(2, "main", state="acknowledged", volume_l=500)
    city.alert(3, "main", state="resolved", volume_l=9000)
    assert city.shows(sql("open_alerts_total")) == [{"open_alerts": 2, "lost_m3": 2}]
    assert [row["lost_m3"] for row in city.shows(sql("open_alerts"))] == [1.5, 0.5]


def test_readings_per_minute_are_counted_by_gateway(city):
    main = city.installed("main")
    for second in range(0, 120, 10):
        city.reads(main, FIRST_DAY + timedelta(seconds=second), second)
    rows = city.shows(sql("readings_per_minute"), interval="2m")
    assert [(row["metric"], row["readings_per_minute"]) for row in rows] == [("gw-1", 6)]
