# SPDX-License-Identifier: EUPL-1.2
"""Anchors: when each boot of a node began, for messages that only say how long ago that was.

A sighting is an anchor by the counter of a run of the machine of which it is not known when it
began. It becomes an anchor once that is known; and a boot that was sighted in such a run and is
anchored since tells when the run began.
"""

import sqlite3

FROM_STATUS = "status"  # a live status said how long the node had been up
FROM_NEXT_BOOT = "next_boot"  # no status ever came; it ended before the next boot began


def read(db: sqlite3.Connection, node_id: str, boot: int) -> int | None:
    """Return when the boot began, in Unix ms, or None while that is unknown."""
    row = db.execute(
        "SELECT boot_at_ms FROM anchor WHERE (node_id, boot) = (?, ?)", (node_id, boot)
    ).fetchone()
    return None if row is None else int(row[0])


def next_after(db: sqlite3.Connection, node_id: str, boot: int) -> tuple[int, int] | None:
    """Return the first later boot whose beginning is known, and that, in Unix ms."""
    row: tuple[int, int] | None = db.execute(
        "SELECT boot, boot_at_ms FROM anchor WHERE node_id = ? AND boot > ? ORDER BY boot LIMIT 1",
        (node_id, boot),
    ).fetchone()
    return row


def insert(
    db: sqlite3.Connection, node_id: str, boot: int, boot_at_ms: int, known_from: str
) -> None:
    """Keep when a boot began; it never moves afterwards, or its readings would."""
    db.execute(
        "INSERT INTO anchor (node_id, boot, boot_at_ms, known_from) VALUES (?, ?, ?, ?)",
        (node_id, boot, boot_at_ms, known_from),
    )


def sight(db: sqlite3.Connection, node_id: str, boot: int, run: int, boot_at_up_ms: int) -> None:
    """Keep when the boot began by the counter of ``run``: negative, if it began before the run."""
    db.execute(
        "INSERT OR IGNORE INTO sighting (run, node_id, boot, boot_at_up_ms) VALUES (?, ?, ?, ?)",
        (run, node_id, boot, boot_at_up_ms),
    )


def sighted(db: sqlite3.Connection, run: int) -> list[tuple[str, int, int]]:
    """Return (node_id, boot, boot_at_up_ms) of every boot sighted in a run."""
    return db.execute(
        "SELECT node_id, boot, boot_at_up_ms FROM sighting WHERE run = ?", (run,)
    ).fetchall()


def is_sighted(db: sqlite3.Connection, node_id: str, boot: int) -> bool:
    """Return whether the boot will be anchored as soon as it is known when a run began."""
    question = "SELECT 1 FROM sighting WHERE node_id = ? AND boot = ?"
    return db.execute(question, (node_id, boot)).fetchone() is not None


def beginning_of_run(db: sqlite3.Connection, run: int) -> int | None:
    """Return when a run began, in Unix ms, by a node that was seen in it and is anchored; or None.

    The node's crystal carries the time: a few seconds a day at worst.
    """
    row = db.execute(
        "SELECT a.boot_at_ms - s.boot_at_up_ms FROM sighting s JOIN anchor a"
        " ON (a.node_id, a.boot) = (s.node_id, s.boot) AND a.known_from = ? WHERE s.run = ?"
        " ORDER BY a.boot_at_ms DESC LIMIT 1",
        (FROM_STATUS, run),
    ).fetchone()
    return None if row is None else int(row[0])


def anchor_sighted(db: sqlite3.Connection, run: int, began_at_ms: int, known_from: str) -> None:
    """Make the sightings of a run anchors; those anchored already stay where they are."""
    db.execute(
        "INSERT OR IGNORE INTO anchor (node_id, boot, boot_at_ms, known_from)"
        " SELECT node_id, boot, boot_at_up_ms + ?2, ?3 FROM sighting WHERE run = ?1",
        (run, began_at_ms, known_from),
    )
    db.execute("DELETE FROM sighting WHERE run = ?", (run,))
