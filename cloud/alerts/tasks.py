# SPDX-License-Identifier: EUPL-1.2
"""The jobs of this module."""

from collections.abc import Sequence

from cloud.alerts.delivery import Delivery, Schedule
from cloud.alerts.messages import DELIVER
from cloud.kit.jobs import Jobs


def register(jobs: Jobs, delivery: Delivery, pauses_s: Sequence[float]) -> None:
    """Tell the worker how to deliver a webhook."""

    @jobs.app.task(name=DELIVER, queue="webhooks", retry=Schedule(pauses_s))
    async def deliver(webhook_id: str, message_id: str) -> None:
        await delivery.deliver(webhook_id, message_id)
