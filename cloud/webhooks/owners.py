# SPDX-License-Identifier: EUPL-1.2
"""Owners: who looks after a webhook is told by mail that it doesn't work."""

import structlog
from procrastinate import RetryStrategy

from cloud.kit.database import Database
from cloud.kit.jobs import Jobs
from cloud.kit.mail import Mail, MailRefusedError
from cloud.webhooks import repository

log = structlog.get_logger(__name__)

TELL = "webhooks.tell_owner"
FAILING, DISABLED = "failing", "disabled"
# After 5, 25 s, 2, 10, 52 min, 4 h: a server that is away for a morning costs nobody their letter.
AGAIN = RetryStrategy(max_attempts=6, exponential_wait=5)

SUBJECTS = {
    FAILING: "Iskar: your webhook takes no messages",
    DISABLED: "Iskar: your webhook was switched off",
}
TEXTS = {
    FAILING: (
        "The webhook {webhook_id} at {url} has taken no message since {failing_since}.\n\n"
        "We go on trying. Each message is tried for about three days, and can be sent again for"
        " ninety by POST /api/v1/webhooks/{webhook_id}/replay.\n\n"
        "What your side answered: GET /api/v1/webhooks/{webhook_id}/attempts."
    ),
    DISABLED: (
        "The webhook {webhook_id} at {url} was switched off. {because}\n\n"
        "Nothing more is sent to it. Once your side works, switch it on again by"
        ' PATCH /api/v1/webhooks/{webhook_id} with {{"enabled": true}}, and ask for what you'
        " missed by POST /api/v1/webhooks/{webhook_id}/replay."
    ),
}


class Owners:
    """Tells owners of webhooks."""

    def __init__(self, database: Database, mail: Mail) -> None:
        self._database = database
        self._mail = mail

    async def tell(self, webhook_id: str, what: str, key: str) -> None:
        """Send the letter that a webhook fails or was disabled; ``key`` names it."""
        async with self._database.transaction(as_system=True) as connection:
            found = await repository.contact(connection, webhook_id)
        if found is None or found["contact"] is None or not self._mail.is_on:
            log.warning("webhook_owner_not_told", webhook=webhook_id, what=what)
            return
        text = TEXTS[what].format(
            webhook_id=webhook_id,
            url=found["url"],
            failing_since=f"{found['failing_since']:%Y-%m-%d %H:%M} UTC"
            if found["failing_since"]
            else "a while",
            because=found["disabled_because"] or "",
        )
        try:
            await self._mail.send(found["contact"], SUBJECTS[what], text, name=key)
        except MailRefusedError as error:
            log.error("webhook_owner_not_told", webhook=webhook_id, what=what, reason=str(error))


def register(jobs: Jobs, owners: Owners) -> None:
    """Tell the worker how to tell owners."""

    @jobs.app.task(
        name=TELL,
        queue="webhooks",
        retry=AGAIN,
    )
    async def tell_owner(webhook_id: str, what: str, key: str) -> None:
        await owners.tell(webhook_id, what, key)
