# SPDX-License-Identifier: EUPL-1.2
"""What goes over the wire to a webhook, and for how long it is tried."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cloud.kit.settings import WEBHOOK_PAUSES_S
from cloud.webhooks.delivery import DeliveryError, Schedule, _headers


def _job(attempts: int) -> Any:
    return cast(Any, SimpleNamespace(attempts=attempts, task_kwargs={}))


def test_the_signature_is_that_of_the_published_vector() -> None:
    """Source: standard-webhooks, libraries/go/webhook_test.go (Apache-2.0)."""
    headers = _headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        '{"test": 2432232314}',
    )
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_is_tried_for_three_days_with_jitter_and_then_given_up() -> None:
    schedule = Schedule(WEBHOOK_PAUSES_S)
    now = datetime.now(UTC)
    pauses_s = []
    for attempts in range(len(WEBHOOK_PAUSES_S)):
        decision = schedule.get_retry_decision(exception=DeliveryError("no"), job=_job(attempts))
        assert decision is not None
        assert decision.retry_at is not None
        pauses_s.append((decision.retry_at - now).total_seconds())
    assert sum(pauses_s) > 72 * 3600
    assert all(
        planned - 1 <= pause <= planned * 1.1 + 1
        for planned, pause in zip(WEBHOOK_PAUSES_S, pauses_s, strict=True)
    )
    last = _job(len(WEBHOOK_PAUSES_S))
    assert schedule.get_retry_decision(exception=DeliveryError("no"), job=last) is None


@pytest.mark.parametrize("asked_s", [600, 7200])
def test_a_receiver_that_asks_for_time_gets_it(asked_s: int) -> None:
    now = datetime.now(UTC)
    decision = Schedule([5]).get_retry_decision(
        exception=DeliveryError("HTTP 429", retry_after_s=asked_s), job=_job(0)
    )
    assert decision is not None
    assert decision.retry_at is not None
    assert (decision.retry_at - now).total_seconds() >= asked_s - 1
