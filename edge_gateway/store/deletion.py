# SPDX-License-Identifier: EUPL-1.2
"""Deletion: rows go for good, and the file uses their pages again.

Only what is settled is deleted, and of messages only up to the watermark of their boot, which then
still tells a late repeat from a new message. The entry with the highest number always stays, so
that no number comes twice.
"""

import sqlite3
from collections.abc import Sequence

from edge_gateway.store import facts
from edge_gateway.store.entries import last_number

ROWS_AT_ONCE = 2000  # intake waits its turn for some 20 ms

_DELIVERED = """
SELECT number, boot_id, sequence FROM entry LEFT JOIN boot USING (boot_id)
WHERE number <= ?1 AND received_at_ms < ?2 AND (boot_id IS NULL OR sequence <= contiguous)
ORDER BY number LIMIT ?3
"""


def delete_delivered(db: sqlite3.Connection, received_before_ms: int) -> int:
    """Delete some of the oldest entries that the cloud has; return how many, 0 when none is left.

    What it acknowledged out of order goes once all before it is acknowledged as well.
    """
    up_to = min(facts.number(db, facts.FORGOTTEN_UP_TO), deletable_up_to(db))
    doomed = db.execute(_DELIVERED, (up_to, received_before_ms, ROWS_AT_ONCE)).fetchall()
    delete(db, doomed)
    return len(doomed)


def deletable_up_to(db: sqlite3.Connection) -> int:
    """Return the last number whose row may be deleted."""
    return min(facts.number(db, facts.SETTLED_UP_TO), last_number(db) - 1)


def delete(db: sqlite3.Connection, doomed: Sequence[tuple[int, int | None, int | None]]) -> None:
    """Delete entries, given as (number, boot_id, sequence)."""
    db.executemany("DELETE FROM entry WHERE number = ?", [row[:1] for row in doomed])
    keys = sorted({(boot_id, sequence) for _, boot_id, sequence in doomed if boot_id is not None})
    db.executemany("DELETE FROM place WHERE (boot_id, sequence) = (?, ?)", keys)
    highest = dict(keys)  # by boot: of several, the last counts
    db.executemany(
        "UPDATE boot SET pruned = max(pruned, ?2) WHERE boot_id = ?1", sorted(highest.items())
    )
