# SPDX-License-Identifier: EUPL-1.2
"""Studies over HTTP: worked out behind the request, kept, and told to those who see the series."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import pytest_asyncio

from cloud.demand.history import repository as history_repository
from cloud.demand.runs import repository as forecasts_repository
from cloud.demand.series import HOUR
from cloud.kit.auth.rights import Role
from cloud.weather.models import Resolution
from cloud.weather.sources import Told
from tests.demand_builders import some_hours, some_usage, some_weather
from tests.integration.cloud.builders import NOON, Caller, CloudInTest
from tests.integration.cloud.demand_builders import a_series
from tests.integration.cloud.test_demand_forecasts import a_run, bring
from tests.weather_builders import a_place

DAYS = 120
FIRST = NOON - timedelta(days=DAYS)
PATH = "/demand/series/dma"
WORKED_OUT_S = 120  # programs that load numerical libraries, on a machine with other work
STUDIES = (f"{PATH}/explain", f"{PATH}/scenario", f"{PATH}/what-if?temperature_delta_c=-1")


async def told_of(caller: Caller, path: str) -> Any:
    """Return the answer once it is worked out."""
    async with asyncio.timeout(WORKED_OUT_S):
        while (answer := await caller.ask("GET", path)).status_code == 202:
            assert int(answer.headers["retry-after"]) == answer.json()["retry_after_s"] > 0
            await asyncio.sleep(0.1)
    assert answer.status_code == 200, answer.text
    return answer.json()


def a_record(resolution: Resolution, first: datetime, amounts: Any, **changes: Any) -> Told:
    step = resolution.step
    rows = pl.DataFrame(
        {"at": [first + at * step for at in range(len(amounts))], "temperature_c": amounts},
        schema={"at": pl.Datetime("us", "UTC"), "temperature_c": pl.Float64},
    )
    return Told(resolution=resolution, rows=rows, **{"is_forecast": False, **changes})


@pytest_asyncio.fixture
async def utility(cloud: CloudInTest) -> AsyncIterator[Caller]:
    """Yield the utility whose series dma is, forecast but without any use."""
    caller = await cloud.utility()
    await cloud.services.weather.put_place(a_place())
    async with cloud.services.database.transaction(as_system=True) as connection:
        await history_repository.put_series(connection, a_series("dma"), "user:1", NOON)
        hours = np.tile([90.0, 100.0, 110.0], (336, 1))
        hours[4::24] += 60  # from 18 o'clock in Sofia
        runs = [a_run(issued_at=NOON - timedelta(days=back), quantiles=hours) for back in range(31)]
        await forecasts_repository.add(connection, runs)
    yield caller


async def with_years(cloud: CloudInTest) -> None:
    """Bring use, its weather with a forecast, and twelve years of days, eleven of them whole."""
    hours = some_hours((DAYS + 3) * 24, FIRST)
    weather = some_weather(hours)
    use = some_usage(weather, DAYS * 24, 1)
    await bring(cloud, use.amounts[0].tolist(), FIRST)
    degrees, records = weather.get("temperature_c"), cloud.services.weather
    seen, ahead = degrees[: DAYS * 24], degrees[DAYS * 24 :]
    await records.take_in("sofia", a_record(Resolution.HOUR, FIRST, seen))
    await records.take_in("sofia", a_record(Resolution.HOUR, NOON, ahead, is_forecast=True))
    long_ago = datetime(2010, 1, 1, tzinfo=UTC)
    years = some_weather(some_hours(4500 * 24, long_ago), seed=4).get("temperature_c")
    days = years.reshape(-1, 24).mean(axis=1)
    await records.take_in("sofia", a_record(Resolution.DAY, long_ago, days))


async def test_studies_are_worked_out_by_programs_and_kept_for_the_day(
    cloud: CloudInTest, utility: Caller
) -> None:
    await with_years(cloud)
    assert (await utility.ask("GET", STUDIES[0])).status_code == 202
    assert (await utility.ask("GET", STUDIES[1])).status_code == 202
    explained = await told_of(utility, STUDIES[0])
    shares = explained["share_of_daily_variance_pct"]
    assert max(shares, key=shares.get) == "temperature"
    assert sum(shares.values()) == pytest.approx(100)
    colder = await told_of(utility, STUDIES[2])
    assert (colder["day"], colder["unit"], colder["base"]) == ("2026-11-22", "l", 2400)
    difference = colder["difference"]
    assert 0 < difference["p05"] < difference["p50"] < difference["p95"]
    assert colder["changed"] == pytest.approx(2400 + difference["p50"])
    frozen = await utility.ask("GET", f"{PATH}/what-if?temperature_delta_c=-15")
    assert frozen.json()["type"].endswith("beyond-history")
    assert "lies beyond what the history saw" in frozen.json()["detail"]
    may_come = await told_of(utility, STUDIES[1])
    assert (may_come["unit"], may_come["weather_years"]) == ("l", 11)
    assert [one["kind"] for one in may_come["spans"]] == ["month", "season", "year"]
    assert {one["first_day"] for one in may_come["spans"]} == {"2026-11-21"}
    assert may_come["spans"][1]["last_day"] == "2027-03-31"
    totals = [one["total"] for one in may_come["spans"]]
    assert all(one["p05"] < one["p50"] < one["p95"] for one in totals)
    cloud.clock.time = NOON + timedelta(hours=11)  # 23:00, and soon tomorrow is another day
    assert (await utility.ask("GET", STUDIES[0])).status_code == 202


async def test_history_that_is_brought_makes_them_be_worked_out_anew(
    cloud: CloudInTest, utility: Caller
) -> None:
    for path in STUDIES[:2]:
        for _ in range(50):
            answer = await utility.ask("GET", path)
            if answer.status_code == 409:
                break
            await asyncio.sleep(0.05)
        assert answer.json()["type"].endswith("cannot-be-told"), path
    await bring(cloud, [101.0] * 48, NOON - 48 * HOUR)
    assert (await utility.ask("GET", STUDIES[0])).status_code == 202


async def test_who_may_not_see_the_series_is_told_nothing_of_it(
    cloud: CloudInTest, utility: Caller
) -> None:
    stranger = await cloud.utility("water-two")
    owner = await cloud.caller(Role.OWNER, "p-one")
    for caller in (stranger, owner):
        for path in (*STUDIES, f"{PATH}/peak"):
            assert (await caller.ask("GET", path)).status_code == 404, path
    odd = await utility.ask("GET", f"{PATH}/what-if?temperature_delta_c=0.3")
    assert odd.status_code == 422


@pytest.mark.usefixtures("utility")
async def test_a_municipality_is_told_nothing_made_of_hours_that_iskar_sums(
    cloud: CloudInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.services.demand.history, "_at_least", 1)  # building one is enough
    ours = a_series("city", origin="iskar", supplier_id=None)
    async with cloud.services.database.transaction(as_system=True) as connection:
        await history_repository.put_series(connection, ours, "user:1", NOON)
    municipality = await cloud.caller(Role.MUNICIPALITY)
    for path in (*STUDIES, f"{PATH}/peak"):
        answer = await municipality.ask("GET", path.replace("dma", "city"))
        assert answer.json()["type"].endswith("hours-not-told"), path


async def test_the_peak_is_told_at_once_with_what_it_passes(
    cloud: CloudInTest, utility: Caller
) -> None:
    limit = {"series_id": "dma", "quantity": "day_peak", "upper": 120, "probability": 0.5}
    await utility.put("/demand/limits/pumps", limit)
    before = await utility.get(f"{PATH}/peak")
    assert (before["day"], before["days"], before["hours"]) == ("2026-11-22", 0, [])
    assert before["peak"] == {"p05": 115, "p50": 120, "p95": 130}
    assert before["limits"] == [{"limit_id": "pumps", "probability": 0.5}]
    luck = np.random.default_rng(3)
    use = luck.normal(100, 3, 31 * 24)
    use[4::24] += 60
    await bring(cloud, use.tolist(), NOON - 31 * 24 * HOUR)
    told = await utility.get(f"{PATH}/peak")
    assert told["days"] == 28  # without the one of 25 hours
    assert len(told["hours"]) == 24
    assert sum(one["probability"] for one in told["hours"]) == pytest.approx(1)
    highest = max(told["hours"], key=lambda one: one["probability"])
    assert highest == {"interval_start": "2026-11-22T18:00:00+02:00", "probability": 1}
