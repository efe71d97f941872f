# SPDX-License-Identifier: EUPL-1.2
"""Series of use: summed from meters or brought along, as they were known, for who may see them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from cloud.demand.history.models import Series
from cloud.demand.history.service import DemandHistory, repository
from cloud.kit.auth.rights import Grant, Principal, Role
from cloud.kit.database import rows, run
from cloud.kit.errors import NotFoundError
from cloud.kit.hypertable import HOURLY
from tests.integration.cloud.store import Store
from tests.timescaledb import on_both_engines

pytestmark = on_both_engines
START = datetime(2026, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = datetime(2026, 9, 3, tzinfo=UTC)


def a_series(series_id: str = "dma", **changes: Any) -> Series:
    fields: dict[str, Any] = {
        "series_id": series_id,
        "name_bg": "Зона",
        "name_en": "Zone",
        "utility": "water",
        "level": "city",
        "unit": "l",
        "origin": "import",
        "supplier_id": "water-works",
    }
    return Series(**{**fields, **changes})


def a_building(**changes: Any) -> Series:
    return a_series(
        "b-0-water",
        level="building",
        origin="iskar",
        premises_id="b-0",
        supplier_id=None,
        **changes,
    )


def the_city(**changes: Any) -> Series:
    return a_series("city-water", origin="iskar", supplier_id=None, **changes)


async def with_buildings(store: Store, per_hour: dict[str, int]) -> dict[str, int]:
    """Put buildings in the city for a day, each of which uses as much (l) each hour."""
    ids = {}
    await store.tables.make_room(HOURLY, START, START + DAY)
    async with store.database.transaction() as connection:
        await run(connection, "insert into suppliers values ('water-works', 'W'), ('other', 'O')")
        await run(connection, "insert into gateways values ('gw-one', 's', 'n')")
        for name, usage_l in per_hour.items():
            [made] = await rows(connection, A_BUILDING, name=name)
            ids[name] = int(made["installation_id"])
            values = {"first": START, "end": START + DAY, "usage": usage_l * 1000}
            await run(connection, AN_HOUR, id=ids[name], **values)
            await store.tables.roll_up(connection, [ids[name]], START, START + DAY)
    return ids


A_BUILDING = """
with building as (
    insert into premises values (%(name)s, 'x', 'x', 'school', 'x', 'Sredets', 42, 23, 1, 1)
    returning premises_id
), point as (
    insert into service_points select premises_id, premises_id, 'x', 'x', 'cold_water', null,
        'water-works' from building returning service_point_id
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


async def keep(store: Store, *series: Series) -> DemandHistory:
    async with store.database.transaction() as connection:
        for one in series:
            await repository.put_series(connection, one, "user:1", NOW)
    return DemandHistory(store.database, 5)


async def test_a_buildings_use_is_told_in_litres(store: Store) -> None:
    await with_buildings(store, {"b-0": 7})
    history = await keep(store, a_building())
    told = await history.usage(["b-0-water"], START, START + 2 * DAY)
    assert told.hours.count == 48
    assert told.amounts[0, :24].tolist() == [7.0] * 24
    assert np.isnan(told.amounts[0, 24:]).all()


async def test_an_hour_that_waits_for_review_is_not_told(store: Store) -> None:
    await with_buildings(store, {"b-0": 7})
    history = await keep(store, a_building())
    async with store.database.transaction() as connection:
        await run(connection, "insert into channels (node_id, obis) values ('b-0', '8-0:1.0.0')")
        await run(
            connection,
            "insert into stale_usage (channel_id, since, until) select channel_id, %(since)s,"
            " %(until)s from channels",
            since=START + timedelta(hours=3, minutes=20),
            until=START + timedelta(hours=4, minutes=20),
        )
    told = await history.usage(["b-0-water"], START, START + DAY)
    assert np.flatnonzero(np.isnan(told.amounts[0])).tolist() == [3, 4]


async def test_an_hour_of_which_seconds_are_missing_is_not_told(store: Store) -> None:
    await with_buildings(store, {"b-0": 7})
    history = await keep(store, a_building())
    async with store.database.transaction() as connection:
        await run(
            connection,
            "update hourly_usage set covered_s = 3599 where interval_start = %(at)s",
            at=START,
        )
    told = await history.usage(["b-0-water"], START, START + DAY)
    assert np.flatnonzero(np.isnan(told.amounts[0])).tolist() == [0]


async def test_a_city_of_which_a_little_is_missing_is_made_whole(store: Store) -> None:
    ids = await with_buildings(store, {f"b-{one}": 10 for one in range(19)} | {"b-19": 10})
    history = await keep(store, the_city())
    async with store.database.transaction() as connection:
        await _lose(connection, [ids["b-0"]], hour=5)
        await _lose(connection, [ids["b-0"], ids["b-1"], ids["b-2"]], hour=6)
    told = await history.usage(["city-water"], START, START + DAY)
    assert told.amounts[0, 4:6] == pytest.approx([200, 200])
    assert np.isnan(told.amounts[0, 6])


async def _lose(connection: Any, ids: list[int], hour: int) -> None:
    await run(
        connection,
        "delete from hourly_usage where installation_id = any(%(ids)s) and interval_start = %(at)s",
        ids=ids,
        at=START + timedelta(hours=hour),
    )


async def test_the_latest_word_counts_and_the_former_is_known_as_of_then(store: Store) -> None:
    async with store.database.transaction() as connection:
        await run(connection, "insert into suppliers values ('water-works', 'W')")
    history = await keep(store, a_series())
    start_s = int(START.timestamp()) + 3600 * np.arange(4)
    await _bring(store, start_s, np.array([1.0, 2, 3, 4]), NOW)
    await _bring(store, start_s[1:3], np.array([20.0, np.nan]), NOW + DAY)
    now = await history.usage(["dma"], START, START + timedelta(hours=5))
    then = await history.usage(["dma"], START, START + timedelta(hours=5), known_at=NOW)
    before = await history.usage(["dma"], START, START + timedelta(hours=5), known_at=START)
    np.testing.assert_equal(now.amounts[0], [1, 20, np.nan, 4, np.nan])
    np.testing.assert_equal(then.amounts[0], [1, 2, 3, 4, np.nan])
    assert np.isnan(before.amounts).all()


async def _bring(store: Store, start_s: Any, amounts: Any, at: datetime) -> None:
    async with store.database.transaction() as connection:
        one = await repository.add_import(
            connection,
            series_id="dma",
            resolution="hour",
            imported_by="user:1",
            imported_at=at,
            file_sha256="0",
            file_unit="l",
            rows=len(start_s),
            stored=len(start_s),
            findings=[],
        )
        await repository.copy_usage(connection, one, start_s, amounts)


async def test_everybody_sees_the_series_that_their_sight_takes_in(store: Store) -> None:
    await with_buildings(store, {"b-0": 7, "b-1": 7})
    history = await keep(store, a_series(), a_building(), the_city())
    flat = Grant(premises_id="b-0", service_point_ids=frozenset({"b-0"}))
    owner = _caller(Role.OWNER, grants=frozenset({Grant(premises_id="b-0")}))
    seen = {
        "operator": await _ids(history, _caller(Role.OPERATOR)),
        "technician": await _ids(history, _caller(Role.TECHNICIAN)),
        "its utility": await _ids(history, _caller(Role.UTILITY, supplier_id="water-works")),
        "another": await _ids(history, _caller(Role.UTILITY, supplier_id="other")),
        "owner": await _ids(history, owner),
        "tenant": await _ids(history, _caller(Role.TENANT, grants=frozenset({flat}))),
        "municipality": await _ids(history, _caller(Role.MUNICIPALITY)),
    }
    every = ["b-0-water", "city-water", "dma"]
    assert seen == {
        "operator": every,
        "technician": every,
        "its utility": every,
        "another": [],
        "owner": ["b-0-water"],
        "tenant": [],
        "municipality": ["dma"],  # two buildings are too few for a sum over the city
    }
    with pytest.raises(NotFoundError):
        await history.one(owner, "dma")


def _caller(role: Role, **fields: Any) -> Principal:
    return Principal(subject="user:1", role=role, **fields)


async def _ids(history: DemandHistory, caller: Principal) -> list[str]:
    return [one.series_id for one in await history.series(caller)]


async def test_use_before_a_grants_time_is_not_shown(store: Store) -> None:
    await with_buildings(store, {"b-0": 7})
    history = await keep(store, a_building())
    moved_in = START + timedelta(hours=10, minutes=30)
    caller = _caller(Role.TENANT, grants=frozenset({Grant(premises_id="b-0", since=moved_in)}))
    told = await history.usage_seen(caller, a_building(), START, START + DAY)
    assert np.flatnonzero(~np.isnan(told.amounts[0])).tolist() == list(range(11, 24))
