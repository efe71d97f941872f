# SPDX-License-Identifier: EUPL-1.2
"""What was known of the weather, and when: nothing is overwritten, and the past stays as it was."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from cloud.kit.database import run
from cloud.kit.errors import NotFoundError
from cloud.weather.importing import NOT_OVER, TWICE
from cloud.weather.models import Decision, Resolution
from cloud.weather.service import WeatherRecords
from cloud.weather.sources import Told
from tests.integration.cloud.builders import FakeClock
from tests.integration.cloud.store import Store
from tests.timescaledb import on_both_engines
from tests.weather_builders import HOUR, MIDNIGHT, a_place, hours_of

pytestmark = on_both_engines


def _records(store: Store, now: datetime = MIDNIGHT + timedelta(days=400)) -> WeatherRecords:
    return WeatherRecords(store.database, FakeClock(now))


async def _with_a_place(store: Store, **changes: Any) -> WeatherRecords:
    records = _records(store)
    await records.put_place(a_place(**changes))
    return records


async def _temperatures(records: WeatherRecords, hours: int, **asked: Any) -> list[float]:
    found = await records.hours("sofia", MIDNIGHT, MIDNIGHT + hours * HOUR, **asked)
    return [float(one) for one in found.get("temperature_c")]


async def test_hours_are_known_their_delay_after_their_end(store: Store) -> None:
    records = await _with_a_place(store, delay_h=2)
    await records.take_in("sofia", hours_of(1, 2, 3))
    told = await _temperatures(records, 4, known_at=MIDNIGHT + 4 * HOUR, fill=False)
    assert told == pytest.approx([1, 2, np.nan, np.nan], nan_ok=True)
    assert await _temperatures(records, 3) == [1, 2, 3]


async def test_importing_again_adds_nothing(store: Store) -> None:
    records = await _with_a_place(store)
    first = await records.take_in("sofia", hours_of(1.1, 2.7, 3.3))
    again = await records.take_in("sofia", hours_of(1.1, 2.7, 3.3))
    assert (first.added, first.corrected) == (3, 0)
    assert (again.added, again.corrected) == (0, 0)


async def test_a_correction_supersedes_and_the_past_looks_as_it_did(store: Store) -> None:
    records = await _with_a_place(store)
    await records.take_in("sofia", hours_of(1, 2, 3))
    later = _records(store, MIDNIGHT + timedelta(days=500))
    corrected = await later.take_in("sofia", hours_of(1, 20, 3))
    assert (corrected.added, corrected.corrected) == (1, 1)
    assert await _temperatures(records, 3) == [1, 20, 3]
    before = MIDNIGHT + timedelta(days=499)
    assert await _temperatures(records, 3, known_at=before) == [1, 2, 3]


async def test_a_gap_that_is_filled_late_was_not_known_before(store: Store) -> None:
    records = await _with_a_place(store)
    await records.take_in("sofia", hours_of(1, None, 3))
    later = _records(store, MIDNIGHT + timedelta(days=500))
    await later.take_in("sofia", hours_of(1, 2, 3))
    told = await _temperatures(records, 3, known_at=MIDNIGHT + timedelta(days=499), fill=False)
    assert told == pytest.approx([1, np.nan, 3], nan_ok=True)
    assert await _temperatures(records, 3, fill=False) == [1, 2, 3]


async def test_columns_of_two_files_stand_beside_each_other(store: Store) -> None:
    records = await _with_a_place(store)
    await records.take_in("sofia", hours_of(1, 2))
    await records.take_in("sofia", hours_of(5, 6, column="wind_m_per_s"))
    found = await records.hours("sofia", MIDNIGHT, MIDNIGHT + 2 * HOUR, MIDNIGHT + 9 * HOUR)
    assert list(found.get("temperature_c")) == [1, 2]
    assert list(found.get("wind_m_per_s")) == [5, 6]


async def test_what_was_told_can_not_be_changed_even_by_sql(store: Store) -> None:
    records = await _with_a_place(store)
    await records.take_in("sofia", hours_of(1, 2))
    with pytest.raises(Exception, match="superseded, never changed"):
        async with store.database.transaction() as connection:
            await run(connection, "update weather_hours set temperature_c = 9")


async def test_hours_that_are_not_over_and_hours_told_twice_are_counted(store: Store) -> None:
    records = _records(store, MIDNIGHT + 90 * timedelta(minutes=1))
    await records.put_place(a_place())
    told = hours_of(1, 2, 3)
    twice = Told(resolution=told.resolution, rows=pl.concat([told.rows, told.rows]))
    imported = await records.take_in("sofia", twice)
    assert imported.added == 1
    assert imported.notes == {NOT_OVER: 4, TWICE: 1}


async def test_the_last_run_by_then_speaks_of_hours_to_come(store: Store) -> None:
    records = await _with_a_place(store)
    await records.take_in("sofia", hours_of(1, 2))
    for run_h, degrees in ((-24, 10), (1, 11), (3, 12)):
        told = hours_of(*[degrees] * 6, is_forecast=True)
        await records.take_in("sofia", told, run_at=MIDNIGHT + run_h * HOUR)
    at = MIDNIGHT + 2 * HOUR  # the first hour is over and known, the second isn't
    found = await records.hours("sofia", MIDNIGHT, MIDNIGHT + 6 * HOUR, at)
    assert list(found.get("temperature_c")) == [1, 11, 11, 11, 11, 11]
    assert list(found.forecast["temperature_c"]) == [False] + [True] * 5
    assert found.newest == at
    assert await _temperatures(records, 3) == [1, 2, 12]
    assert await _temperatures(records, 2, known_at=MIDNIGHT) == [10, 10]


async def test_a_run_that_is_imported_again_is_the_same_run(store: Store) -> None:
    records = await _with_a_place(store)
    told = hours_of(1, 2, is_forecast=True)
    assert (await records.take_in("sofia", told, run_at=MIDNIGHT)).added == 2
    assert (await records.take_in("sofia", told, run_at=MIDNIGHT)).added == 0


async def test_of_old_runs_one_a_day_is_kept_and_of_very_old_ones_none(store: Store) -> None:
    records = await _with_a_place(store)
    for run_h in (0, 6, 12, 24, 30):
        told = hours_of(run_h, is_forecast=True)
        await records.take_in("sofia", told, run_at=MIDNIGHT + run_h * HOUR)
    await records.take_in("sofia", hours_of(7))
    gone = await records.thin_runs(MIDNIGHT + 26 * HOUR, MIDNIGHT - HOUR)
    assert gone == 2
    assert await _temperatures(records, 1, known_at=MIDNIGHT + 20 * HOUR) == [7]
    assert await records.thin_runs(MIDNIGHT, MIDNIGHT + 48 * HOUR) == 3
    assert await _temperatures(records, 1) == [7]


async def test_days_are_made_of_hours_where_none_was_told(store: Store) -> None:
    records = await _with_a_place(store, day_zone="Europe/Sofia")
    await records.take_in("sofia", hours_of(*range(96)))
    await records.take_in("sofia", hours_of(*[0.5] * 96, column="precipitation_mm"))
    first = MIDNIGHT.date()
    found = await records.days("sofia", first, first + timedelta(days=3), fill=False)
    # two hours of the first local day lie before what was told: enough for a mean, not for a sum
    assert list(found.get("temperature_c")[1:]) == pytest.approx([33.5, 57.5])
    assert found.get("temperature_min_c")[1] == 22
    assert np.isnan(found.get("precipitation_mm")[0])
    assert found.get("precipitation_mm")[1] == 12
    day = Told(
        resolution=Resolution.DAY,
        rows=pl.DataFrame(
            {"at": [MIDNIGHT + timedelta(days=1)], "temperature_c": [30.0]},
            schema_overrides={"at": pl.Datetime("us", "UTC")},
        ),
    )
    await records.take_in("sofia", day)
    again = await records.days("sofia", first, first + timedelta(days=3), fill=False)
    assert again.get("temperature_c")[1] == 30


async def test_a_decision_to_shift_is_read_so_from_then_on_and_can_be_withdrawn(
    store: Store,
) -> None:
    records = await _with_a_place(store)
    await records.take_in("sofia", hours_of(1, 2, 3, 4))
    decision = Decision(
        decision_id=0,
        resolution=Resolution.HOUR,
        column="temperature_c",
        kind="shift",
        steps=-1,
        since=MIDNIGHT + HOUR,
        until=MIDNIGHT + 9 * HOUR,
        reason="The station's clock was an hour late.",
        decided_at=MIDNIGHT,
    )
    number = await records.decide("sofia", decision, "person:iva@example.bg")
    told = await _temperatures(records, 4, fill=False)
    assert told == pytest.approx([2, 3, 4, np.nan], nan_ok=True)
    before = MIDNIGHT + timedelta(days=399)
    assert await _temperatures(records, 4, known_at=before) == [1, 2, 3, 4]
    assert await records.withdraw(number, "person:iva@example.bg")
    assert not await records.withdraw(number, "person:iva@example.bg")
    assert await _temperatures(records, 4) == [1, 2, 3, 4]
    assert await records.decisions("sofia") == []


async def test_the_nearest_place_with_weather_is_found(store: Store) -> None:
    records = await _with_a_place(store)
    await records.put_place(a_place(place_id="musala", latitude=42.18, longitude=23.585))
    await records.put_place(a_place(place_id="empty", latitude=42.2, longitude=23.6))
    assert await records.nearest(42.2, 23.6) is None
    for place_id in ("sofia", "musala"):
        await records.take_in(place_id, hours_of(1, 2, 3))
    near = await records.nearest(42.2, 23.6)
    assert near is not None
    assert near.place_id == "musala"
    [extent] = (await records.extents())["musala"]
    assert (extent.first, extent.last) == (MIDNIGHT, MIDNIGHT + 2 * HOUR)
    assert extent.known_at == MIDNIGHT + 4 * HOUR
    assert await records.counts("musala", Resolution.HOUR) == {"temperature_c": 3}
    assert [one.place_id for one in await records.neighbours(a_place())] == ["musala"]


async def test_an_unknown_place_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await _records(store).hours("nowhere", MIDNIGHT, MIDNIGHT + HOUR)


async def test_gaps_are_filled_from_a_neighbour_and_say_so(store: Store) -> None:
    records = await _with_a_place(store)
    await records.put_place(a_place(place_id="musala", latitude=42.18, elevation_m=2925))
    course = [10 + 8 * np.sin(index / 24 * 2 * np.pi) for index in range(24 * 70)]
    gap = range(24 * 65, 24 * 65 + 30)
    here = [None if index in gap else one for index, one in enumerate(course)]
    await records.take_in("sofia", hours_of(*here))
    await records.take_in("musala", hours_of(*(0.5 * one - 8 for one in course)))
    found = await records.hours("sofia", MIDNIGHT, MIDNIGHT + 24 * 70 * HOUR)
    assert found.get("temperature_c") == pytest.approx(course, abs=1e-4)
    assert list(np.flatnonzero(found.estimated["temperature_c"])) == list(gap)
    assert found.errors["temperature_c"] < 0.01
    before = MIDNIGHT + 24 * 64 * HOUR  # of the gap nothing was known then
    then = await records.hours("sofia", MIDNIGHT, MIDNIGHT + 24 * 70 * HOUR, before)
    assert np.isnan(then.get("temperature_c")[gap.start :]).all()
    assert then.estimated == {}
    days = await records.days("sofia", date(2025, 1, 1), date(2025, 1, 3))
    assert not np.isnan(days.get("temperature_c")).any()
