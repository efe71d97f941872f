# SPDX-License-Identifier: EUPL-1.2
"""The tables webhook_messages, webhook_deliveries and webhook_attempts."""

from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run
from cloud.webhooks.models import DELIVERED, GIVEN_UP, Delivery, Outcome

# Column names of ours are put into queries; what callers say never is.
# ruff: noqa: S608
# Whether the webhook w wants the message m: its supplier's, and what it asked for of that.
WANTS = """case when m.only_webhook_id is not null then m.only_webhook_id = w.webhook_id else
    (w.all_suppliers or w.supplier_id = m.supplier_id)
    and (w.types = '{}' or m.type = any(w.types))
    and (w.utilities = '{}' or m.utility = any(w.utilities))
    and (w.premises_ids = '{}' or m.premises_id = any(w.premises_ids))
    and (w.kinds = '{}' or m.kind = any(w.kinds))
    and (w.severities = '{}' or m.severity = any(w.severities)) end"""
MESSAGE = (
    *("message_id", "type", "body", "created_at", "occurred_at", "supplier_id", "utility"),
    *("premises_id", "service_point_id", "kind", "severity", "only_webhook_id"),
)
_TYPED = ", ".join(
    f"%({name})s::{'timestamptz' if name.endswith('_at') else 'text'} as {name}" for name in MESSAGE
)


async def publish(connection: Connection, **message: Any) -> None:
    """Keep a message if any webhook wants it, and queue it for those that are not disabled."""
    await run(
        connection,
        f"with m as (select {_TYPED}), wanted as materialized"
        f" (select w.webhook_id, w.disabled_at from webhooks w, m where {WANTS}),"
        f" kept as (insert into webhook_messages ({', '.join(MESSAGE)})"
        " select * from m where exists (select from wanted))"
        " insert into webhook_deliveries (webhook_id, message_id, queued_at, due_at)"
        " select webhook_id, message_id, created_at, created_at from wanted, m"
        " where disabled_at is null",
        **message,
    )


async def replay(
    connection: Connection,
    webhook_id: str,
    since: datetime,
    until: datetime,
    now: datetime,
    lost_at: datetime,
    *,
    include_delivered: bool,
) -> int:
    """Queue the messages of a range anew for a webhook that wants them; return how many.

    What is due again by ``lost_at`` is left alone: it may be under way, see ``claim``.
    """
    return await run(
        connection,
        "insert into webhook_deliveries as d (webhook_id, message_id, queued_at, due_at)"
        " select w.webhook_id, m.message_id, %(now)s, %(now)s from webhooks w, webhook_messages m"
        " where w.webhook_id = %(webhook_id)s and m.created_at >= %(since)s"
        f" and m.created_at < %(until)s and m.only_webhook_id is null and {WANTS}"
        " order by m.created_at, m.message_id on conflict (webhook_id, message_id)"
        " do update set state = 'pending', attempts = 0, queued_at = %(now)s, due_at = %(now)s,"
        " finished_at = null where (d.state <> 'delivered' or %(include_delivered)s)"
        " and not (d.state = 'pending' and d.due_at > %(now)s and d.due_at <= %(lost_at)s)",
        webhook_id=webhook_id,
        since=since,
        until=until,
        now=now,
        lost_at=lost_at,
        include_delivered=include_delivered,
    )


async def claim(
    connection: Connection, webhook_id: str, limit: int, now: datetime, lost_at: datetime
) -> list[Delivery]:
    """Return what is due for a webhook, the longest due first; nobody else gets it until then."""
    found = await rows(
        connection,
        "with due as (select delivery_id from webhook_deliveries"
        " where webhook_id = %(webhook_id)s and state = 'pending' and due_at <= %(now)s"
        " order by due_at, delivery_id limit %(limit)s for update skip locked)"
        " update webhook_deliveries d set due_at = %(lost_at)s from due, webhook_messages m"
        " where d.delivery_id = due.delivery_id and m.message_id = d.message_id"
        " returning d.delivery_id, d.webhook_id, d.message_id, m.body, d.attempts, d.queued_at",
        webhook_id=webhook_id,
        limit=limit,
        now=now,
        lost_at=lost_at,
    )
    return [Delivery(**fields) for fields in sorted(found, key=lambda one: one["delivery_id"])]


async def keep_attempt(connection: Connection, delivery: Delivery, outcome: Outcome) -> None:
    """Write an attempt into the log, unless its webhook is deleted by now."""
    await run(
        connection,
        "insert into webhook_attempts (webhook_id, message_id, attempted_at, status, outcome,"
        " answer, duration_ms) select webhook_id, message_id, %(attempted_at)s, %(status)s,"
        " %(said)s, %(answer)s, %(duration_ms)s from webhook_deliveries"
        " where delivery_id = %(delivery_id)s",
        delivery_id=delivery.delivery_id,
        attempted_at=outcome.attempted_at,
        status=outcome.status,
        said=outcome.said,
        answer=outcome.answer,
        duration_ms=outcome.duration_ms,
    )


async def keep_state(
    connection: Connection, delivery_id: int, state: str, due_at: datetime, now: datetime
) -> None:
    """Note what became of a delivery after one more attempt."""
    await run(
        connection,
        "update webhook_deliveries set state = %(state)s, attempts = attempts + 1,"
        " due_at = %(due_at)s, finished_at = %(finished_at)s where delivery_id = %(delivery_id)s",
        delivery_id=delivery_id,
        state=state,
        due_at=due_at,
        finished_at=now if state in (DELIVERED, GIVEN_UP) else None,
    )


async def give_up(
    connection: Connection, webhook_id: str, queued_before: datetime, now: datetime
) -> int:
    """Give up what has waited for a webhook since before then; return how much that was."""
    return await run(
        connection,
        "update webhook_deliveries set state = 'given_up', finished_at = %(now)s"
        " where webhook_id = %(webhook_id)s and state = 'pending'"
        " and queued_at < %(queued_before)s",
        webhook_id=webhook_id,
        queued_before=queued_before,
        now=now,
    )


async def deliveries(
    connection: Connection, webhook_id: str, before: int | None, limit: int, **filters: Any
) -> list[DictRow]:
    """Return a webhook's deliveries, newest first; ``filters`` are state, type, since, until."""
    return await rows(
        connection,
        "select delivery_id, message_id, type, state, attempts, queued_at, occurred_at,"
        " case when state = 'pending' then due_at end as due_at, finished_at, status, outcome"
        " from webhook_deliveries d join webhook_messages m using (message_id) left join lateral"
        " (select status, outcome from webhook_attempts a where a.message_id = d.message_id"
        " and a.webhook_id = d.webhook_id order by attempt_id desc limit 1) last on true"
        " where webhook_id = %(webhook_id)s"
        " and (%(before)s::bigint is null or delivery_id < %(before)s::bigint)"
        " and (%(state)s::text is null or state = %(state)s)"
        " and (%(type)s::text is null or type = %(type)s)"
        " and (%(since)s::timestamptz is null or created_at >= %(since)s)"
        " and (%(until)s::timestamptz is null or created_at < %(until)s)"
        " order by delivery_id desc limit %(limit)s",
        webhook_id=webhook_id,
        before=before,
        limit=limit,
        **filters,
    )


async def attempts(
    connection: Connection,
    webhook_id: str,
    message_id: str | None,
    before: int | None,
    limit: int,
) -> list[DictRow]:
    """Return attempts to deliver to a webhook, newest first; those of one message if named."""
    return await rows(
        connection,
        "select attempt_id, message_id, type, attempted_at, status, outcome, answer, duration_ms"
        " from webhook_attempts join webhook_messages using (message_id)"
        " where webhook_id = %(webhook_id)s"
        " and (%(message_id)s::text is null or message_id = %(message_id)s)"
        " and (%(before)s::bigint is null or attempt_id < %(before)s::bigint)"
        " order by attempt_id desc limit %(limit)s",
        webhook_id=webhook_id,
        message_id=message_id,
        before=before,
        limit=limit,
    )


async def message(connection: Connection, webhook_id: str, message_id: str) -> DictRow | None:
    """Return a message that a webhook got or is to get, or None."""
    return await row(
        connection,
        "select message_id, type, occurred_at, created_at, body from webhook_messages m"
        " where message_id = %(message_id)s and exists (select from webhook_deliveries d"
        " where d.message_id = m.message_id and d.webhook_id = %(webhook_id)s)",
        webhook_id=webhook_id,
        message_id=message_id,
    )
