# SPDX-License-Identifier: EUPL-1.2
"""The tables webhooks, webhook_messages and webhook_attempts."""

from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run
from cloud.webhooks.models import Webhook

# Column names of ours are put into queries; what callers say never is.
# ruff: noqa: S608
WEBHOOK = "webhook_id, owner, url, utilities, created_at, disabled_at, disabled_because"


async def add_webhook(
    connection: Connection, webhook_id: str, owner: str, url: str, utilities: list[str], secret: str
) -> None:
    """Keep a new webhook."""
    await run(
        connection,
        "insert into webhooks (webhook_id, owner, url, utilities, secret) values"
        " (%(webhook_id)s, %(owner)s, %(url)s, %(utilities)s, %(secret)s)",
        webhook_id=webhook_id,
        owner=owner,
        url=url,
        utilities=utilities,
        secret=secret,
    )


async def webhooks(connection: Connection, owner: str | None) -> list[Webhook]:
    """Return the webhooks of an owner, or all for None."""
    found = await rows(
        connection,
        f"select {WEBHOOK} from webhooks where %(owner)s::text is null"
        " or owner = %(owner)s order by created_at",
        owner=owner,
    )
    return [Webhook(**fields) for fields in found]


async def webhook_with_secret(connection: Connection, webhook_id: str) -> DictRow | None:
    """Return a webhook with its secret, or None."""
    return await row(connection, "select * from webhooks where webhook_id = %(id)s", id=webhook_id)


async def webhooks_for(connection: Connection, utility: str) -> list[str]:
    """Return the ids of the webhooks that want to hear of this utility."""
    found = await rows(
        connection,
        "select webhook_id from webhooks where disabled_at is null"
        " and (utilities = '{}' or %(utility)s = any(utilities))",
        utility=utility,
    )
    return [fields["webhook_id"] for fields in found]


async def delete_webhook(connection: Connection, webhook_id: str, owner: str | None) -> bool:
    """Forget a webhook of this owner, or of anybody for None; tell whether there was one."""
    deleted = await run(
        connection,
        "delete from webhooks where webhook_id = %(id)s"
        " and (%(owner)s::text is null or owner = %(owner)s)",
        id=webhook_id,
        owner=owner,
    )
    return deleted > 0


async def disable_webhook(
    connection: Connection, webhook_id: str, because: str, now: datetime
) -> None:
    """Send nothing more to a webhook."""
    await run(
        connection,
        "update webhooks set disabled_at = %(now)s, disabled_because = %(because)s"
        " where webhook_id = %(id)s and disabled_at is null",
        id=webhook_id,
        because=because,
        now=now,
    )


async def add_message(connection: Connection, message_id: str, kind: str, body: str) -> None:
    """Keep a message as it will be sent, byte for byte, in every attempt."""
    await run(
        connection,
        "insert into webhook_messages (message_id, type, body) values (%(id)s, %(kind)s, %(body)s)",
        id=message_id,
        kind=kind,
        body=body,
    )


async def message_body(connection: Connection, message_id: str) -> str:
    """Return the body of a message."""
    found = await row(
        connection, "select body from webhook_messages where message_id = %(id)s", id=message_id
    )
    assert found is not None  # noqa: S101 - queued in the same transaction
    return str(found["body"])


async def add_attempt(
    connection: Connection,
    *,
    webhook_id: str,
    message_id: str,
    attempted_at: datetime,
    status: int | None,
    outcome: str,
) -> None:
    """Write one attempt into the delivery log."""
    await run(
        connection,
        "insert into webhook_attempts (webhook_id, message_id, attempted_at, status, outcome)"
        " values (%(webhook_id)s, %(message_id)s, %(attempted_at)s, %(status)s, %(outcome)s)",
        webhook_id=webhook_id,
        message_id=message_id,
        attempted_at=attempted_at,
        status=status,
        outcome=outcome,
    )


async def attempts(connection: Connection, webhook_id: str) -> list[DictRow]:
    """Return the latest attempts to deliver to a webhook, newest first."""
    return await rows(
        connection,
        "select message_id, type, attempted_at, status, outcome from webhook_attempts"
        " join webhook_messages using (message_id) where webhook_id = %(webhook_id)s"
        " order by attempt_id desc limit 200",
        webhook_id=webhook_id,
    )
