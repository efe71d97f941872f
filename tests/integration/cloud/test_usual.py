# SPDX-License-Identifier: EUPL-1.2
"""Today against usual days, and a month against similar buildings, over HTTP."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from cloud.kit.auth.rights import Role
from cloud.kit.database import rows, run
from cloud.kit.hypertable import HOURLY, ZONE
from cloud.weather.models import Resolution
from cloud.weather.sources import Told
from tests.integration.cloud.builders import CloudInTest
from tests.integration.cloud.people import a_browser, a_person
from tests.integration.cloud.test_districts import AN_HOUR, fill
from tests.weather_builders import a_place

FRIDAY_2PM = datetime(2026, 11, 20, 14, tzinfo=ZONE)
OCTOBER, NOVEMBER = datetime(2026, 10, 1, tzinfo=ZONE), datetime(2026, 11, 1, tzinfo=ZONE)
PATH = "/premises/p-one/usual"


async def _used(cloud: CloudInTest, first: datetime, end: datetime, usage: int = 10) -> None:
    """Let building one use so much in each hour of [first, end)."""
    database, tables = cloud.services.database, cloud.services.hypertables
    await cloud.services.reviewer.drain()  # or what is put in would be reviewed away
    await tables.make_room(HOURLY, first, end)
    async with database.transaction(as_system=True) as connection:
        [found] = await rows(
            connection,
            "select installation_id as id from installations where service_point_id = 'sp-one'",
        )
        values = {"first": first.astimezone(UTC), "end": end.astimezone(UTC)}
        await run(connection, AN_HOUR, id=found["id"], usage=usage, **values)
        await tables.roll_up(connection, [found["id"]], first, end)
    await tables.refresh()


async def _missing(cloud: CloudInTest, first: datetime, end: datetime) -> None:
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(
            connection,
            "delete from hourly_usage where interval_start >= %(first)s"
            " and interval_start < %(end)s",
            first=first,
            end=end,
        )


async def _thrice_on_sundays(cloud: CloudInTest) -> None:
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(
            connection,
            "update hourly_usage set usage = 3 * usage"
            " where extract(isodow from interval_start at time zone 'Europe/Sofia') = 7",
        )


async def _on_a_friday(cloud: CloudInTest, days: int = 70, today: int = 13) -> None:
    """Use 10 ml an hour for so many days, and today so much; it is two o'clock."""
    cloud.clock.time = FRIDAY_2PM.astimezone(UTC)
    midnight = FRIDAY_2PM.replace(hour=0)
    await _used(cloud, midnight - timedelta(days=days), midnight)
    await _used(cloud, midnight, FRIDAY_2PM, today)


async def _told(cloud: CloudInTest, path: str = PATH) -> Mapping[str, Any]:
    (one,) = (await cloud.operator.get(path))["items"]
    return dict(one)


async def test_today_is_compared_hour_by_hour_with_days_of_its_kind(cloud: CloudInTest) -> None:
    await _on_a_friday(cloud)
    told = await cloud.operator.get(PATH)
    (one,) = told["items"]
    assert (told["day"], told["timezone"]) == ("2026-11-20", "Europe/Sofia")
    assert (one["usage"], one["unit"], one["quality"]) == (14 * 13, "ml", [])
    assert one["until"] == "2026-11-20T14:00:00+02:00"
    assert (one["day_kind"], one["temperature_c"], one["reason"]) == ("working_day", None, None)
    usual = one["usual"]
    assert (usual["low"], usual["median"], usual["high"]) == (140, 140, 140)
    assert (usual["days"], usual["likeness"]) == (20, "kind")
    assert await _told(cloud, "/usual") == one


async def test_days_of_like_weather_are_compared_where_it_is_known(cloud: CloudInTest) -> None:
    await _on_a_friday(cloud)
    weather = cloud.services.weather
    await weather.put_place(a_place())
    first = FRIDAY_2PM.replace(hour=0) - timedelta(days=365)
    hours = [first.astimezone(UTC) + timedelta(hours=at) for at in range(366 * 24)]
    # six days of the last weeks were as cold as today, one of them a Saturday
    cold = {FRIDAY_2PM.date() - timedelta(days=back) for back in (0, 1, 2, 3, 6, 7, 8)}
    warmth = [1.0 if at.astimezone(ZONE).date() in cold else 12.0 for at in hours]
    frame = pl.DataFrame(
        {"at": hours, "temperature_c": warmth},
        schema={"at": pl.Datetime("us", "UTC"), "temperature_c": pl.Float64},
    )
    cloud.clock.time = FRIDAY_2PM.astimezone(UTC) + timedelta(hours=10)  # its weather is known
    await weather.take_in("sofia", Told(resolution=Resolution.HOUR, rows=frame, is_forecast=False))
    cloud.clock.time = FRIDAY_2PM.astimezone(UTC) + timedelta(hours=9, minutes=59)
    told = await _told(cloud)
    assert told["temperature_c"] == 1.0
    assert (told["usual"]["likeness"], told["usual"]["days"]) == ("weather", 5)


async def test_an_hour_that_is_missing_today_is_said_and_nothing_is_compared(
    cloud: CloudInTest,
) -> None:
    await _on_a_friday(cloud)
    four = FRIDAY_2PM.replace(hour=4)
    await _missing(cloud, four, four + timedelta(hours=1))
    told = await _told(cloud)
    assert (told["usage"], told["quality"], told["missing_hours"]) == (13 * 13, ["missing"], 1)
    assert (told["usual"], told["reason"]) == (None, "hours_missing_today")


async def test_a_meter_that_fell_silent_is_compared_up_to_then(cloud: CloudInTest) -> None:
    await _on_a_friday(cloud)
    nine = FRIDAY_2PM.replace(hour=9)
    await _missing(cloud, nine, FRIDAY_2PM)
    told = await _told(cloud)
    assert (told["until"], told["usage"]) == ("2026-11-20T09:00:00+02:00", 9 * 13)
    assert told["usual"]["median"] == 90


async def test_a_new_building_has_nothing_usual_yet(cloud: CloudInTest) -> None:
    await _on_a_friday(cloud, days=6)  # four working days
    told = await _told(cloud)
    assert (told["usual"], told["reason"]) == (None, "too_few_days")


async def test_a_building_that_was_never_read_says_so(cloud: CloudInTest) -> None:
    told = await _told(cloud)
    assert (told["usage"], told["until"], told["reason"]) == (None, None, "nothing_today")


async def test_a_public_holiday_is_compared_with_sundays(cloud: CloudInTest) -> None:
    holiday = datetime(2026, 9, 22, 14, tzinfo=ZONE)  # Independence Day, a Tuesday
    cloud.clock.time = holiday.astimezone(UTC)
    await _used(cloud, holiday.replace(hour=0) - timedelta(days=60), holiday)
    await _thrice_on_sundays(cloud)
    told = await _told(cloud)
    assert told["day_kind"] == "sunday_or_holiday"
    # eight Sundays, and the Monday of the 7th on which Unification Day was made up for
    assert (told["usual"]["days"], told["usual"]["median"]) == (9, 14 * 30)
    assert told["usual"]["low"] < 14 * 30


async def test_on_the_day_of_25_hours_the_repeated_hour_counts_on_both_sides(
    cloud: CloudInTest,
) -> None:
    end = datetime(2026, 10, 25, 6, tzinfo=ZONE)
    cloud.clock.time = end.astimezone(UTC)
    await _used(cloud, datetime(2026, 8, 20, tzinfo=ZONE), end)
    told = await _told(cloud)
    assert (told["usage"], told["usual"]["median"]) == (70, 70)


async def test_who_sees_a_building_since_a_day_is_told_of_no_day_before(
    cloud: CloudInTest,
) -> None:
    await _on_a_friday(cloud)
    password = await a_person(cloud, Role.TENANT, ["p-one"])
    async with a_browser(cloud) as person:
        await person.sign_in(password)
        (whole,) = (await person.good("GET", PATH))["items"]
        since = FRIDAY_2PM.replace(hour=0) - timedelta(days=8)
        async with cloud.services.database.transaction(as_system=True) as connection:
            await run(connection, "update grants set since = %(since)s", since=since)
        (later,) = (await person.good("GET", PATH))["items"]
        async with cloud.services.database.transaction(as_system=True) as connection:
            await run(
                connection, "update grants set since = %(since)s", since=since + timedelta(days=4)
            )
        (last,) = (await person.good("GET", PATH))["items"]
    assert whole["usual"]["days"] == 20
    assert later["usual"]["days"] == 6
    assert (last["usual"], last["reason"]) == (None, "too_few_days")


async def test_who_lost_a_building_finds_none_though_it_was_worked_out_just_now(
    cloud: CloudInTest,
) -> None:
    await _on_a_friday(cloud)
    password = await a_person(cloud, Role.OWNER, ["p-one"])
    async with a_browser(cloud) as person:
        await person.sign_in(password)
        assert len((await person.good("GET", "/usual"))["items"]) == 1
        async with cloud.services.database.transaction(as_system=True) as connection:
            await run(connection, "update grants set revoked_at = now()")
        assert (await person.good("GET", "/usual"))["items"] == []
        assert (await person.refusal("GET", PATH))[0] == 404
        assert (await person.refusal("GET", "/premises/p-one/peers"))[0] == 404


async def test_days_that_are_corrected_show_after_a_few_minutes(cloud: CloudInTest) -> None:
    await _on_a_friday(cloud)
    assert (await _told(cloud))["usual"]["median"] == 140
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update hourly_usage set usage = 20")
    assert (await _told(cloud))["usual"]["median"] == 140
    cloud.clock.time += timedelta(minutes=5)
    assert (await _told(cloud))["usual"]["median"] == 280


async def _homes(cloud: CloudInTest, count: int, per_hour: int = 12) -> None:
    """Put so many homes beside building one, each of one household."""
    await fill(cloud, {f"b-{at}": per_hour for at in range(count)}, first=OCTOBER, end=NOVEMBER)
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(
            connection, "update premises set kind = 'residential' where premises_id like 'b-%%'"
        )


async def _peers(cloud: CloudInTest) -> Mapping[str, Any]:
    told = await cloud.operator.get("/premises/p-one/peers")
    assert (told["month"], told["per"], told["min_premises"]) == ("2026-10", "household", 5)
    (one,) = told["items"]
    return dict(one)


async def test_a_month_is_compared_with_that_of_five_other_homes(cloud: CloudInTest) -> None:
    await _used(cloud, OCTOBER, NOVEMBER, 144)  # 12 households
    await _homes(cloud, 5)
    told = await _peers(cloud)
    assert (told["usage_per"], told["unit"], told["quality"]) == (745 * 12, "ml", [])
    assert told["peers"] == {"lower": 8900, "median": 8900, "upper": 8900, "buildings": 6}


async def test_four_other_homes_are_too_few(cloud: CloudInTest) -> None:
    await _used(cloud, OCTOBER, NOVEMBER, 144)
    await _homes(cloud, 4)
    told = await _peers(cloud)
    assert (told["peers"], told["reason"]) == (None, "too_few_buildings")


async def test_homes_that_the_caller_sees_are_not_among_the_others(cloud: CloudInTest) -> None:
    await _used(cloud, OCTOBER, NOVEMBER, 144)
    await _homes(cloud, 5)
    keeper = await cloud.caller(Role.OWNER, "p-one", "b-0")
    (told,) = (await keeper.get("/premises/p-one/peers"))["items"]
    assert told["reason"] == "too_few_buildings"
    owner = await cloud.caller(Role.OWNER, "p-one")
    (told,) = (await owner.get("/premises/p-one/peers"))["items"]
    assert told["peers"]["buildings"] == 6


async def test_whoever_asks_gets_the_same_quartiles(cloud: CloudInTest) -> None:
    await _used(cloud, OCTOBER, NOVEMBER, 144)
    await _homes(cloud, 6, per_hour=20)
    asked = []
    for name in ("p-one", "b-3"):
        owner = await cloud.caller(Role.OWNER, name)
        (told,) = (await owner.get(f"/premises/{name}/peers"))["items"]
        asked.append(told["peers"])
    assert asked[0] == asked[1]


async def test_a_home_with_a_day_missing_is_not_compared_nor_counted(cloud: CloudInTest) -> None:
    await _used(cloud, OCTOBER, NOVEMBER - timedelta(days=1), 144)
    await _homes(cloud, 5)
    told = await _peers(cloud)
    assert (told["usage_per"], told["reason"]) == (None, "month_unknown")
    owner = await cloud.caller(Role.OWNER, "b-0")
    (other,) = (await owner.get("/premises/b-0/peers"))["items"]
    assert other["reason"] == "too_few_buildings"  # building one is not one of the others


async def test_a_tenant_of_a_part_is_not_compared_with_buildings(cloud: CloudInTest) -> None:
    await _used(cloud, OCTOBER, NOVEMBER, 144)
    await _homes(cloud, 5)
    await cloud.operator.put(
        "/service-points/sp-hot",
        {
            "premises_id": "p-one",
            "name": {"bg": "Топла вода", "en": "Hot water"},
            "reading_type": "hot_water",
        },
    )
    password = await a_person(cloud, Role.TENANT, ["p-one"])
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update grants set service_point_ids = '{sp-one}'")
    async with a_browser(cloud) as person:
        await person.sign_in(password)
        (told,) = (await person.good("GET", "/premises/p-one/peers"))["items"]
    assert (told["usage_per"], told["peers"], told["reason"]) == (None, None, "part_of_building")


async def test_a_look_at_all_buildings_is_counted_for_each(cloud: CloudInTest) -> None:
    owner = await cloud.caller(Role.OWNER, "p-one")
    await cloud.operator.get("/usual")
    found = (await owner.get("/premises/p-one/accesses"))["items"]
    assert [(one["role"], one["kind"], one["in_a_list"]) for one in found] == [
        ("operator", "usual", True)
    ]


def test_the_days_that_these_tests_count_on_are_what_they_say() -> None:
    assert FRIDAY_2PM.date() == date(2026, 11, 20)
    assert FRIDAY_2PM.weekday() == 4
