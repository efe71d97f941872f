# SPDX-License-Identifier: EUPL-1.2
"""Who looks after a webhook is told by mail that it fails, and that it was switched off."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest_asyncio
from procrastinate import RetryStrategy
from procrastinate.jobs import Job

from cloud.kit.clock import Clock
from cloud.kit.mail import Mail, MailServer
from cloud.webhooks.owners import DISABLED, FAILING, TELL, Owners
from tests.fakes.mailbox import Mailbox, a_mailbox
from tests.integration.cloud.builders import CloudInTest

HOOK = {"url": "https://receiver.example/hook", "contact": "it@utility.example"}


@pytest_asyncio.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with a_mailbox() as box:
        yield box


def _owners(cloud: CloudInTest, mailbox: Mailbox | None) -> Owners:
    server = mailbox and MailServer(
        host="127.0.0.1", port=mailbox.port, sender="iskar@iskar.example", starttls=False
    )
    return Owners(cloud.services.database, Mail(server, Clock()))


async def _made(cloud: CloudInTest, dsn: str, **body: Any) -> str:
    made = await (await cloud.utility()).post("/webhooks", {**HOOK, **body})
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "update webhooks set failing_since = '2026-11-20 08:00+00',"
            " disabled_because = 'The receiver answered 410 Gone.'"
        )
    return str(made["webhook_id"])


async def test_the_contact_is_told_what_is_wrong_and_what_to_do(
    cloud: CloudInTest, dsn: str, mailbox: Mailbox
) -> None:
    webhook_id = await _made(cloud, dsn)
    owners = _owners(cloud, mailbox)
    await owners.tell(webhook_id, FAILING, "webhook-1")
    await owners.tell(webhook_id, DISABLED, "webhook-2")
    failing, disabled = (letter.get_content() for letter in mailbox.letters)
    assert mailbox.recipients == ["it@utility.example"] * 2
    assert "taken no message since 2026-11-20 08:00 UTC" in failing
    assert "The receiver answered 410 Gone." in disabled
    assert f"/api/v1/webhooks/{webhook_id}/replay" in failing
    assert '{"enabled": true}' in disabled


async def test_a_letter_is_tried_for_hours_and_not_for_months(cloud: CloudInTest) -> None:
    task = cloud.services.jobs.app.tasks[TELL]
    waits, strategy = [], task.retry_strategy
    assert isinstance(strategy, RetryStrategy)
    job = Job(id=1, queue="", lock=None, queueing_lock=None, task_name=TELL)
    while decision := strategy.get_retry_decision(
        exception=OSError(), job=job.evolve(attempts=len(waits))
    ):
        assert decision.retry_at is not None
        waits.append((decision.retry_at - datetime.now(UTC)).total_seconds())
    assert 2 * 3600 < sum(waits) < 86400


async def test_nobody_is_told_where_there_is_no_contact_or_no_mail(
    cloud: CloudInTest, dsn: str, mailbox: Mailbox
) -> None:
    webhook_id = await _made(cloud, dsn, contact=None)
    await _owners(cloud, mailbox).tell(webhook_id, FAILING, "webhook-1")
    await _owners(cloud, mailbox).tell("wh_deleted", FAILING, "webhook-2")
    await _owners(cloud, None).tell(webhook_id, FAILING, "webhook-3")
    assert mailbox.letters == []
