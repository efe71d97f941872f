# SPDX-License-Identifier: EUPL-1.2
"""The outbox: the entries that the cloud has not acknowledged.

It may acknowledge the newest before the oldest. Forgetting moves one number, and keeps a few ranges
above it; rows are deleted later, by age.
"""

import sqlite3

from edge_gateway.store import facts
from edge_gateway.store.entries import Entry, append, select
from edge_gateway.store.watermark import Watermark

__all__ = ["append", "delivered", "depth", "forget", "forgotten_up_to", "oldest", "prune"]

_WAITS = "number > ? AND NOT EXISTS (SELECT 1 FROM delivered WHERE number BETWEEN first AND last)"


def delivered(db: sqlite3.Connection) -> Watermark:
    """Return which numbers the cloud has acknowledged."""
    ahead = db.execute("SELECT first, last FROM delivered ORDER BY first")
    return Watermark(forgotten_up_to(db), ahead)


def forgotten_up_to(db: sqlite3.Connection) -> int:
    """Return the number up to which the cloud has acknowledged everything; 0 at first."""
    return facts.number(db, facts.FORGOTTEN_UP_TO)


def forget(db: sqlite3.Connection, delivered: Watermark, acknowledged_at_ms: int) -> None:
    """Leave what is delivered to the cloud."""
    facts.write(db, facts.FORGOTTEN_UP_TO, str(delivered.contiguous))
    facts.write(db, facts.CLOUD_ACKNOWLEDGED_AT_MS, str(acknowledged_at_ms))
    db.execute("DELETE FROM delivered")
    db.executemany("INSERT INTO delivered (first, last) VALUES (?, ?)", delivered.ahead)


def depth(db: sqlite3.Connection) -> int:
    """Return how many entries wait for the cloud."""
    waiting = db.execute(f"SELECT count(*) FROM entry WHERE {_WAITS}", (forgotten_up_to(db),))  # noqa: S608
    return int(waiting.fetchone()[0])


def oldest(db: sqlite3.Connection, limit: int) -> list[Entry]:
    """Return up to ``limit`` entries that wait, in order."""
    return select(db, _WAITS, (forgotten_up_to(db),), limit)


def prune(db: sqlite3.Connection, received_before_ms: int, limit: int) -> int:
    """Delete up to ``limit`` old entries that the cloud has; return how many went.

    Messages only up to the settled watermark, which then still tells a late repeat from a new one;
    and never the entry with the highest number, so that numbers do not come twice.
    """
    doomed = db.execute(
        "SELECT number, boot_id, sequence FROM entry LEFT JOIN boot USING (boot_id)"
        " WHERE number <= ? AND received_at_ms < ?"
        " AND (boot_id IS NULL OR sequence <= contiguous)"
        " AND number <= ? AND number < (SELECT max(number) FROM entry) ORDER BY number LIMIT ?",
        (forgotten_up_to(db), received_before_ms, facts.number(db, facts.SETTLED_UP_TO), limit),
    ).fetchall()
    db.executemany("DELETE FROM entry WHERE number = ?1", [row[:1] for row in doomed])
    keys = [row[1:] for row in doomed if row[1] is not None]
    db.executemany("DELETE FROM place WHERE (boot_id, sequence) = (?, ?)", keys)
    db.executemany("UPDATE boot SET pruned = max(pruned, ?2) WHERE boot_id = ?1", keys)
    return len(doomed)
