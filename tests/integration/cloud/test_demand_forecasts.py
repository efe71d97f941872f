# SPDX-License-Identifier: EUPL-1.2
"""Forecasts over HTTP: as issued, with what came, for those who may see the series."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from cloud.demand.history import repository as history_repository
from cloud.demand.runs import repository as forecasts_repository
from cloud.demand.runs.repository import Run
from cloud.demand.runs.service import Runs
from cloud.kit.auth.rights import Grant, Principal, Role
from cloud.kit.errors import NotFoundError
from tests.integration.cloud.builders import NOON, Caller, CloudInTest
from tests.integration.cloud.demand_builders import a_series

ISSUED = NOON.replace(hour=6)


def a_run(**changes: Any) -> Run:
    """Return a forecast of series dma: 90, 100, 110 each hour, and its days."""
    days = np.tile([2300.0, 2400.0, 2600.0], (13, 1))
    fields: dict[str, Any] = {
        "series_id": "dma",
        "issued_at": ISSUED,
        "known_at": ISSUED,
        "made_at": ISSUED,
        "model_version": None,
        "fallback_reason": "no_model",
        "usage_until": ISSUED,
        "weather_known_at": ISSUED,
        "weather_forecast_share": 0.5,
        "weather_climatology_share": 0.5,
        "quantiles": np.tile([90.0, 100.0, 110.0], (336, 1)),
        "first_day": (ISSUED + timedelta(days=1)).date(),
        "sums": days,
        "peaks": days / 20,
    }
    return Run(**{**fields, **changes})


async def store_runs(cloud: CloudInTest, *runs: Run) -> None:
    async with cloud.services.database.transaction(as_system=True) as connection:
        await forecasts_repository.add(connection, runs)


async def bring(cloud: CloudInTest, amounts: list[float], first: datetime) -> None:
    start_s = int(first.timestamp()) + 3600 * np.arange(len(amounts), dtype=np.int64)
    async with cloud.services.database.transaction(as_system=True) as connection:
        import_id = await history_repository.add_import(
            connection,
            series_id="dma",
            resolution="hour",
            imported_by="user:1",
            imported_at=first,
            file_sha256="",
            file_unit="l",
            rows=len(amounts),
            stored=len(amounts),
            findings=[],
        )
        await history_repository.copy_usage(connection, import_id, start_s, np.array(amounts))


@pytest_asyncio.fixture
async def utility(cloud: CloudInTest) -> AsyncIterator[Caller]:
    """Yield the utility whose series dma is, with two forecasts and some hours of use since."""
    caller = await cloud.utility()
    async with cloud.services.database.transaction(as_system=True) as connection:
        one = a_series("dma", place_id=None)
        await history_repository.put_series(connection, one, "user:1", ISSUED)
    before = a_run(
        issued_at=ISSUED - timedelta(hours=6),
        quantiles=np.tile([1.0, 2.0, 3.0], (336, 1)),
        first_day=None,
        sums=None,
        peaks=None,
    )
    await store_runs(cloud, before, a_run())
    await bring(cloud, [101.0, 102.0, 103.0], ISSUED)
    yield caller


PATH = "/demand/series/dma/forecast"


async def test_the_newest_forecast_is_told_with_what_was_used_since(utility: Caller) -> None:
    told = await utility.get(PATH)
    assert told["issued_at"] == "2026-11-21T08:00:00+02:00"
    assert (told["is_fallback"], told["fallback_reason"]) == (True, "no_model")
    assert told["inputs"]["weather_forecast_share"] == 0.5
    assert len(told["hours"]) == 336
    assert [one["used"] for one in told["hours"][:4]] == [101.0, 102.0, 103.0, None]
    assert (told["hours"][0]["p05"], told["hours"][0]["p95"]) == (90.0, 110.0)


async def test_an_earlier_one_is_told_as_it_was_issued(utility: Caller) -> None:
    before = (ISSUED - timedelta(hours=1)).isoformat()
    told = await utility.get(PATH, issued_before=before)
    assert told["hours"][0]["p50"] == 2.0
    assert told["hours"][6]["used"] == 101.0
    assert told["day_ranges"] == "none"
    issues = (await utility.get("/demand/series/dma/forecasts"))["items"]
    assert [datetime.fromisoformat(one) for one in issues] == [
        ISSUED,
        ISSUED - timedelta(hours=6),
    ]
    missing = await utility.ask("GET", PATH, params={"issued_before": "2020-01-01T00:00:00Z"})
    assert missing.status_code == 404


async def test_days_have_their_own_ranges_or_none(utility: Caller) -> None:
    told = await utility.get(PATH, resolution="day")
    assert (told["hours"], told["day_ranges"]) == ([], "calibrated")
    assert len(told["days"]) == 13
    assert told["days"][0]["day"] == "2026-11-22"
    assert told["days"][0]["sum"] == {"p05": 2300, "p50": 2400, "p95": 2600, "used": None}
    before = (ISSUED - timedelta(hours=1)).isoformat()
    early = await utility.get(PATH, resolution="day", issued_before=before)
    assert early["days"][0]["sum"] == {"p05": None, "p50": 48, "p95": None, "used": None}


async def test_it_is_taken_away_as_a_file(utility: Caller) -> None:
    answer = await utility.ask("GET", f"{PATH}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="dma-forecast-hour-20261121T06Z.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert (len(rows), rows[0]["p95"], rows[1]["used"], rows[5]["used"]) == (
        336,
        "110.0",
        "102.0",
        "",
    )
    days = (await utility.ask("GET", f"{PATH}.csv", params={"resolution": "day"})).text
    assert days.splitlines()[1].startswith("2026-11-22,2300.0,2400.0,2600.0,,115.0")


async def test_who_may_not_see_the_series_finds_no_forecast_of_it(
    cloud: CloudInTest, utility: Caller
) -> None:
    stranger = await cloud.utility("water-two")
    owner = await cloud.caller(Role.OWNER, "p-one")
    for caller in (stranger, owner):
        for path in (
            PATH,
            f"{PATH}.csv",
            "/demand/series/dma/forecasts",
            "/demand/series/dma/accuracy",
        ):
            assert (await caller.ask("GET", path)).status_code == 404, path
        assert (await caller.get("/demand/models"))["items"] == []
    assert (await utility.get("/demand/series/dma/accuracy"))["figures"] == []
    assert (await cloud.operator.get("/demand/models"))["is_on"] is True


async def test_a_tenant_is_told_nothing_that_was_forecast_before_they_moved_in(
    cloud: CloudInTest,
) -> None:
    ours = a_series("dma", level="building", premises_id="p-one", supplier_id=None, place_id=None)
    async with cloud.services.database.transaction(as_system=True) as connection:
        await history_repository.put_series(connection, ours, "user:1", ISSUED)
    await store_runs(cloud, a_run(issued_at=ISSUED - timedelta(hours=6)), a_run())
    moved_in = ISSUED - timedelta(hours=3)
    grant = Grant(premises_id="p-one", since=moved_in)
    tenant = Principal(subject="user:1", role=Role.TENANT, grants=frozenset({grant}))
    forecasts = cloud.services.demand.issued
    assert (await forecasts.shown(tenant, "dma", None)).run.issued_at == ISSUED
    assert await forecasts.issued_at(tenant, "dma", None, 10) == [ISSUED]
    with pytest.raises(NotFoundError):
        await forecasts.shown(tenant, "dma", moved_in)


async def test_a_whole_run_by_the_program_itself_from_the_jobs(
    cloud: CloudInTest, utility: Caller
) -> None:
    """The worker's own job: a program is started, answers, and what it says is stored."""
    cloud.clock.time = NOON + timedelta(hours=6)
    runs: Runs = cloud.services.demand.runs
    [group] = await runs.to_forecast()
    await cloud.services.jobs.app.tasks["demand.forecast"].func(
        group_id=group.group_id, issued_at=cloud.clock.time.isoformat()
    )
    told = await utility.get(PATH)
    assert told["issued_at"] == cloud.clock.time.astimezone(UTC).isoformat() or told["hours"]
    assert told["fallback_reason"] == "too_little_history"
    assert await runs.to_forecast() == []
    assert told["hours"][0]["p05"] == pytest.approx(101)
    assert told["hours"][0]["p95"] == pytest.approx(103)
