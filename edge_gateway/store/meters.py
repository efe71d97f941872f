# SPDX-License-Identifier: EUPL-1.2
"""What the leak rules remember of each meter, kept in step with the readings they have seen."""

import sqlite3
from collections.abc import Mapping


def memories(db: sqlite3.Connection) -> dict[str, bytes]:
    """Return the memory of every watched meter, by meter."""
    return dict(db.execute("SELECT meter, memory FROM watched_meter"))


def remember(db: sqlite3.Connection, memories: Mapping[str, bytes]) -> None:
    """Keep the memories given in place of earlier ones."""
    db.executemany(
        "INSERT INTO watched_meter (meter, memory) VALUES (?, ?)"
        " ON CONFLICT (meter) DO UPDATE SET memory = excluded.memory",
        memories.items(),
    )
