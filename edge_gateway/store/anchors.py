# SPDX-License-Identifier: EUPL-1.2
"""Anchors: when each boot of a node began, for messages that only say how long ago that was."""

import sqlite3

FROM_STATUS = "status"  # a live status said how long the node had been up
FROM_NEXT_BOOT = "next_boot"  # no status ever came; it ended before the next boot began


def read(db: sqlite3.Connection, node_id: str, boot: int) -> int | None:
    """Return when the boot began, in Unix ms, or None while that is unknown."""
    row = db.execute(
        "SELECT boot_at_ms FROM anchor WHERE (node_id, boot) = (?, ?)", (node_id, boot)
    ).fetchone()
    return None if row is None else int(row[0])


def next_after(db: sqlite3.Connection, node_id: str, boot: int) -> int | None:
    """Return when the first later boot whose beginning is known began, in Unix ms."""
    row = db.execute(
        "SELECT boot_at_ms FROM anchor WHERE node_id = ? AND boot > ? ORDER BY boot LIMIT 1",
        (node_id, boot),
    ).fetchone()
    return None if row is None else int(row[0])


def insert(
    db: sqlite3.Connection, node_id: str, boot: int, boot_at_ms: int, known_from: str
) -> None:
    """Keep when a boot began; it never moves afterwards, or its readings would."""
    db.execute(
        "INSERT INTO anchor (node_id, boot, boot_at_ms, known_from) VALUES (?, ?, ?, ?)",
        (node_id, boot, boot_at_ms, known_from),
    )
