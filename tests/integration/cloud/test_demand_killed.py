# SPDX-License-Identifier: EUPL-1.2
"""kill -9 in the midst of a demand job: nothing half is left, and the next run goes on."""

import asyncio
import signal
import sys
from pathlib import Path

from cloud.demand.runs.service import FIRST as THE_FIRST
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
