# SPDX-License-Identifier: EUPL-1.2
"""History that utilities bring: taken in once, corrected, told of, and theirs alone."""

import asyncio
import io
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from cloud.demand.history import imports
from cloud.demand.history.files import Brought, read_history
from cloud.kit.auth.rights import Grant, Principal, Role
from cloud.kit.database import row, rows
from tests.integration.cloud.builders import NOON, Caller, CloudInTest, a_telegram
from tests.timescaledb import on_both_engines

START = datetime(2026, 8, 31, 21, tzinfo=UTC)  # midnight in Sofia
A_SERIES = {
    "name": {"bg": "Зона Младост", "en": "Mladost zone"},
    "utility": "water",
    "level": "district",
    "district": "Mladost",
    "unit": "l",
    "source": "District meter of the water works",
    "licence": "CC BY 4.0",
    "expected_every_h": 24,
}
SPAN = {"from": "2026-09-01", "to": "2026-09-02"}


def a_file(amounts: Sequence[float | None], start: datetime = START) -> bytes:
    lines = [
        f"{start + timedelta(hours=index):%Y-%m-%dT%H:%M}Z,{'' if used is None else used}"
        for index, used in enumerate(amounts)
    ]
    return "\n".join(["interval_start,usage", *lines]).encode()


async def water_works(cloud: CloudInTest) -> Caller:
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    await cloud.operator.put("/suppliers/other", {"name": "Other"})
    caller = await cloud.caller(Role.UTILITY, supplier_id="water-works")
    await caller.put("/demand/series/mladost", A_SERIES)
    return caller


async def bring(caller: Caller, content: bytes, **asked: str) -> Any:
    answer = await caller.ask("POST", "/demand/series/mladost/usage", content=content, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def used(caller: Caller, **asked: str) -> list[float | None]:
    told = await caller.get("/demand/series/mladost/usage", **{**SPAN, **asked})
    return [one["usage"] for one in told["intervals"]]


@on_both_engines
async def test_a_file_brought_again_changes_nothing_and_a_correction_supersedes(
    cloud: CloudInTest,
) -> None:
    caller = await water_works(cloud)
    first = await bring(caller, a_file([1, 2, 3, 4]), unit="m3")
    assert (first["added"], first["superseded"], first["intervals"]) == (4, 0, 4)
    cloud.clock.time += timedelta(days=1)
    again = await bring(caller, a_file([1, 2, 3, 4]), unit="m3")
    assert (again["import_id"], again["added"], again["superseded"]) == (None, 0, 0)
    other = await bring(caller, a_file([1, 20, None]), unit="m3")
    assert (other["added"], other["superseded"], other["withdrawn"]) == (0, 2, 1)
    assert (await used(caller))[:5] == [1000, 20_000, None, 4000, None]
    then = await used(caller, known_at=NOON.isoformat())
    assert then[:5] == [1000, 2000, 3000, 4000, None]
    async with cloud.services.database.transaction(as_system=True) as connection:
        stored = await row(connection, "select count(*) as rows from demand_usage")
    assert stored == {"rows": 6}


async def test_parquet_quarters_of_hours_are_summed_and_rates_are_means(
    cloud: CloudInTest,
) -> None:
    caller = await water_works(cloud)
    starts = [START + timedelta(minutes=15 * index) for index in range(8)]
    table = pl.DataFrame({"interval_start": starts, "usage": [1.0] * 7 + [None]})
    content = io.BytesIO()
    table.write_parquet(content)
    told = await bring(caller, content.getvalue(), unit="l/s")
    assert (told["rows"], told["intervals"], told["unknown"]) == (8, 2, 1)
    assert (await used(caller))[:2] == [3600, None]


async def test_days_and_months_are_kept_as_days_and_months(cloud: CloudInTest) -> None:
    caller = await water_works(cloud)
    days = b"interval_start,usage\n2026-09-01,5\n2026-09-02,6\n2026-09-03,7\n"
    assert (await bring(caller, days, unit="m3"))["resolution"] == "day"
    months = b"interval_start,usage\n2026-07,50\n2026-08,60\n"
    assert (await bring(caller, months, unit="m3"))["resolution"] == "month"
    assert await used(caller, resolution="day", to="2026-09-03") == [5000, 6000]
    span = {"resolution": "month", "from": "2026-01-01", "to": "2027-01-01"}
    assert await used(caller, **span) == [50_000, 60_000]
    assert set(await used(caller)) == {None}  # they say nothing of hours


async def test_what_can_not_be_read_is_refused_with_the_place_to_mend(cloud: CloudInTest) -> None:
    caller = await water_works(cloud)
    for content, told in (
        (b"interval_start,usage\n2026-01-01 00:00,many\n", "The file: row 2: 'many' is no number"),
        (b"PAR1 and then nothing", "The file can't be read"),
        (a_file([1, 2], START + timedelta(days=365)), "still to come"),
    ):
        answer = await caller.ask("POST", "/demand/series/mladost/usage", content=content)
        assert answer.status_code == 422
        assert told in answer.json()["detail"]
        assert "/tmp" not in answer.json()["detail"]


async def test_a_unit_that_does_not_fit_and_a_zone_that_is_none_are_refused(
    cloud: CloudInTest,
) -> None:
    caller = await water_works(cloud)
    zones = ({"timezone": name} for name in ("Sofia/Bulgaria", "../etc/passwd", "Europe", "\0"))
    for asked in ({"unit": "mwh"}, *zones):
        answer = await caller.ask(
            "POST", "/demand/series/mladost/usage", content=a_file([1, 2]), params=asked
        )
        assert answer.status_code == 422, asked


async def test_nobody_but_its_utility_and_operators_touches_a_series(cloud: CloudInTest) -> None:
    caller = await water_works(cloud)
    await bring(caller, a_file([1, 2]))
    other = await cloud.caller(Role.UTILITY, supplier_id="other")
    city = await cloud.caller(Role.MUNICIPALITY)
    path = "/demand/series/mladost"
    for method, where, asked in (
        ("GET", f"{path}/usage", {"params": SPAN}),
        ("POST", f"{path}/usage", {"content": a_file([9, 9])}),
        ("PUT", path, {"json": {**A_SERIES, "supplier_id": "other"}}),
        ("DELETE", path, {}),
    ):
        assert (await other.ask(method, where, **asked)).status_code == 404, method
    assert (await other.get("/demand/series"))["items"] == []
    assert (await used(city))[:2] == [1, 2]  # a district, and its own utility's figures
    owner = await cloud.caller(Role.OWNER, "p-one")
    assert (await owner.ask("GET", f"{path}/usage", params=SPAN)).status_code == 404
    assert (await owner.ask("DELETE", path)).status_code == 403
    assert (await caller.ask("DELETE", path)).status_code == 204
    async with cloud.services.database.transaction(as_system=True) as connection:
        assert await rows(connection, "select from demand_usage") == []


async def test_the_register_counts_data_sets_and_says_how_fresh_they_are(
    cloud: CloudInTest,
) -> None:
    caller = await water_works(cloud)
    await bring(caller, a_file([1.5 + index % 7 for index in range(300)] + [-1]))
    told = await caller.get("/demand/datasets")
    assert told["count"] == 1
    [one] = told["items"]
    assert one["dataset_id"] == "usage:mladost"
    assert (one["licence"], one["supplier_id"], one["unit"]) == ("CC BY 4.0", "water-works", "l")
    [hours] = one["coverage"]
    assert hours["share"] == 1.0
    assert hours["years"] == [{"year": 2026, "intervals": 301, "missing": 0}]
    assert one["is_late"] is True
    assert one["age_h"] == pytest.approx((NOON - START) / timedelta(hours=1) - 301)
    assert [finding["kind"] for finding in one["findings"]] == ["negative"]


async def test_series_of_buildings_districts_and_the_city_are_made_by_themselves(
    cloud: CloudInTest,
) -> None:
    made = await cloud.services.demand.series.make()
    assert made == ["p-one-water", "district-sredets-water", "city-water"]
    assert await cloud.services.demand.series.make() == []
    await cloud.gateway.send(
        *(a_telegram(1 + hour, at=NOON - timedelta(hours=6 - hour)) for hour in range(6))
    )
    await cloud.services.reviewer.drain()
    for name in made:
        await cloud.services.demand.history.count(name, NOON)
    owner = await cloud.caller(Role.OWNER, "p-one")
    told = await owner.get(
        "/demand/series/p-one-water/usage", **{"from": "2026-11-21", "to": "2026-11-22"}
    )
    assert sum(one["usage"] or 0 for one in told["intervals"]) == 5
    listed = await owner.get("/demand/datasets")
    assert [one["dataset_id"] for one in listed["items"]] == ["usage:p-one-water"]
    city = await cloud.caller(Role.MUNICIPALITY)
    assert (await city.get("/demand/series"))["items"] == []


async def test_a_look_at_a_buildings_series_is_counted(cloud: CloudInTest) -> None:
    await cloud.services.demand.series.make()
    await cloud.operator.get("/demand/series/p-one-water/usage", **SPAN)
    await cloud.operator.get("/demand/series/city-water/usage", **SPAN)
    await cloud.services.accesses.store()
    async with cloud.services.database.transaction(as_system=True) as connection:
        looks = await rows(connection, "select premises_id, kind, looks from accesses")
    assert looks == [{"premises_id": "p-one", "kind": "usage", "looks": 1}]


async def test_a_series_that_is_deleted_while_its_file_is_read_takes_nothing_in(
    cloud: CloudInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = await water_works(cloud)
    reading, deleted = threading.Event(), threading.Event()

    def slowly(*asked: Any) -> Brought:
        reading.set()
        assert deleted.wait(30)
        return read_history(*asked)

    monkeypatch.setattr(imports, "read_history", slowly)
    path = "/demand/series/mladost"
    upload = asyncio.create_task(caller.ask("POST", f"{path}/usage", content=a_file([1, 2])))
    assert await asyncio.to_thread(reading.wait, 30)
    assert (await caller.ask("DELETE", path)).status_code == 204
    deleted.set()
    answer = await upload
    assert (answer.status_code, answer.json()["type"][-9:]) == (404, "not-found")


async def test_files_that_are_brought_at_once_are_taken_in_one_after_the_other(
    cloud: CloudInTest,
) -> None:
    caller = await water_works(cloud)
    told = await asyncio.gather(*(bring(caller, a_file([one, 2, 3])) for one in range(4)))
    assert sum(one["added"] for one in told) == 3
    assert sum(one["superseded"] for one in told) == 3


async def test_a_service_point_is_summed_by_one_series(cloud: CloudInTest) -> None:
    point = {"name": A_SERIES["name"], "utility": "water", "level": "service_point", "unit": "l"}
    wanted = {**point, "service_point_id": "sp-one", "origin": "iskar"}
    await cloud.operator.put("/demand/series/first", wanted)
    again = await cloud.operator.ask("PUT", "/demand/series/second", json=wanted)
    assert again.status_code == 422
    assert "sp-one uses of water is summed by another series" in again.json()["detail"]


async def test_who_moved_in_is_told_nothing_odd_of_the_time_before(cloud: CloudInTest) -> None:
    building = {key: A_SERIES[key] for key in ("name", "utility", "unit")}
    where = {"level": "building", "premises_id": "p-one"}
    await cloud.operator.put("/demand/series/mladost", {**building, **where})
    await bring(cloud.operator, a_file([-1.0] + [1.5 + one % 7 for one in range(9)]))
    for since, kinds in ((START, ["negative"]), (START + timedelta(hours=1), [])):
        grant = Grant(premises_id="p-one", since=since)
        caller = Principal(subject="user:1", role=Role.TENANT, grants=frozenset({grant}))
        [told] = (await cloud.services.demand.datasets.all(caller)).items
        assert [one.kind for one in told.findings] == kinds, since
