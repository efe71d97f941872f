# SPDX-License-Identifier: EUPL-1.2
"""The jobs of history: every night series are made, and it is counted what is known of them."""

import structlog

from cloud.demand.history.models import ISKAR
from cloud.demand.history.series import SeriesKeeper
from cloud.demand.history.service import DemandHistory
from cloud.kit.clock import Clock
from cloud.kit.jobs import Jobs

log = structlog.get_logger(__name__)

MAKE = "demand.make_series"
NIGHTLY = "47 1 * * *"  # UTC: after histories are queued for review, before forecasts of the day


def register(jobs: Jobs, keeper: SeriesKeeper, history: DemandHistory, clock: Clock) -> None:
    """Tell the worker how to make series, and when."""

    @jobs.app.periodic(cron=NIGHTLY)
    @jobs.app.task(name=MAKE, queue="demand", queueing_lock=MAKE)
    async def make_series(timestamp: int) -> None:  # noqa: ARG001 - when it was due
        made = await keeper.make()
        if made:
            log.info("demand_series_made", count=len(made))
        for one in await history.all():
            if one.origin == ISKAR:
                await history.count(one.series_id, clock.now())
