# SPDX-License-Identifier: EUPL-1.2
"""A process that fits and stores forecasts, and is killed in the midst of one of these.

python -m tests.integration.cloud.demand_victim DSN FOLDER STAGE GROUP
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from cloud.demand.runs import registry_repository, repository
from cloud.kit.database import Database
from tests.integration.cloud.demand_builders import demand_on

REGISTERING, STORING = "registering", "storing"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dying_after(function: Any) -> Any:
    async def done_and_dead(*told: Any) -> None:
        await function(*told)
        _die()

    return done_and_dead


async def _work(dsn: str, folder: Path, stage: str, group: str) -> None:
    database = Database(dsn, 2)
    await database.open()
    demand = demand_on(database, folder)
    if stage == REGISTERING:  # the row is written and not committed, the file is there
        registry_repository.add = _dying_after(registry_repository.add)
    if stage == STORING:
        repository.add = _dying_after(repository.add)
    await demand.runs.fit(group)
    await demand.runs.forecast(group)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
