# SPDX-License-Identifier: EUPL-1.2
"""What a building is expected to use over HTTP: as it was forecast then, and what is to come."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from cloud.demand.history import repository as history_repository
from cloud.demand.runs import registry_repository
from cloud.demand.runs.repository import Run
from cloud.kit.auth.rights import Grant, Principal, Role
from cloud.readings.service import Span
from tests.integration.cloud.builders import NOON, Caller, CloudInTest
from tests.integration.cloud.demand_builders import a_model, a_series
from tests.integration.cloud.matrix_builders import a_town
from tests.integration.cloud.test_demand_forecasts import a_run, store_runs

PATH = "/premises/p-one/forecast"
HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 20, 22, tzinfo=UTC)  # in Sofia, of the day that NOON is of
EVENING, MORNING = MIDNIGHT - 4 * HOUR, MIDNIGHT + 8 * HOUR
DAY = {"utility": "water", "resolution": "hour", "from": "2026-11-21", "to": "2026-11-22"}
WEEK = {"utility": "water", "resolution": "day", "from": "2026-11-16", "to": "2026-11-23"}


def a_forecast(issued_at: datetime, per_hour: float, **changes: Any) -> Run:
    """Return a model's forecast of so many litres an hour, give or take a tenth of them."""
    fields: dict[str, Any] = {
        "series_id": "home",
        "issued_at": issued_at,
        "known_at": issued_at,
        "made_at": issued_at,
        "usage_until": issued_at,
        "model_version": "m-one",
        "fallback_reason": None,
        "quantiles": np.tile(per_hour * np.array([0.9, 1.0, 1.1]), (336, 1)),
        "first_day": None,
        "sums": None,
        "peaks": None,
    }
    return a_run(**{**fields, **changes})


async def with_series(cloud: CloudInTest, series_id: str = "home", **changes: Any) -> None:
    """Keep the series of building one, and the model that forecasts it."""
    fields = {"level": "building", "origin": "iskar", "premises_id": "p-one", "place_id": None}
    one = a_series(series_id, **{**fields, "supplier_id": None, **changes})
    async with cloud.services.database.transaction(as_system=True) as connection:
        await history_repository.put_series(connection, one, "user:1", MIDNIGHT)


@pytest_asyncio.fixture
async def home(cloud: CloudInTest) -> AsyncIterator[Caller]:
    """Yield the owner of building one, which was forecast in the evening and this morning."""
    await with_series(cloud)
    async with cloud.services.database.transaction(as_system=True) as connection:
        await registry_repository.add(connection, a_model("home", known_at=EVENING))
    await store_runs(cloud, a_forecast(EVENING, 20), a_forecast(MORNING, 30))
    yield await cloud.caller(Role.OWNER, "p-one")


async def test_hours_that_have_begun_are_told_as_before_their_day_others_by_the_newest(
    home: Caller,
) -> None:
    told = await home.get(PATH, **DAY)
    assert (told["unit"], told["timezone"], told["resolution"]) == ("ml", "Europe/Sofia", "hour")
    assert len(told["intervals"]) == 24
    begun = told["intervals"][14]  # it is two o'clock
    assert begun["interval_start"] == "2026-11-21T14:00:00+02:00"
    assert (begun["p05"], begun["p50"], begun["p95"]) == (18_000, 20_000, 22_000)
    assert begun["issued_at"] == "2026-11-20T20:00:00+02:00"
    ahead = told["intervals"][15]
    assert (ahead["p05"], ahead["p50"], ahead["p95"]) == (27_000, 30_000, 33_000)
    assert ahead["issued_at"] == told["newest"]["issued_at"] == "2026-11-21T08:00:00+02:00"
    assert (told["newest"]["model_version"], told["newest"]["is_fallback"]) == ("m-one", False)


async def test_the_rest_of_the_day_is_from_now_on(cloud: CloudInTest, home: Caller) -> None:
    cloud.clock.time = NOON + HOUR / 2
    rest = (await home.get(PATH, **DAY))["rest"]
    assert rest["since"] == "2026-11-21T14:30:00+02:00"
    assert rest["until"] == "2026-11-22T00:00:00+02:00"
    nine_and_a_half = [round(9.5 * one) for one in (27_000, 30_000, 33_000)]
    assert [rest[name] for name in ("p05", "p50", "p95")] == nine_and_a_half


async def test_days_are_told_by_what_was_known_before_each(
    cloud: CloudInTest, home: Caller
) -> None:
    days = np.tile([460.0, 500.0, 530.0], (13, 1))
    before = a_forecast(EVENING - timedelta(days=2), 10, first_day=MIDNIGHT.date(), sums=days)
    await store_runs(cloud, before)  # of the 18th's evening
    told = await home.get(PATH, **WEEK)
    shown = {one["interval_start"][:10]: one["p50"] for one in told["intervals"]}
    assert shown == {
        "2026-11-19": 240_000,  # no range of its own: its hours'
        "2026-11-20": 500_000,
        "2026-11-21": 480_000,  # today, by the evening's
        "2026-11-22": 720_000,  # by this morning's
    }
    assert told["rest"]["p50"] == 10 * 30_000 + 720_000
    assert told["rest"]["until"] == "2026-11-23T00:00:00+02:00"


async def test_a_month_is_told_as_far_as_the_forecast_reaches(home: Caller) -> None:
    asked = {**WEEK, "from": "2026-11-01", "to": "2026-12-31"}
    told = await home.get(PATH, **asked)
    assert told["intervals"][-1]["interval_start"][:10] == "2026-12-04"
    assert told["rest"]["until"] == "2026-12-05T00:00:00+02:00"
    over = await home.get(PATH, **{**WEEK, "from": "2026-11-09", "to": "2026-11-16"})
    assert (over["intervals"], over["rest"]) == ([], None)


async def test_one_made_for_want_of_a_model_says_so(cloud: CloudInTest, home: Caller) -> None:
    cloud.clock.time = NOON + HOUR
    fallback = {"model_version": None, "fallback_reason": "model_failed"}
    await store_runs(cloud, a_forecast(NOON, 40, **fallback))
    told = await home.get(PATH, **DAY)
    assert (told["newest"]["is_fallback"], told["newest"]["fallback_reason"]) == (
        True,
        "model_failed",
    )
    assert [one["is_fallback"] for one in told["intervals"][14:18]] == [False, False, True, True]


async def test_without_a_forecast_there_is_nothing_and_of_others_nothing_is_found(
    cloud: CloudInTest, home: Caller
) -> None:
    gas = await home.get(PATH, **{**DAY, "utility": "gas"})
    assert (gas["unit"], gas["newest"], gas["intervals"], gas["rest"]) == ("l", None, [], None)
    stranger = await cloud.caller(Role.OWNER, "p-two")
    assert (await stranger.ask("GET", PATH, params=DAY)).status_code == 404
    many = {**WEEK, "from": "2026-01-01"}
    assert (await home.ask("GET", PATH, params=many)).status_code == 422


@pytest.mark.usefixtures("home")
async def test_who_sees_only_some_of_the_meters_is_told_nothing_of_the_whole(
    cloud: CloudInTest,
) -> None:
    """A forecast of the building, less one's own flat, would be a forecast of the neighbours."""
    town = await a_town(cloud)  # now there is a second flat, of another supplier
    told = {
        asker.label: (await asker.caller.get(PATH, **DAY))["newest"] is not None
        for asker in town.askers
        if asker.label in ("owner's program", "operator", "water works", "heating")
    }
    assert told == {
        "owner's program": True,
        "operator": True,
        "water works": False,
        "heating": False,
    }
    forecasts, span = cloud.services.demand.buildings, _the_day()
    for points, is_told in ((None, True), (frozenset({"sp-one"}), False)):
        grant = Grant(premises_id="p-one", service_point_ids=points)
        tenant = Principal(subject="user:1", role=Role.TENANT, grants=frozenset({grant}))
        found = await forecasts.expected(tenant, "p-one", "water", span)
        assert (found.newest is not None) is is_told
    await with_series(cloud, "flat", level="service_point", service_point_id="sp-one")
    await store_runs(cloud, a_forecast(MORNING, 7, series_id="flat"))
    theirs = await forecasts.expected(tenant, "p-one", "water", span)
    assert theirs.newest is not None
    assert theirs.newest.series_id == "flat"


@pytest.mark.usefixtures("home")
async def test_a_tenant_is_told_nothing_that_was_forecast_before_they_moved_in(
    cloud: CloudInTest,
) -> None:
    forecasts, span = cloud.services.demand.buildings, _the_day()
    for since, issued in (
        (MORNING - HOUR, {MORNING}),
        (EVENING - HOUR, {EVENING, MORNING}),
        (NOON, set()),
    ):
        grant = Grant(premises_id="p-one", since=since)
        tenant = Principal(subject="user:1", role=Role.TENANT, grants=frozenset({grant}))
        found = await forecasts.expected(tenant, "p-one", "water", span)
        assert {one.run.issued_at for one in found.intervals} == issued


def _the_day() -> Span:
    return Span(resolution="hour", first=NOON.date(), end=NOON.date() + timedelta(days=1))


@pytest.mark.parametrize("resolution", ["month", "minute"])
async def test_other_resolutions_are_refused(home: Caller, resolution: str) -> None:
    answer = await home.ask("GET", PATH, params={**DAY, "resolution": resolution})
    assert answer.status_code == 422
