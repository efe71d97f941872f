# SPDX-License-Identifier: EUPL-1.2
"""The jobs of this module."""

from datetime import datetime

from procrastinate import RetryStrategy

from cloud.alerts.service import WAKE, Alerts
from cloud.kit.jobs import Jobs

QUEUE = "alerts"
# The database may be away: eight attempts within some four hours.
AGAIN = RetryStrategy(max_attempts=8, exponential_wait=5)


def register(jobs: Jobs, alerts: Alerts) -> None:
    """Tell the worker how alerts go on by themselves."""

    @jobs.app.task(name=WAKE, queue=QUEUE, retry=AGAIN)
    async def wake(alert_id: str, until: str) -> None:
        await alerts.wake(alert_id, datetime.fromisoformat(until))
