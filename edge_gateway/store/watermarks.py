# SPDX-License-Identifier: EUPL-1.2
"""Watermarks: what of each boot is stored, or known never to come."""

import sqlite3


def contiguous(db: sqlite3.Connection, node_id: str, boot: int) -> int:
    """Return the sequence up to which nothing of the boot is missing; 0 for an unknown one."""
    row = db.execute(
        "SELECT contiguous FROM watermark WHERE (node_id, boot) = (?, ?)", (node_id, boot)
    ).fetchone()
    return 0 if row is None else int(row[0])


def pruned(db: sqlite3.Connection, node_id: str, boot: int) -> int:
    """Return the highest sequence of the boot that was stored and deleted since; 0 if none."""
    row = db.execute(
        "SELECT pruned FROM watermark WHERE (node_id, boot) = (?, ?)", (node_id, boot)
    ).fetchone()
    return 0 if row is None else int(row[0])


def ahead(db: sqlite3.Connection, node_id: str, boot: int, above: int) -> list[tuple[int, int]]:
    """Return the ranges (first, last) above the watermark that are stored or stepped over."""
    return db.execute(
        "SELECT sequence, sequence FROM message WHERE (node_id, boot) = (?1, ?2) AND sequence > ?3"
        " UNION ALL SELECT first, last FROM stepped_over"
        " WHERE (node_id, boot) = (?1, ?2) AND last > ?3",
        (node_id, boot, above),
    ).fetchall()


def step_over(db: sqlite3.Connection, node_id: str, boot: int, first: int, last: int) -> None:
    """Remember that these sequences will have no message."""
    db.execute(
        "INSERT OR IGNORE INTO stepped_over (node_id, boot, first, last) VALUES (?, ?, ?, ?)",
        (node_id, boot, first, last),
    )


def save(db: sqlite3.Connection, node_id: str, boot: int, up_to: int) -> None:
    """Keep a watermark, and drop the steps that it has passed."""
    db.execute(
        "INSERT INTO watermark (node_id, boot, contiguous) VALUES (?, ?, ?)"
        " ON CONFLICT (node_id, boot) DO UPDATE SET contiguous = excluded.contiguous",
        (node_id, boot, up_to),
    )
    db.execute(
        "DELETE FROM stepped_over WHERE (node_id, boot) = (?, ?) AND last <= ?",
        (node_id, boot, up_to),
    )
