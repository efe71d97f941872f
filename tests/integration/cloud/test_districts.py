# SPDX-License-Identifier: EUPL-1.2
"""What a municipality is told of a district, and that no building can be told from it."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import pytest_asyncio
from psycopg.rows import DictRow

from cloud.kit.auth.rights import Role
from cloud.kit.database import Database, rows, run
from cloud.kit.hypertable import HOURLY, ZONE
from tests.integration.cloud.builders import Caller, CloudInTest
from tests.timescaledb import on_both_engines

FIRST = datetime(2026, 9, 1, tzinfo=ZONE)
END = datetime(2026, 11, 1, tzinfo=ZONE)
MONTHS = {"utility": "water", "resolution": "month", "from": "2026-09-01", "to": "2026-11-01"}
DAYS = {**MONTHS, "resolution": "day"}
HOURS_OF_SEPTEMBER = 720
HOURS_OF_OCTOBER = 745  # clocks went back

A_BUILDING = """
with building as (
    insert into premises values (%(name)s, 'x', 'x', 'school', 'x', %(district)s, 42, 23, 1, 1)
    returning premises_id
), point as (
    insert into service_points select premises_id, premises_id, 'x', 'x', 'cold_water', null
    from building returning service_point_id
), meter as (
    insert into meters (meter_id, serial, make, model) values (%(name)s, %(name)s, 'x', 'x')
    returning meter_id
), node as (
    insert into nodes values (%(name)s, 'gw-one', 'x') returning node_id
)
insert into installations (service_point_id, meter_id, node_id, obis, valid_from)
select service_point_id, meter_id, node_id, '8-0:1.0.0', '2025-01-01' from point, meter, node
returning installation_id
"""
AN_HOUR = """
insert into hourly_usage select %(id)s, hour, %(usage)s, 3600, 0, hour
from generate_series(%(first)s, %(end)s - interval '1 hour', interval '1 hour') hour
"""


async def fill(
    cloud: CloudInTest,
    per_hour: Mapping[str, int],
    district: str = "Oborishte",
    first: datetime = FIRST,
    end: datetime = END,
) -> None:
    """Put buildings into a district, each of which uses as much each hour."""
    database, tables = cloud.services.database, cloud.services.hypertables
    await tables.make_room(HOURLY, first, end)
    async with database.transaction() as connection:
        for name, usage in per_hour.items():
            [made] = await rows(connection, A_BUILDING, name=name, district=district)
            one = made["installation_id"]
            values = {"first": first.astimezone(UTC), "end": end.astimezone(UTC)}
            await run(connection, AN_HOUR, id=one, usage=usage, **values)
            await tables.roll_up(connection, [one], first, end)
    await tables.refresh()


def buildings(count: int, usage: int = 10) -> dict[str, int]:
    return {f"b-{number}": usage for number in range(count)}


@pytest_asyncio.fixture
async def municipality(cloud: CloudInTest) -> AsyncIterator[Caller]:
    yield await cloud.caller(Role.MUNICIPALITY)


async def _told(caller: Caller, asked: Mapping[str, str]) -> list[tuple[int | None, int | None]]:
    answer = await caller.get("/districts/Oborishte/usage", **asked)
    return [(one["usage"], one["premises"]) for one in answer["intervals"]]


@on_both_engines
async def test_five_buildings_are_summed_by_month_and_by_day(
    cloud: CloudInTest, municipality: Caller
) -> None:
    await fill(cloud, buildings(5))
    assert await _told(municipality, MONTHS) == [
        (50 * HOURS_OF_SEPTEMBER, 5),
        (50 * HOURS_OF_OCTOBER, 5),
    ]
    days = await _told(municipality, DAYS)
    assert len(days) == 61
    assert days[0] == (50 * 24, 5)
    assert days[30 + 24] == (50 * 25, 5)


async def test_four_buildings_are_not(cloud: CloudInTest, municipality: Caller) -> None:
    await fill(cloud, buildings(4))
    assert set(await _told(municipality, MONTHS)) == {(None, None)}
    assert set(await _told(municipality, DAYS)) == {(None, None)}


async def test_an_unknown_district_looks_like_a_small_one(
    cloud: CloudInTest, municipality: Caller
) -> None:
    await fill(cloud, buildings(4))
    small = await municipality.get("/districts/Oborishte/usage", **MONTHS)
    none = await municipality.get("/districts/Atlantis/usage", **MONTHS)
    assert small == {**none, "district": "Oborishte"}


async def test_a_building_that_outweighs_the_rest_is_not_told(
    cloud: CloudInTest, municipality: Caller
) -> None:
    await fill(cloud, buildings(5) | {"hospital": 401})
    assert await _told(municipality, MONTHS) == [(None, None)] * 2


async def test_a_building_that_does_not_quite_outweigh_the_rest_is(
    cloud: CloudInTest, municipality: Caller
) -> None:
    await fill(cloud, buildings(5) | {"school": 400})
    assert (await _told(municipality, MONTHS))[0] == (450 * HOURS_OF_SEPTEMBER, 6)


async def test_one_day_that_may_not_be_told_hides_all_days_of_its_month_but_not_the_month(
    cloud: CloudInTest, municipality: Caller
) -> None:
    await fill(cloud, buildings(6))
    day = FIRST + timedelta(days=3)
    async with cloud.services.database.transaction() as connection:
        await run(
            connection,
            "update hourly_usage set usage = 100000 where interval_start >= %(day)s"
            " and interval_start < %(end)s and installation_id = (select min(installation_id)"
            " from installations where service_point_id = 'b-0')",
            day=day,
            end=day + timedelta(hours=1),
        )
        found = await rows(connection, "select installation_id as id from installations")
        await cloud.services.hypertables.roll_up(
            connection, [one["id"] for one in found], FIRST, END
        )
    days = await _told(municipality, DAYS)
    assert set(days[:30]) == {(None, None)}
    assert days[30] == (60 * 24, 6)
    total = 60 * HOURS_OF_SEPTEMBER - 10 + 100_000
    expected = (total, 6) if 40 * HOURS_OF_SEPTEMBER * 10 >= 100_000 else (None, None)
    assert (await _told(municipality, MONTHS))[0] == expected


async def test_who_joins_within_a_month_counts_from_the_next_one_on(
    cloud: CloudInTest, municipality: Caller
) -> None:
    await fill(cloud, buildings(5))
    await fill(cloud, {"late": 10}, first=FIRST + timedelta(days=9))
    assert [count for _, count in await _told(municipality, MONTHS)] == [5, 6]
    assert {count for _, count in (await _told(municipality, DAYS))[:30]} == {5}


async def test_the_running_month_and_parts_of_months_are_not_told(
    cloud: CloudInTest, municipality: Caller
) -> None:
    answer = await municipality.ask(
        "GET", "/districts/Oborishte/usage", params={**DAYS, "from": "2026-09-02"}
    )
    assert answer.status_code == 422
    now = datetime.now(ZONE)
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    await fill(cloud, buildings(5), first=month, end=month + timedelta(days=31))
    following = (month + timedelta(days=32)).replace(day=1)
    asked = {**MONTHS, "from": f"{month:%Y-%m-%d}", "to": f"{following:%Y-%m-%d}"}
    assert await _told(municipality, asked) == [(None, None)]


async def test_districts_are_listed_with_as_many_buildings_and_alerts_only_where_there_are_many(
    cloud: CloudInTest, municipality: Caller
) -> None:
    await fill(cloud, buildings(11))
    await fill(cloud, {"c-1": 1}, district="Small")
    listed = await municipality.get("/districts")
    assert listed["min_premises"] == 5
    alone = {"district": "Oborishte", "premises": 11, "premises_with_alerts": None}
    assert listed["items"] == [alone]
    async with cloud.services.database.transaction() as connection:
        for count in (4, 5, 7):
            await run(
                connection,
                "insert into alerts (alert_id, gateway_id, finding_id, premises_id,"
                " service_point_id, utility, kind, kinds, state, raised_at, opened_at, started_at,"
                " flow_l_per_h, volume_l, confidence, explanation, reported_at)"
                " select premises_id, 'gw-one', premises_id, premises_id, premises_id, 'water',"
                " 'burst', '{burst}', 'raised', now(), now(), now(), 1, 1, 1, 'x', now()"
                " from premises"
                " where district = 'Oborishte' order by premises_id limit %(count)s"
                " on conflict do nothing",
                count=count,
            )
            found = await rows(connection, "select premises_with_alerts from seen.districts()")
            assert [one["premises_with_alerts"] for one in found] == [5 if count == 5 else None]


async def _as_municipality(database: Database, query: str) -> list[DictRow]:
    async with database.transaction() as connection:
        await run(connection, "set local role iskar_municipality")
        return await rows(connection, query, a=FIRST, b=END)


@on_both_engines
async def test_the_dashboards_role_asks_for_districts_and_nothing_else(
    cloud: CloudInTest,
) -> None:
    await fill(cloud, buildings(5))
    database = cloud.services.database
    asked = "select usage from seen.district_usage('Oborishte', 'water', %(a)s, %(b)s, {})"
    for at_least, shown in (("1", 2), ("6", 0)):  # a lower bar is five all the same
        query = asked.format(at_least) + " where not is_day"
        assert len(await _as_municipality(database, query)) == shown
    for table in ("premises", "daily_usage", "seen.daily_usage", "seen.own_points", "users"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await _as_municipality(database, f"select * from {table}")  # noqa: S608
