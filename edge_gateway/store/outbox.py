# SPDX-License-Identifier: EUPL-1.2
"""The outbox: the entries that the cloud has not acknowledged.

Forgetting moves one number; rows are deleted later, by age.
"""

import sqlite3

from edge_gateway.store import facts
from edge_gateway.store.entries import Entry, append, select

__all__ = ["append", "depth", "forget", "forgotten_up_to", "oldest", "prune", "skip"]


def oldest(db: sqlite3.Connection, limit: int) -> list[Entry]:
    """Return up to ``limit`` entries that wait, in order."""
    return select(db, "number > ?", (forgotten_up_to(db),), limit)


def forgotten_up_to(db: sqlite3.Connection) -> int:
    """Return the last number that the cloud has acknowledged; 0 at first."""
    return int(facts.read(db, facts.FORGOTTEN_UP_TO) or 0)


def forget(db: sqlite3.Connection, up_to: int, acknowledged_at_ms: int) -> None:
    """Leave everything up to ``up_to`` to the cloud."""
    skip(db, up_to)
    facts.write(db, facts.CLOUD_ACKNOWLEDGED_AT_MS, str(acknowledged_at_ms))


def skip(db: sqlite3.Connection, up_to: int) -> None:
    """Let nothing up to ``up_to`` wait any more."""
    if up_to > forgotten_up_to(db):
        facts.write(db, facts.FORGOTTEN_UP_TO, str(up_to))


def depth(db: sqlite3.Connection) -> int:
    """Return how many entries wait for the cloud."""
    forgotten = forgotten_up_to(db)
    row = db.execute("SELECT count(*) FROM entry WHERE number > ?", (forgotten,)).fetchone()
    return int(row[0])


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
