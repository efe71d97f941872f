# SPDX-License-Identifier: EUPL-1.2
"""Delivery: one attempt to bring one message to one webhook.

Id and body stay the same in every attempt, the attempt's time is fresh. Source: Standard Webhooks
1.0. Of an answer we read its status, and of a refusal its beginning, which the owner of the webhook
is shown; it is never decompressed.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

import httpx

from cloud.kit.addresses import AddressRefusedError
from cloud.kit.clock import Clock
from cloud.webhooks.models import Delivery, Outcome
from cloud.webhooks.schedule import retry_after_s
from cloud.webhooks.signing import SigningKey, signatures

MAX_ANSWER_BYTES = 500
MAX_SAID = 200


class Courier:
    """Makes attempts over HTTP; ``client`` connects to no address that it shouldn't."""

    def __init__(self, clock: Clock, client: httpx.AsyncClient, timeout_s: float) -> None:
        self._clock = clock
        self._client = client
        self.timeout_s = timeout_s

    async def attempt(self, url: str, delivery: Delivery, keys: Sequence[SigningKey]) -> Outcome:
        """Make one attempt and return what came of it."""
        attempted_at = self._clock.now()
        begun_s = time.monotonic()
        headers = _headers(keys, delivery, attempted_at)
        status, said, answer, asked_s = None, "", "", 0.0
        try:
            async with (
                asyncio.timeout(self.timeout_s),
                self._client.stream(
                    "POST", url, content=delivery.body.encode(), headers=headers
                ) as got,
            ):
                status, said = got.status_code, f"HTTP {got.status_code}"
                asked_s = retry_after_s(status, got.headers.get("retry-after", ""), attempted_at)
                if not got.is_success:
                    answer = await _beginning(got)
        except TimeoutError:
            said = said or f"no answer within {self.timeout_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, AddressRefusedError) as error:
            said = said or f"{type(error).__name__}: {error}"[:MAX_SAID]
        return Outcome(
            attempted_at=attempted_at,
            status=status,
            said=_plain(said),
            retry_after_s=asked_s,
            answer=answer,
            duration_ms=int((time.monotonic() - begun_s) * 1000),
        )


def _headers(
    keys: Sequence[SigningKey], delivery: Delivery, attempted_at: datetime
) -> dict[str, str]:
    attempted_at_s = int(attempted_at.timestamp())
    return {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "user-agent": "Iskar-Webhooks/1",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(attempted_at_s),
        "webhook-signature": signatures(keys, delivery.message_id, attempted_at_s, delivery.body),
    }


async def _beginning(got: httpx.Response) -> str:
    """Return the first characters of an answer, such as can be shown and stored."""
    read = bytearray()
    async for part in got.aiter_raw():
        read += part
        if len(read) >= MAX_ANSWER_BYTES:
            break
    return _plain(bytes(read[:MAX_ANSWER_BYTES]).decode(errors="replace"))


def _plain(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text).strip()
