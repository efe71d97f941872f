# SPDX-License-Identifier: EUPL-1.2
"""The outbox: what is numbered above the last number that the cloud has acknowledged.

Forgetting moves that one number; rows are deleted later, by age.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from edge_gateway.store import facts
from wire import batch

_OLDEST = """
SELECT number, kind, received_at_ms, read_at_s, quality, body FROM (
    SELECT * FROM (
        SELECT number, kind, received_at_ms, read_at_s, quality, body
        FROM message WHERE number > ?1 ORDER BY number LIMIT ?2)
    UNION ALL SELECT * FROM (
        SELECT number, ?3, received_at_ms, read_at_s, 0, body
        FROM finding_change WHERE number > ?1 ORDER BY number LIMIT ?2)
) ORDER BY number LIMIT ?2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One entry that the cloud has not acknowledged; ``body`` is JSON as it was stored."""

    number: int
    kind: str
    received_at_ms: int
    read_at_s: int
    quality: int
    body: str

    def as_entry(self) -> dict[str, object]:
        """Return it as it travels."""
        return batch.entry(
            self.number,
            self.kind,
            self.received_at_ms,
            self.read_at_s,
            self.quality,
            json.loads(self.body),
        )


def last_number(db: sqlite3.Connection) -> int:
    """Return the highest number ever given in this store."""
    row = db.execute(
        "SELECT max(coalesce((SELECT max(number) FROM message WHERE number IS NOT NULL), 0),"
        " coalesce((SELECT max(number) FROM finding_change), 0))"
    ).fetchone()
    return max(int(row[0]), forgotten_up_to(db))


def append_finding(
    db: sqlite3.Connection, number: int, received_at_ms: int, body: Mapping[str, object]
) -> None:
    """Put a finding, as it is now, in line for the cloud."""
    cleared_at_s = body["cleared_at_s"]
    db.execute(
        "INSERT INTO finding_change (number, finding_id, received_at_ms, read_at_s, body)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            number,
            body["finding_id"],
            received_at_ms,
            body["raised_at_s"] if cleared_at_s is None else cleared_at_s,
            json.dumps(body),
        ),
    )


def oldest(db: sqlite3.Connection, limit: int) -> list[Waiting]:
    """Return up to ``limit`` entries that wait, in order."""
    names = ("number", "kind", "received_at_ms", "read_at_s", "quality", "body")
    rows = db.execute(_OLDEST, (forgotten_up_to(db), limit, batch.FINDING))
    return [Waiting(**dict(zip(names, row, strict=True))) for row in rows]


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
    row = db.execute(
        "SELECT (SELECT count(*) FROM message WHERE number > ?1)"
        " + (SELECT count(*) FROM finding_change WHERE number > ?1)",
        (forgotten,),
    ).fetchone()
    return int(row[0])


def prune(db: sqlite3.Connection, received_before_ms: int, limit: int) -> int:
    """Delete up to ``limit`` old messages that the cloud has; return how many went.

    Only up to the contiguous watermark, which then still tells a late repeat from a new message.
    """
    doomed = db.execute(
        "SELECT m.node_id, m.boot, m.sequence FROM message m JOIN watermark w"
        " ON (w.node_id, w.boot) = (m.node_id, m.boot) AND m.sequence <= w.contiguous"
        " WHERE m.number <= ? AND m.received_at_ms < ? ORDER BY m.number LIMIT ?",
        (forgotten_up_to(db), received_before_ms, limit),
    ).fetchall()
    db.executemany("DELETE FROM message WHERE (node_id, boot, sequence) = (?, ?, ?)", doomed)
    db.executemany(
        "UPDATE watermark SET pruned = max(pruned, ?3) WHERE (node_id, boot) = (?1, ?2)", doomed
    )
    db.execute(
        "DELETE FROM finding_change WHERE number <= ? AND received_at_ms < ?",
        (forgotten_up_to(db), received_before_ms),
    )
    return len(doomed)
