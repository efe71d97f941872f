# SPDX-License-Identifier: EUPL-1.2
"""The jobs of this module: each morning budgets are looked at, and who has to be is warned."""

from datetime import date

import structlog
from procrastinate import RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued

from cloud.alerts.notices import Pauses
from cloud.kit.jobs import Jobs
from cloud.savings.warnings import WARN, Warnings

log = structlog.get_logger(__name__)

LOOK, LOOK_ALL = "savings.look", "savings.look_all"
QUEUE = "savings"
MORNING = "12 6 * * *"  # UTC: after eight in Sofia, once the night's forecasts are in
AGAIN = RetryStrategy(max_attempts=3, exponential_wait=60)


def register(jobs: Jobs, warnings: Warnings) -> None:
    """Tell the worker how to look at budgets and warn, and when."""

    @jobs.app.task(name=LOOK, queue=QUEUE, retry=AGAIN)
    async def look(owner: str, premises_id: str) -> None:
        await warnings.look(owner, premises_id)

    @jobs.app.periodic(cron=MORNING)
    @jobs.app.task(name=LOOK_ALL, queue=QUEUE, retry=AGAIN)
    async def look_all(timestamp: int) -> None:  # noqa: ARG001 - when it was due
        for owner, premises_id in await warnings.wishes():
            once = look.configure(queueing_lock=f"{LOOK} {owner} {premises_id}", lock=LOOK)
            try:
                await once.defer_async(owner=owner, premises_id=premises_id)
            except AlreadyEnqueued:
                log.info("budget_look_is_queued", owner=owner, premises_id=premises_id)

    @jobs.app.task(name=WARN, queue=QUEUE, retry=Pauses())
    async def warn(budget_id: str, month: str, key: str) -> None:
        await warnings.send(int(budget_id), date.fromisoformat(month), key)
