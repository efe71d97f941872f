# SPDX-License-Identifier: EUPL-1.2
"""A letter that a leak is to be told by outlives kill -9 of the cloud that was sending it."""

from pathlib import Path

import psycopg
import pytest

from cloud.kit.clock import Clock
from cloud.kit.settings import CloudSettings
from tests.fakes.mailbox import a_mailbox
from tests.integration.cloud.builders import CloudInTest, a_finding
from tests.integration.cloud.process import CloudProcess
from tests.integration.cloud.signed_in import a_person

SETTINGS = {
    "CLOUD_PUBLIC_URL": "https://iskar.example",
    "CLOUD_SMTP_HOST": "127.0.0.1",
    "CLOUD_SMTP_SENDER": "alerts@iskar.example",
    "CLOUD_SMTP_STARTTLS": "false",
    "CLOUD_DRAIN_S": "0",
    "CLOUD_STOP_GRACE_S": "1",
}


@pytest.fixture
def settings(settings: CloudSettings) -> CloudSettings:
    told = {"public_url": "https://iskar.example", "smtp_host": "127.0.0.1"}
    return settings.model_copy(update={**told, "smtp_sender": "alerts@iskar.example"})


async def test_a_letter_is_sent_again_under_its_name_if_the_sender_dies_at_the_servers_yes(
    cloud: CloudInTest, dsn: str, tmp_path: Path
) -> None:
    cloud.clock.now = Clock().now  # type: ignore[method-assign]
    iva = await a_person(cloud, "p-one")
    iva.headers["Origin"] = "https://iskar.example"
    await iva.put("/subscriptions/letters", {"channel": "email"})
    async with a_mailbox() as mailbox:
        sender = CloudProcess(
            tmp_path, **SETTINGS, CLOUD_DATABASE_URL=dsn, CLOUD_SMTP_PORT=str(mailbox.port)
        )
        await sender.start()
        try:
            await sender.until_ready()
            mailbox.says_yes.clear()
            await cloud.gateway.send(a_finding())
            await mailbox.until_got(1)
            await sender.kill()
            mailbox.says_yes.set()
            with psycopg.connect(dsn) as connection:  # as if a minute had passed
                [sent] = connection.execute("select sent_at from alert_notices").fetchall()
                connection.execute("update alert_notices set claimed_until = now()")
                connection.execute(
                    "update procrastinate_workers set last_heartbeat = now() - interval '1 h'"
                )
            assert sent == (None,)
            await sender.start()
            await sender.until_ready()
            await mailbox.until_got(2)
        finally:
            await sender.stop()
    assert mailbox.recipients == ["iva@example.bg"] * 2
    assert len({letter["message-id"] for letter in mailbox.letters}) == 1
