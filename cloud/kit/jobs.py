# SPDX-License-Identifier: EUPL-1.2
"""Jobs: work that outlives a request and a crash, queued in the same database.

A job is queued on the connection of the transaction it belongs to, so that it exists exactly when
what caused it does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import procrastinate
import psycopg
import structlog
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job

from cloud.kit.database import Connection

log = structlog.get_logger(__name__)

WORKER_CONCURRENCY = 8
POLL_S = 2.0
STALLED_AFTER_S = 30.0
RESTART_S = 1.0


class _TakenUpAgain(BaseRetryStrategy):
    """Has a job that our stopping broke off begun anew at once, by whoever is there.

    Otherwise its own ``pauses`` would treat that as a failure of its own; without any, the queue
    would set it aside for good.
    """

    def __init__(self, pauses: BaseRetryStrategy | None) -> None:
        self._pauses = pauses

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when the job is to be tried again, or None to give up."""
        if isinstance(exception, (asyncio.CancelledError, JobAborted)):
            return RetryDecision(retry_at=datetime.now(UTC))
        if self._pauses is None:
            return None
        return self._pauses.get_retry_decision(exception=exception, job=job)


class Jobs:
    """The queue and the worker of this process."""

    def __init__(self, dsn: str) -> None:
        self.app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=dsn, min_size=1, max_size=4, reconnect_timeout=2.0, timeout=5.0
            )
        )

    async def queue(self, connection: Connection, task: str, **arguments: str) -> None:
        """Queue ``task``, to run once the transaction of ``connection`` has committed."""
        await self.app.configure_task(task, connection=connection).defer_async(**arguments)

    async def queue_at(
        self, connection: Connection, task: str, at: datetime, **arguments: str
    ) -> None:
        """Queue ``task``, to run not before ``at``."""
        queue = self.app.configure_task(task, connection=connection, schedule_at=at)
        await queue.defer_async(**arguments)

    async def run(self) -> None:
        """Work on jobs until cancelled; go on after the database was away."""
        for task in self.app.tasks.values():
            if not isinstance(task.retry_strategy, _TakenUpAgain):
                task.retry_strategy = _TakenUpAgain(task.retry_strategy)
        async with self.app.open_async(), asyncio.TaskGroup() as group:
            group.create_task(self._forever(self._work), name="job_worker")
            group.create_task(self._forever(self._take_up_stalled), name="stalled_jobs")

    async def _forever(self, activity: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await activity()
            except (ConnectorException, psycopg.Error) as error:
                log.warning("job_queue_unreachable", error=str(error).strip()[:200])
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # told to stop as the database failed: the library raised its error instead
                raise asyncio.CancelledError
            await asyncio.sleep(RESTART_S)

    async def _work(self) -> None:
        await self.app.run_worker_async(
            concurrency=WORKER_CONCURRENCY,
            fetch_job_polling_interval=POLL_S,
            install_signal_handlers=False,
            stalled_worker_timeout=STALLED_AFTER_S,
            shutdown_graceful_timeout=1.0,
            delete_jobs="successful",
        )

    async def _take_up_stalled(self) -> None:
        """Queue again what a killed worker had begun."""
        for job in await self.app.job_manager.get_stalled_jobs():
            assert job.id is not None  # noqa: S101 - it came from the database
            await self.app.job_manager.retry_job_by_id_async(job.id, retry_at=datetime.now(UTC))
        await asyncio.sleep(STALLED_AFTER_S)
