# SPDX-License-Identifier: EUPL-1.2
"""kill -9 in the midst of a demand job: nothing half is left, and the next run goes on."""

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from cloud.demand.runs.groups import HORIZON_H
from cloud.demand.runs.inputs import whole_hour
from cloud.demand.runs.service import FIRST as THE_FIRST
from cloud.demand.series import WEEK_H
from cloud.kit.database import rows
from tests.integration.cloud import demand_victim
from tests.integration.cloud.demand_builders import Demand, a_series, demand_on, with_history
from tests.integration.cloud.demand_victim import REGISTERING, STORING
from tests.integration.cloud.store import Store
from tests.needs import ROOT

GROUP = "water/city/l/sofia/1"


async def _killed(dsn: str, folder: Path, stage: str) -> None:
    victim = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", demand_victim.__name__, dsn, str(folder), stage, GROUP), cwd=ROOT
    )
    assert await victim.wait() == -signal.SIGKILL


async def _left(demand: Demand) -> tuple[int, int]:
    """Return how many models and forecasts there are."""
    async with demand.database.transaction(as_system=True) as connection:
        [found] = await rows(
            connection,
            "select (select count(*) from demand_models) as models,"
            " (select count(*) from forecast_runs) as runs",
        )
    return found["models"], found["runs"]


async def test_what_was_killed_is_not_there_and_is_made_by_the_next_run(
    store: Store, dsn: str, tmp_path: Path
) -> None:
    demand = demand_on(store.database, tmp_path)
    await with_history(demand, a_series("a"), a_series("b"), weeks=9)
    await _killed(dsn, tmp_path, REGISTERING)
    assert await _left(demand) == (0, 0)
    assert [because for _, because in await demand.runs.to_fit()] == [THE_FIRST]
    await _killed(dsn, tmp_path, STORING)  # the same model again, in the place of its file
    assert await _left(demand) == (1, 0)
    assert await demand.runs.to_fit() == []
    told = await demand.runs.forecast(GROUP)
    assert [one.fallback_reason for one in told] == [None, None]
    assert await _left(demand) == (1, 2)
    [model] = await demand.models.all()
    assert [file.name for file in (tmp_path / "models").iterdir()] == [
        f"{model.model_version}.model"
    ]
    assert await demand.runs.to_forecast() == []


async def _run_once(dsn: str, folder: Path) -> asyncio.subprocess.Process:
    """Begin `iskar-cloud demand run --once` as an operator does."""
    names = {"CLOUD_DATABASE_URL": dsn, "CLOUD_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cloud", "demand", "run", "--once"),
        cwd=folder,
        env={**os.environ, **names},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def _forecasts(demand: Demand) -> list[tuple[str, datetime, int]]:
    async with demand.database.transaction(as_system=True) as connection:
        found = await rows(
            connection,
            "select series_id, issued_at, cardinality(p50) as hours from forecast_runs"
            " order by 1, 2",
        )
    return [(one["series_id"], one["issued_at"], one["hours"]) for one in found]


async def test_the_command_that_was_killed_between_groups_is_completed_by_the_next(
    store: Store, dsn: str, tmp_path: Path
) -> None:
    """Histories of days, so that nothing is fitted; each group is a program of its own."""
    now = whole_hour(datetime.now(UTC))  # the command knows no other
    demand, names = demand_on(store.database, tmp_path, now), ("gas", "heat", "water")
    await with_history(demand, *(a_series(name, utility=name) for name in names), weeks=1)
    for name in names:
        await demand.bring(name, np.full(WEEK_H, 50.0), now, now - timedelta(days=7))
    first = await _run_once(dsn, tmp_path)
    while not await _forecasts(demand):
        assert first.returncode is None
        await asyncio.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    assert await first.wait() == -signal.SIGKILL
    before = await _forecasts(demand)
    assert 1 <= len(before) < 3
    second = await _run_once(dsn, tmp_path)
    said, _ = await second.communicate()
    assert second.returncode == 0
    counts = {"groups": 3, "fitted": 0, "failed": 0, "forecasts": 3, "fallbacks": 3}
    assert json.loads(said) == counts
    after = await _forecasts(demand)
    assert set(before) <= set(after)
    assert {name for name, _, _ in after} == {"gas", "heat", "water"}
    assert {hours for _, _, hours in after} == {HORIZON_H}
    assert len({(name, at) for name, at, _ in after}) == len(after)
    newest = max(at for _, at, _ in after)
    assert len(after) == 3 or min(at for _, at, _ in after) < newest  # an hour ended in between
