# SPDX-License-Identifier: EUPL-1.2
"""The jobs of this module: letters."""

import procrastinate

from cloud.accounts.links import SEND_NEWS, SEND_RESET, SEND_SHARE, Links
from cloud.kit.jobs import Jobs
from cloud.kit.mail import MailOffError, MailUnreachableError

# A mail server that is away for half an hour costs nobody their letter; an hour on, a link is over.
AGAIN = procrastinate.RetryStrategy(
    max_attempts=6,
    exponential_wait=4,  # seconds: 4, 16, 64, 256, 1024
    retry_exceptions={MailUnreachableError, MailOffError},
)


def register(jobs: Jobs, links: Links) -> None:
    """Tell the worker how to send letters."""

    @jobs.app.task(name=SEND_RESET, queue="letters", retry=AGAIN)
    async def send_reset(user_id: str) -> None:
        await links.send_reset(int(user_id))

    @jobs.app.task(name=SEND_SHARE, queue="letters", retry=AGAIN)
    async def send_share(user_id: str, building: str) -> None:
        await links.send_share(int(user_id), building)

    @jobs.app.task(name=SEND_NEWS, queue="letters", retry=AGAIN)
    async def send_news(user_id: str, what: str) -> None:
        await links.send_news(int(user_id), what)
