# SPDX-License-Identifier: EUPL-1.2
"""Single facts by name, and tallies of what has happened since the store was made."""

import sqlite3
from collections.abc import Mapping

STORE_ID = "store_id"  # tells the cloud this outbox from that of a replaced disk
CONFIGURATION = "configuration"  # the cloud's last word on nodes and meters, as JSON
FORGOTTEN_UP_TO = "forgotten_up_to"  # the last number that the cloud has acknowledged
SETTLED_UP_TO = "settled_up_to"  # what is numbered above it is not in place and boot yet
CLOUD_ACKNOWLEDGED_AT_MS = "cloud_acknowledged_at_ms"


def read(db: sqlite3.Connection, name: str) -> str | None:
    """Return the fact called ``name``, or None."""
    row = db.execute("SELECT content FROM fact WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def number(db: sqlite3.Connection, name: str) -> int:
    """Return the fact called ``name``, which is a number; 0 while there is none."""
    return int(read(db, name) or 0)


def write(db: sqlite3.Connection, name: str, content: str) -> None:
    """Keep ``content`` under ``name``."""
    db.execute(
        "INSERT INTO fact (name, content) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET content = excluded.content"
        " WHERE content <> excluded.content",  # a page that stays the same is not written
        (name, content),
    )


def add_to_tallies(db: sqlite3.Connection, counts: Mapping[str, int]) -> None:
    """Add to the tallies named."""
    db.executemany(
        "INSERT INTO tally (name, count) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET count = count + excluded.count",
        counts.items(),
    )


def tallies(db: sqlite3.Connection) -> dict[str, int]:
    """Return every tally."""
    return dict(db.execute("SELECT name, count FROM tally"))
