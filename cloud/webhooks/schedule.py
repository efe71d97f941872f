# SPDX-License-Identifier: EUPL-1.2
"""Schedule: what follows from an attempt, for its message and for its receiver.

A message is tried again after growing pauses, each a little longer at random. A receiver that fails
several times in a row is left alone for a while, and then asked with one message at a time, so
that thousands that wait for it don't all knock. What it says of when to come back counts for all of
them. One that fails for days is disabled, and its owner told.
Source: Standard Webhooks 1.0, "Retries", "Deliverability and reliability": 2xx is success and
everything else a failure, redirects too; 410 disables; 429 and 503 may say when.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from cloud.webhooks.models import DELIVERED, GIVEN_UP, PENDING, Delivery, Outcome

GONE = 410
MAY_SAY_WHEN = (429, 503)
JITTER = 0.1  # only upwards, so that the schedule never gets shorter
MAX_RETRY_AFTER_S = 86400
LEASE_MARGIN_S = 5  # beyond the longest attempt, for the database to be slow
OPEN_AFTER = 5  # failures in a row
OPEN_PAUSES = 3  # of the schedule: a receiver that is back is noticed within half an hour


def lease(timeout_s: float) -> timedelta:
    """Return for how long an attempt keeps its message from others; after it, its process died."""
    return timedelta(seconds=timeout_s + LEASE_MARGIN_S)


@dataclass(frozen=True, kw_only=True)
class Health:
    """How a receiver has been doing."""

    failures: int = 0  # in a row
    failing_since: datetime | None = None
    paused_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of a delivery and its receiver; those queued before ``expired`` end with it."""

    state: str
    due_at: datetime
    health: Health
    disabled_because: str | None = None
    expired: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Pauses between attempts, in s, and how long a receiver may fail."""

    pauses_s: Sequence[float]
    disable_after: timedelta

    @property
    def length(self) -> timedelta:
        """For how long a message is tried at least."""
        return timedelta(seconds=sum(self.pauses_s))

    def after(self, outcome: Outcome, delivery: Delivery, health: Health) -> Verdict:
        """Return what follows from an attempt; ``health`` is that before it."""
        now = outcome.attempted_at + timedelta(milliseconds=outcome.duration_ms)
        if outcome.is_delivered:
            return Verdict(state=DELIVERED, due_at=now, health=Health())
        since = health.failing_since or outcome.attempted_at
        failures = health.failures + 1
        gone = outcome.status == GONE
        because = None
        if gone:
            because = "The receiver answered 410 Gone."
        elif now - since >= self.disable_after and not outcome.is_fault:
            because = f"It has taken no message since {since:%Y-%m-%d %H:%M} UTC: {outcome.said}."
        is_last = delivery.attempts >= len(self.pauses_s) and not gone
        pause_s = 0.0 if is_last else self._pause_s(min(delivery.attempts, len(self.pauses_s) - 1))
        return Verdict(
            state=GIVEN_UP if is_last else PENDING,
            due_at=now + timedelta(seconds=max(pause_s, outcome.retry_after_s)),
            health=Health(
                failures=failures,
                failing_since=since,
                paused_until=self._paused_until(now, failures, outcome.retry_after_s),
            ),
            disabled_because=because,
            expired=now - self.length if since <= now - self.length else None,
        )

    def _paused_until(self, now: datetime, failures: int, asked_s: float) -> datetime | None:
        if failures < OPEN_AFTER:
            return now + timedelta(seconds=asked_s) if asked_s else None
        pause_s = self._pause_s(min(failures - OPEN_AFTER, OPEN_PAUSES - 1, len(self.pauses_s) - 1))
        return now + timedelta(seconds=max(pause_s, asked_s))

    def _pause_s(self, number: int) -> float:
        return self.pauses_s[number] * random.uniform(1, 1 + JITTER)  # noqa: S311


def retry_after_s(status: int, asked: str, now: datetime) -> float:
    """Return for how long a receiver asks to be left alone, at most a day; 0 where it doesn't.

    Source: RFC 9110, 10.2.3: seconds, or a date.
    """
    if status not in MAY_SAY_WHEN or not asked:
        return 0
    if asked.isascii() and asked.isdigit():
        return min(int(asked[:10]), MAX_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, OverflowError):
        return 0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0), MAX_RETRY_AFTER_S)
