# SPDX-License-Identifier: EUPL-1.2
"""Boots of nodes: a small number for each, and what of it is stored or known never to come."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """A boot's small number, and up to where nothing of it was missing when last settled."""

    boot_id: int
    contiguous: int


def find(db: sqlite3.Connection, node_id: str, boot: int) -> Boot:
    """Return the boot as it was last settled, kept from now on if it is a new one."""
    question = (
        "SELECT boot_id, contiguous FROM boot WHERE (node_id, boot) = (?, ?)",
        (node_id, boot),
    )
    row = db.execute(*question).fetchone()
    if row is None:
        db.execute("INSERT INTO boot (node_id, boot) VALUES (?, ?)", (node_id, boot))
        row = db.execute(*question).fetchone()
    return Boot(boot_id=row[0], contiguous=row[1])


def pruned(db: sqlite3.Connection, boot_id: int) -> int:
    """Return the highest sequence of the boot that was stored and deleted since; 0 if none."""
    row = db.execute("SELECT pruned FROM boot WHERE boot_id = ?", (boot_id,)).fetchone()
    return 0 if row is None else int(row[0])


def ahead(db: sqlite3.Connection, boot_id: int, above: int) -> list[tuple[int, int]]:
    """Return the ranges (first, last) above the watermark that are settled all the same."""
    return db.execute(
        "SELECT sequence, sequence FROM place WHERE boot_id = ?1 AND sequence > ?2"
        " UNION ALL SELECT sequence, sequence FROM waiting WHERE boot_id = ?1 AND sequence > ?2"
        " UNION ALL SELECT first, last FROM stepped_over JOIN boot USING (node_id, boot)"
        " WHERE boot_id = ?1 AND last > ?2",
        (boot_id, above),
    ).fetchall()


def step_over(db: sqlite3.Connection, node_id: str, boot: int, first: int, last: int) -> None:
    """Remember that these sequences will have no message."""
    db.execute(
        "INSERT OR IGNORE INTO stepped_over (node_id, boot, first, last) VALUES (?, ?, ?, ?)",
        (node_id, boot, first, last),
    )


def settle(db: sqlite3.Connection, watermarks: Iterable[tuple[int, int]]) -> None:
    """Write down (boot_id, contiguous), and drop the steps that are passed."""
    for boot_id, contiguous in watermarks:
        db.execute("UPDATE boot SET contiguous = ? WHERE boot_id = ?", (contiguous, boot_id))
        db.execute(
            "DELETE FROM stepped_over WHERE last <= ?1 AND (node_id, boot) ="
            " (SELECT node_id, boot FROM boot WHERE boot_id = ?2)",
            (contiguous, boot_id),
        )
