# SPDX-License-Identifier: EUPL-1.2
"""The tables subscriptions and alert_notices; all in system transactions."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta

from cloud.alerts.models import Alert, Subscription
from cloud.kit.database import Connection, row, rows, run

# Column names of ours are put into queries; what callers say never is.
# ruff: noqa: S608
_WISHES = (
    *("channel", "language", "premises_id", "utilities", "kinds", "severities"),
    *("quiet_from", "quiet_to", "push_endpoint", "push_key", "push_auth"),
)
_COLUMNS = (
    *("subscription_key", "owner", "subscription_id", *_WISHES),
    *("created_at", "ended_at", "ended_because"),
)
SUBSCRIPTION = ", ".join(_COLUMNS)


async def put(connection: Connection, one: Subscription) -> Subscription:
    """Add a subscription, or change the owner's one of this id, which begins again if it ended."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in _WISHES)
    found = await row(
        connection,
        f"insert into subscriptions ({SUBSCRIPTION})"
        f" values ({', '.join(f'%({name})s' for name in _COLUMNS)})"
        f" on conflict (owner, subscription_id) do update set {changes},"
        f" ended_at = null, ended_because = null returning {SUBSCRIPTION}",
        **asdict(one),
    )
    assert found is not None  # noqa: S101 - an upsert returns its row
    return Subscription(**found)


async def count(connection: Connection, owner: str) -> int:
    """Return how many subscriptions somebody has."""
    found = await row(
        connection, "select count(*) as n from subscriptions where owner = %(owner)s", owner=owner
    )
    return int(found["n"]) if found else 0


async def of_owner(connection: Connection, owner: str) -> list[Subscription]:
    """Return somebody's subscriptions, the oldest first."""
    found = await rows(
        connection,
        f"select {SUBSCRIPTION} from subscriptions where owner = %(owner)s"
        " order by created_at, subscription_id",
        owner=owner,
    )
    return [Subscription(**fields) for fields in found]


async def of_key(connection: Connection, key: str) -> Subscription | None:
    """Return the subscription with this key, or None."""
    found = await row(
        connection,
        f"select {SUBSCRIPTION} from subscriptions where subscription_key = %(key)s",
        key=key,
    )
    return Subscription(**found) if found else None


async def delete(connection: Connection, owner: str, subscription_id: str) -> bool:
    """Forget a subscription; tell whether there was one."""
    deleted = await run(
        connection,
        "delete from subscriptions where owner = %(owner)s"
        " and subscription_id = %(subscription_id)s",
        owner=owner,
        subscription_id=subscription_id,
    )
    return deleted > 0


async def end(connection: Connection, key: str, because: str, now: datetime) -> bool:
    """Send nothing more to a subscription, and say why; tell whether that is news."""
    ended = await run(
        connection,
        "update subscriptions set ended_at = %(now)s, ended_because = %(because)s"
        " where subscription_key = %(key)s and ended_at is null",
        key=key,
        because=because,
        now=now,
    )
    return ended > 0


async def wanting(
    connection: Connection, alert: Alert, owners: Collection[str]
) -> list[Subscription]:
    """Return the subscriptions of these owners that want to hear of an alert."""
    found = await rows(
        connection,
        f"select {SUBSCRIPTION} from subscriptions where owner = any(%(owners)s)"
        " and ended_at is null and (premises_id is null or premises_id = %(premises_id)s)"
        " and (utilities = '{}' or %(utility)s = any(utilities))"
        " and (kinds = '{}' or kinds && %(kinds)s)"
        " and (severities = '{}' or %(severity)s = any(severities)) order by created_at",
        owners=list(owners),
        premises_id=alert.premises_id,
        utility=alert.utility,
        kinds=alert.kinds,
        severity=alert.severity,
    )
    return [Subscription(**fields) for fields in found]


async def add_notice(
    connection: Connection, event_id: int, key: str, now: datetime, due_at: datetime
) -> bool:
    """Note that a subscription is to hear of an event; False if it was noted already."""
    added = await run(
        connection,
        "insert into alert_notices (event_id, subscription_key, queued_at, due_at)"
        " values (%(event_id)s, %(key)s, %(now)s, %(due_at)s) on conflict do nothing",
        event_id=event_id,
        key=key,
        now=now,
        due_at=due_at,
    )
    return added > 0


async def claim(
    connection: Connection, event_id: int, key: str, now: datetime, hold: timedelta
) -> bool | None:
    """Take a notice in hand; False if another has it, None if there is nothing to send (more)."""
    found = await row(
        connection,
        "select sent_at, claimed_until from alert_notices where event_id = %(event_id)s"
        " and subscription_key = %(key)s for update",
        event_id=event_id,
        key=key,
    )
    if found is None or found["sent_at"] is not None:
        return None
    if found["claimed_until"] is not None and found["claimed_until"] > now:
        return False
    await run(
        connection,
        "update alert_notices set claimed_until = %(until)s where event_id = %(event_id)s"
        " and subscription_key = %(key)s",
        event_id=event_id,
        key=key,
        until=now + hold,
    )
    return True


async def settle(
    connection: Connection, event_id: int, key: str, outcome: str, sent_at: datetime | None
) -> None:
    """Write down how an attempt ended; with ``sent_at`` it was the last one."""
    await run(
        connection,
        "update alert_notices set outcome = %(outcome)s, sent_at = %(sent_at)s,"
        " claimed_until = null where event_id = %(event_id)s and subscription_key = %(key)s",
        event_id=event_id,
        key=key,
        outcome=outcome,
        sent_at=sent_at,
    )
