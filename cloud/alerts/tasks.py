# SPDX-License-Identifier: EUPL-1.2
"""The jobs of this module."""

from datetime import datetime

from procrastinate import RetryStrategy

from cloud.alerts.messages import TELL_PEOPLE
from cloud.alerts.notices import SEND, Notices, Pauses
from cloud.alerts.service import WAKE, Alerts
from cloud.kit.jobs import Jobs

QUEUE = "alerts"
# The database may be away: attempts after 5 s, 25 s, 2 min and so on, for days.
AGAIN = RetryStrategy(max_attempts=8, exponential_wait=5)


def register(jobs: Jobs, alerts: Alerts, notices: Notices) -> None:
    """Tell the worker how alerts go on by themselves."""

    @jobs.app.task(name=WAKE, queue=QUEUE, retry=AGAIN)
    async def wake(alert_id: str, until: str) -> None:
        await alerts.wake(alert_id, datetime.fromisoformat(until))

    @jobs.app.task(name=TELL_PEOPLE, queue=QUEUE, retry=AGAIN)
    async def tell_people(event_id: str) -> None:
        await notices.tell(int(event_id))

    @jobs.app.task(name=SEND, queue=QUEUE, retry=Pauses())
    async def send_notice(event_id: str, key: str) -> None:
        await notices.send(int(event_id), key)
