# SPDX-License-Identifier: EUPL-1.2
"""The jobs of this module."""

from collections.abc import Sequence

from cloud.kit.jobs import Jobs
from cloud.webhooks.delivery import Delivery, Schedule
from cloud.webhooks.service import DELIVER


def register(jobs: Jobs, delivery: Delivery, pauses_s: Sequence[float]) -> None:
    """Tell the worker how to deliver a webhook."""

    @jobs.app.task(name=DELIVER, queue="webhooks", retry=Schedule(pauses_s))
    async def deliver(webhook_id: str, message_id: str) -> None:
        await delivery.deliver(webhook_id, message_id)
