# SPDX-License-Identifier: EUPL-1.2
"""Readings and usage over time: the same on TimescaleDB and on native partitions."""

from datetime import UTC, datetime, timedelta

from cloud.kit.hypertable import DAILY, HOURLY, MONTHLY, READINGS
from tests.integration.cloud.store import HOUR, NOW, RETENTION, Store, local
from tests.timescaledb import on_both_engines
from wire import quality

pytestmark = on_both_engines


async def test_the_store_knows_which_engine_it_is_on(store: Store, engine: str) -> None:
    assert store.tables.is_timescale == (engine == "timescaledb")


async def test_days_and_months_are_local_and_have_23_and_25_hours(store: Store) -> None:
    await store.put_hours(local(2024, 3, 1), local(2024, 11, 1))
    days, months = await store.usages(DAILY), await store.usages(MONTHLY)
    assert (days["2024-03-30"], days["2024-03-31"], days["2024-10-27"]) == (240, 230, 250)
    assert list(months) == [f"2024-{month:02}" for month in range(3, 11)]
    assert (months["2024-03"], months["2024-06"]) == (31 * 240 - 10, 30 * 240)
    assert sum(days.values()) == sum(months.values())


async def test_a_day_tells_what_was_covered_and_how_well_and_since_when(store: Store) -> None:
    await store.put_hours(local(2024, 5, 1), local(2024, 5, 2))
    await store.put_hours(local(2024, 5, 1, 6), local(2024, 5, 1, 8), usage=None)
    [day] = await store.all(DAILY)
    assert day == {
        "installation_id": 1,
        "interval_start": local(2024, 5, 1),
        "usage": 220,
        "covered_s": 22 * 3600,
        "quality": quality.MISSING,
        "known_at": local(2024, 5, 1, 23),
    }


async def test_a_day_of_which_nothing_is_known_is_not_zero(store: Store) -> None:
    await store.put_hours(local(2024, 5, 1), local(2024, 5, 2), usage=None)
    assert await store.usages(DAILY) == {"2024-05-01": None}


async def test_late_hours_change_their_day_and_month_and_no_other(store: Store) -> None:
    await store.put_hours(local(2024, 5, 1), local(2024, 7, 1))
    before = await store.usages(DAILY)
    await store.put_hours(local(2024, 5, 10, 4), local(2024, 5, 10, 5), usage=1010)
    assert await store.usages(DAILY) == {**before, "2024-05-10": 1240}
    assert await store.usages(MONTHLY) == {"2024-05": 31 * 240 + 1000, "2024-06": 30 * 240}


async def test_a_day_without_hours_left_is_gone(store: Store) -> None:
    await store.put_hours(local(2024, 5, 1), local(2024, 5, 4))
    await store.take_hours(local(2024, 5, 2), local(2024, 5, 3))
    assert await store.usages(DAILY) == {"2024-05-01": 240, "2024-05-03": 240}
    await store.take_hours(local(2024, 5, 1), local(2024, 5, 4))
    assert await store.usages(MONTHLY) == {}


async def test_days_that_came_earlier_than_what_was_refreshed_are_not_lost(store: Store) -> None:
    await store.put_hours(local(2024, 7, 1), local(2024, 7, 3))
    await store.put_hours(local(2024, 3, 1), local(2024, 3, 3))
    assert await store.usages(DAILY) == dict.fromkeys(
        ("2024-03-01", "2024-03-02", "2024-07-01", "2024-07-02"), 240
    )


async def test_today_is_there_at_once(store: Store) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await store.put_hours(hour, hour + HOUR, usage=1)
    await store.put_hours(hour, hour + HOUR, usage=7)
    assert list((await store.usages(DAILY)).values()) == [7]
    assert list((await store.usages(MONTHLY)).values()) == [7]


async def test_readings_of_any_month_have_a_place(store: Store) -> None:
    for year in (2000, 2026, 2099):
        await store.put_readings(
            datetime(year, 12, 31, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        )
    assert len(await store.all(READINGS)) == 3 * 97


async def test_retention_drops_readings_and_hours_and_keeps_the_months(store: Store) -> None:
    await store.put_readings(NOW - timedelta(days=200), NOW)
    await store.put_hours(local(2020, 1, 1), local(2020, 9, 1))
    await store.put_hours(local(2025, 1, 1), local(2025, 6, 1))
    before = await store.usages(DAILY), await store.usages(MONTHLY)
    await store.tables.maintain(NOW, RETENTION)
    closed = await store.closed(READINGS)
    readings = await store.all(READINGS)
    assert closed is not None
    assert NOW - timedelta(days=90 + 31) < closed <= NOW - timedelta(days=90)
    assert closed <= readings[0]["read_at"] < closed + HOUR
    assert readings[-1]["read_at"] == NOW
    assert (await store.all(HOURLY))[0]["interval_start"] >= local(2025, 1, 1)
    assert (await store.usages(DAILY), await store.usages(MONTHLY)) == before


async def test_nothing_is_closed_while_all_is_young(store: Store) -> None:
    await store.put_readings(NOW - timedelta(days=60), NOW)
    await store.tables.maintain(NOW, RETENTION)
    assert await store.closed(READINGS) is None
    assert len(await store.all(READINGS)) == 60 * 96 + 1


async def test_what_was_rolled_up_from_dropped_hours_is_never_made_anew(store: Store) -> None:
    await store.put_hours(local(2021, 11, 1), local(2022, 9, 1))
    before = await store.usages(DAILY), await store.usages(MONTHLY)
    await store.tables.maintain(NOW, RETENTION)
    closed = await store.closed(HOURLY)
    assert closed is not None
    assert local(2021, 11, 1) < closed < local(2022, 8, 1)
    # an hour in the month, and on the day, in which the dropped ones end; and one after them
    await store.put_hours(closed, closed + HOUR, usage=5000)
    await store.put_hours(local(2022, 8, 10), local(2022, 8, 10) + HOUR, usage=1010)
    days, months = await store.usages(DAILY), await store.usages(MONTHLY)
    assert days == {**before[0], "2022-08-10": 1240}
    assert months == {**before[1], "2022-08": 31 * 240 + 1000}


async def test_days_are_dropped_after_ten_years_and_months_stay(store: Store) -> None:
    await store.put_hours(local(2009, 1, 1), local(2009, 3, 1))
    await store.put_hours(local(2024, 1, 1), local(2024, 2, 1))
    await store.tables.maintain(NOW, RETENTION)
    assert min(await store.usages(DAILY)) == "2024-01-01"
    assert list(await store.usages(MONTHLY)) == ["2009-01", "2009-02", "2024-01"]


async def test_readings_that_a_stale_mark_needs_stay(store: Store) -> None:
    await store.put_readings(NOW - timedelta(days=200), NOW)
    await store.mark_stale(NOW - timedelta(days=130))
    await store.tables.maintain(NOW, RETENTION)
    assert (await store.all(READINGS))[0]["read_at"] < NOW - timedelta(days=130 + 30)


async def test_late_readings_of_a_closed_period_have_a_place_until_the_next_round(
    store: Store,
) -> None:
    await store.put_readings(NOW - timedelta(days=200), NOW)
    await store.tables.maintain(NOW, RETENTION)
    kept = await store.all(READINGS)
    late = NOW - timedelta(days=190)
    await store.put_readings(late, late + HOUR)
    assert len(await store.all(READINGS)) == len(kept) + 5
    await store.tables.maintain(NOW, RETENTION)
    assert await store.all(READINGS) == kept
