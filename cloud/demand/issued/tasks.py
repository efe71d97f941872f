# SPDX-License-Identifier: EUPL-1.2
"""The jobs of forecasts: hourly what is due is forecast, nightly models are fitted and audited.

Each group has one job at a time, of whichever kind; what a killed worker had begun is begun anew,
and ends with what it would have ended with.
"""

import zlib
from datetime import datetime

import structlog
from procrastinate import RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued

from cloud.demand.issued.audits_service import Audits
from cloud.demand.issued.limits_service import Limits
from cloud.demand.issued.service import IssuedForecasts
from cloud.demand.runs.asking import is_installed
from cloud.demand.runs.inputs import whole_hour
from cloud.demand.runs.registry import ModelRegistry
from cloud.demand.runs.service import DRIFT, FIRST, Runs
from cloud.kit.clock import Clock
from cloud.kit.jobs import Jobs

log = structlog.get_logger(__name__)

QUEUE = "demand"
FIT, FORECAST, AUDIT = "demand.fit", "demand.forecast", "demand.audit"
FIT_DUE, FORECAST_DUE = "demand.fit_due", "demand.forecast_due"
AUDIT_ALL = "demand.audit_all"
HOURLY = "9 * * * *"  # once most of the hour before has come in
# UTC: after midnight in Sofia, series made and histories reviewed; audits before, so that what
# drifts is fitted in the same night.
NIGHTLY_AUDIT = "7 2 * * *"
NIGHTLY_FIT = "37 2 * * *"


# Jobs of a group never run side by side, and of all of them no more than these: others wait for the
# same workers, and an alert must not wait for a fit.
LANES = 2
AGAIN = RetryStrategy(max_attempts=3, exponential_wait=60)


def register(
    jobs: Jobs,
    clock: Clock,
    runs: Runs,
    models: ModelRegistry,
    issued: IssuedForecasts,
    audits: Audits,
    limits: Limits,
) -> None:
    """Tell the worker how to fit, forecast and audit, and when."""
    _register_groups(jobs, clock, runs, audits, limits)
    _register_times(jobs, clock, runs, models, issued)


def _register_groups(jobs: Jobs, clock: Clock, runs: Runs, audits: Audits, limits: Limits) -> None:
    @jobs.app.task(name=FIT, queue=QUEUE, retry=AGAIN)
    async def fit(group_id: str, because: str) -> None:
        if _is_on() and await _is_there(runs, group_id):
            await runs.fit(group_id, because)

    @jobs.app.task(name=FORECAST, queue=QUEUE, retry=AGAIN)
    async def forecast(group_id: str, issued_at: str) -> None:
        if _is_on() and await _is_there(runs, group_id):
            # who waited past the hour is made from what is known now, and issued so
            at = max(datetime.fromisoformat(issued_at), whole_hour(clock.now()))
            await limits.look(await runs.forecast(group_id, at))

    @jobs.app.task(name=AUDIT, queue=QUEUE, retry=AGAIN)
    async def audit(group_id: str) -> None:
        for group in await runs.groups():
            if group.group_id == group_id and await audits.of_group(group):
                await _queue(jobs, FIT, group_id, because=DRIFT)


def _register_times(
    jobs: Jobs, clock: Clock, runs: Runs, models: ModelRegistry, issued: IssuedForecasts
) -> None:
    @jobs.app.periodic(cron=HOURLY)
    @jobs.app.task(name=FORECAST_DUE, queue=QUEUE)
    async def forecast_due(timestamp: int) -> None:  # noqa: ARG001 - when it was due
        if not _is_on():
            return
        issued_at = whole_hour(clock.now()).isoformat()
        for group in await runs.to_forecast():
            if await runs.reason_to_fit(group) == FIRST:
                await _queue(jobs, FIT, group.group_id, because=FIRST)
            await _queue(jobs, FORECAST, group.group_id, issued_at=issued_at)

    @jobs.app.periodic(cron=NIGHTLY_FIT)
    @jobs.app.task(name=FIT_DUE, queue=QUEUE)
    async def fit_due(timestamp: int) -> None:  # noqa: ARG001 - when it was due
        if not _is_on():
            return
        for group, because in await runs.to_fit():
            await _queue(jobs, FIT, group.group_id, because=because)
        await models.drop_old()

    @jobs.app.periodic(cron=NIGHTLY_AUDIT)
    @jobs.app.task(name=AUDIT_ALL, queue=QUEUE)
    async def audit_all(timestamp: int) -> None:  # noqa: ARG001 - when it was due
        for group in await runs.groups():
            await _queue(jobs, AUDIT, group.group_id)
        await issued.thin()


def _is_on() -> bool:
    if is_installed():
        return True
    log.warning("demand_is_off", because="The extra `demand` is not installed.")
    return False


async def _is_there(runs: Runs, group_id: str) -> bool:
    """Tell whether a group is still there; its series may have been deleted since."""
    return group_id in {one.group_id for one in await runs.groups()}


async def _queue(jobs: Jobs, task: str, group_id: str, **arguments: str) -> None:
    """Queue a job of a group, unless one of its kind waits already."""
    once = jobs.app.configure_task(
        task,
        lock=f"demand {zlib.crc32(group_id.encode()) % LANES}",
        queueing_lock=f"{task} {group_id}",
    )
    try:
        await once.defer_async(group_id=group_id, **arguments)
    except AlreadyEnqueued:
        log.info("demand_job_is_queued", job=task, group=group_id)
