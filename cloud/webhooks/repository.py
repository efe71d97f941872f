# SPDX-License-Identifier: EUPL-1.2
"""The tables webhooks and webhook_keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run
from cloud.webhooks.models import Endpoint, Webhook
from cloud.webhooks.schedule import Health

# Column names of ours are put into queries; what callers say never is.
# ruff: noqa: S608
WISHES = ("types", "utilities", "premises_ids", "kinds", "severities")
CHANGEABLE = ("url", *WISHES, "description", "contact")
WEBHOOK = (
    f"webhook_id, owner, supplier_id, all_suppliers, {', '.join(CHANGEABLE)}, created_at,"
    " failures, failing_since, paused_until, disabled_at, disabled_because,"
    " array(select public_key from webhook_keys k where k.webhook_id = webhooks.webhook_id"
    " and (retires_at is null or retires_at > %(now)s) order by key_id desc) as public_keys"
)
# Webhooks belong to a supplier, whoever of its people added them; an operator sees all.
OWN = "(%(supplier_id)s::text is null or supplier_id = %(supplier_id)s)"


async def add(connection: Connection, **fields: Any) -> None:
    """Keep a new webhook."""
    await run(
        connection,
        f"insert into webhooks ({', '.join(fields)})"
        f" values ({', '.join(f'%({name})s' for name in fields)})",
        **fields,
    )


async def webhooks(
    connection: Connection, supplier_id: str | None, now: datetime, webhook_id: str | None = None
) -> list[Webhook]:
    """Return a supplier's webhooks, or all for None, the oldest first; one of them if named."""
    found = await rows(
        connection,
        f"select {WEBHOOK} from webhooks where {OWN}"
        " and (%(webhook_id)s::text is null or webhook_id = %(webhook_id)s)"
        " order by created_at, webhook_id",
        supplier_id=supplier_id,
        webhook_id=webhook_id,
        now=now,
    )
    return [Webhook(**fields) for fields in found]


async def count(connection: Connection, supplier_id: str) -> int:
    """Return how many webhooks a supplier has."""
    found = await row(
        connection, "select count(*) from webhooks where supplier_id = %(id)s", id=supplier_id
    )
    assert found is not None  # noqa: S101 - a count is a row
    return int(found["count"])


async def change(connection: Connection, webhook_id: str, changes: Mapping[str, Any]) -> None:
    """Change fields of a webhook."""
    assert changes.keys() <= set(CHANGEABLE)  # noqa: S101 - names of columns
    if changes:
        await run(
            connection,
            f"update webhooks set {', '.join(f'{name} = %({name})s' for name in changes)}"
            " where webhook_id = %(webhook_id)s",
            webhook_id=webhook_id,
            **changes,
        )


async def delete(connection: Connection, webhook_id: str) -> None:
    """Forget a webhook, and all that was on its way to it."""
    await run(connection, "delete from webhooks where webhook_id = %(id)s", id=webhook_id)


async def enable(connection: Connection, webhook_id: str) -> None:
    """Send to a webhook again, as if it had never failed."""
    await run(
        connection,
        "update webhooks set disabled_at = null, disabled_because = null, failures = 0,"
        " failing_since = null, paused_until = null where webhook_id = %(id)s",
        id=webhook_id,
    )


async def start_afresh(connection: Connection, webhook_id: str) -> None:
    """Forget how a receiver did: another one has taken its place."""
    await keep_health(connection, webhook_id, Health())


async def disable(connection: Connection, webhook_id: str, because: str, now: datetime) -> bool:
    """Send nothing more to a webhook; False if that is so already."""
    return (
        await run(
            connection,
            "update webhooks set disabled_at = %(now)s, disabled_because = %(because)s"
            " where webhook_id = %(id)s and disabled_at is null",
            id=webhook_id,
            because=because,
            now=now,
        )
        > 0
    )


async def due(connection: Connection, now: datetime) -> list[str]:
    """Return the webhooks for which something is due, those that wait longest first."""
    found = await rows(
        connection,
        "select webhook_id from webhooks w cross join lateral (select min(due_at) as since"
        " from webhook_deliveries d where d.webhook_id = w.webhook_id and state = 'pending'"
        " and due_at <= %(now)s) waits where disabled_at is null and waits.since is not null"
        " and (paused_until is null or paused_until <= %(now)s) order by waits.since, webhook_id",
        now=now,
    )
    return [fields["webhook_id"] for fields in found]


async def endpoint(connection: Connection, webhook_id: str, now: datetime) -> Endpoint | None:
    """Return what an attempt needs to know, or None while nothing is to be sent."""
    found = await row(
        connection,
        "select webhook_id, url, failures from webhooks where webhook_id = %(id)s"
        " and disabled_at is null and (paused_until is null or paused_until <= %(now)s)",
        id=webhook_id,
        now=now,
    )
    return Endpoint(**found) if found else None


async def health(connection: Connection, webhook_id: str) -> tuple[Health, str] | None:
    """Return how a receiver has been doing, and its URL, and hold both to the end.

    None for no webhook.
    """
    found = await row(
        connection,
        "select url, failures, failing_since, paused_until from webhooks"
        " where webhook_id = %(id)s for no key update",
        id=webhook_id,
    )
    if found is None:
        return None
    url = found.pop("url")
    return Health(**found), url


async def keep_health(connection: Connection, webhook_id: str, health: Health) -> None:
    """Note how a receiver is doing."""
    await run(
        connection,
        "update webhooks set failures = %(failures)s, failing_since = %(failing_since)s,"
        " paused_until = %(paused_until)s where webhook_id = %(webhook_id)s",
        webhook_id=webhook_id,
        **vars(health),
    )


async def contact(connection: Connection, webhook_id: str) -> DictRow | None:
    """Return whom to tell of a webhook, and what; None if it is deleted."""
    return await row(
        connection,
        "select contact, url, failing_since, disabled_because from webhooks"
        " where webhook_id = %(id)s",
        id=webhook_id,
    )


async def warn(connection: Connection, webhook_id: str, now: datetime) -> bool:
    """Note that an owner is told of a receiver's failing; False if that was done since it began."""
    return (
        await run(
            connection,
            "update webhooks set warned_at = %(now)s where webhook_id = %(id)s"
            " and (warned_at is null or warned_at < failing_since)",
            id=webhook_id,
            now=now,
        )
        > 0
    )


async def add_key(connection: Connection, **fields: Any) -> None:
    """Keep a sealed key."""
    await run(
        connection,
        f"insert into webhook_keys ({', '.join(fields)})"
        f" values ({', '.join(f'%({name})s' for name in fields)})",
        **fields,
    )


async def keys(connection: Connection, webhook_id: str, now: datetime) -> list[DictRow]:
    """Return the sealed keys that sign now, the newest first."""
    return await rows(
        connection,
        "select secret, private_key from webhook_keys where webhook_id = %(id)s"
        " and (retires_at is null or retires_at > %(now)s) order by key_id desc",
        id=webhook_id,
        now=now,
    )


async def retire_keys(connection: Connection, webhook_id: str, at: datetime) -> None:
    """Let all keys of a webhook end then, unless they end sooner; forget those that have."""
    await run(
        connection,
        "update webhook_keys set retires_at = least(retires_at, %(at)s) where webhook_id = %(id)s",
        id=webhook_id,
        at=at,
    )


async def forget_keys(connection: Connection, webhook_id: str, now: datetime) -> None:
    """Forget the keys of a webhook that have ended."""
    await run(
        connection,
        "delete from webhook_keys where webhook_id = %(id)s and retires_at <= %(now)s",
        id=webhook_id,
        now=now,
    )


async def take_old_secrets(connection: Connection) -> list[tuple[str, str]]:
    """Return the secrets that are kept in the clear, by webhook, and forget them."""
    found = await rows(
        connection,
        "with old as (select webhook_id, secret from webhooks where secret is not null for update)"
        " update webhooks set secret = null from old where old.webhook_id = webhooks.webhook_id"
        " returning old.webhook_id, old.secret",
    )
    return [(fields["webhook_id"], fields["secret"]) for fields in found]
