# SPDX-License-Identifier: EUPL-1.2
"""The outbox: the entries that the cloud has not acknowledged.

It may acknowledge the newest before the oldest. Forgetting moves one number, and keeps a few ranges
above it; rows are deleted later: see deletion.py.
"""

import sqlite3

from edge_gateway.store import facts
from edge_gateway.store.entries import Entry, append, select
from edge_gateway.store.watermark import Watermark

__all__ = ["append", "delivered", "depth", "forget", "forgotten_up_to", "oldest"]

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
