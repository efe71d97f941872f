# SPDX-License-Identifier: EUPL-1.2
"""Delivery: one attempt to bring one message to one webhook, and when to try again.

Source: Standard Webhooks 1.0: headers and signature; 2xx is success, everything else a failure,
redirects too; 410 means never again; 429 and 503 may say when. Id and body stay the same in every
attempt, the attempt's time is fresh.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime

import httpx
import structlog
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job
from standardwebhooks import Webhook as Signer

from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import CloudError
from cloud.webhooks import repository

log = structlog.get_logger(__name__)

GONE = 410
JITTER = 0.1  # only upwards, so that the schedule never gets shorter
MAX_RETRY_AFTER_S = 86400


class DeliveryError(CloudError):
    """A receiver did not take a message; ``retry_after_s`` is what it asked for."""

    status = 502
    code = "webhook-delivery"

    def __init__(self, outcome: str, retry_after_s: int = 0) -> None:
        super().__init__(f"The receiver did not take the message: {outcome}.")
        self.retry_after_s = retry_after_s


class Schedule(BaseRetryStrategy):
    """Pauses between attempts, each a little longer at random; after the last one we give up."""

    def __init__(self, pauses_s: Sequence[float]) -> None:
        self._pauses_s = pauses_s

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when to try again, or None to give up."""
        if job.attempts >= len(self._pauses_s):
            log.error("webhook_given_up", attempts=job.attempts + 1, **job.task_kwargs)
            return None
        pause_s = self._pauses_s[job.attempts] * random.uniform(1, 1 + JITTER)  # noqa: S311
        if isinstance(exception, DeliveryError):
            pause_s = max(pause_s, exception.retry_after_s)
        return RetryDecision(retry_in={"milliseconds": int(pause_s * 1000)})


class Delivery:
    """Delivers messages over HTTP and keeps the log of it."""

    def __init__(
        self, database: Database, clock: Clock, client: httpx.AsyncClient, timeout_s: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._client = client
        self._timeout_s = timeout_s

    async def deliver(self, webhook_id: str, message_id: str) -> None:
        """Make one attempt, or raise DeliveryError; a webhook that is gone or off needs none."""
        async with self._database.transaction() as connection:
            webhook = await repository.webhook_with_secret(connection, webhook_id)
            if webhook is None or webhook["disabled_at"] is not None:
                return
            body = await repository.message_body(connection, message_id)
        attempted_at = self._clock.now()
        status, retry_after_s, outcome = await self._post(
            webhook["url"], _headers(webhook["secret"], message_id, attempted_at, body), body
        )
        delivered = status is not None and 200 <= status < 300
        async with self._database.transaction() as connection:
            await repository.add_attempt(
                connection,
                webhook_id=webhook_id,
                message_id=message_id,
                attempted_at=attempted_at,
                status=status,
                outcome=outcome,
            )
            if status == GONE:
                await repository.disable_webhook(
                    connection, webhook_id, "The receiver answered 410 Gone.", attempted_at
                )
        if delivered or status == GONE:
            log.info("webhook_attempted", webhook=webhook_id, status=status)
            return
        log.warning("webhook_refused", webhook=webhook_id, outcome=outcome)
        raise DeliveryError(outcome, retry_after_s)

    async def _post(
        self, url: str, headers: dict[str, str], body: str
    ) -> tuple[int | None, int, str]:
        """Return (status, seconds asked to wait, what happened)."""
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    "POST", url, content=body.encode(), headers=headers, follow_redirects=False
                ) as answer,
            ):
                return answer.status_code, _retry_after_s(answer), f"HTTP {answer.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return None, 0, f"{type(error).__name__}: {error}"[:200]


def _headers(secret: str, message_id: str, attempted_at: datetime, body: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": "Iskar-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(attempted_at.timestamp())),
        "webhook-signature": Signer(secret).sign(message_id, attempted_at, body),
    }


def _retry_after_s(answer: httpx.Response) -> int:
    asked = answer.headers.get("retry-after", "")
    if answer.status_code not in (429, 503) or not asked.isdigit() or len(asked) > 9:
        return 0
    return min(int(asked), MAX_RETRY_AFTER_S)
