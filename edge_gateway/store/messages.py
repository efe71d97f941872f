# SPDX-License-Identifier: EUPL-1.2
"""Telegrams and events by their key (boot, sequence), and those that wait for their time."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_gateway.store import entries
from wire import telegram

Content = tuple[str, Mapping[str, Any]]  # kind and body


# A boot's messages that say only how long ago it began.
_SINCE_BOOT = f"json_extract(body, '$.tq') = {telegram.TIME_SINCE_BOOT}"
_DATABLE = f"""
SELECT boot_id, sequence, kind, received_at_ms + coalesce(began_at_ms, 0), body
FROM waiting JOIN boot USING (boot_id)
    LEFT JOIN anchor USING (node_id, boot) LEFT JOIN machine_run USING (run)
WHERE (waiting.run IS NULL OR began_at_ms IS NOT NULL)
    AND (boot_at_ms IS NOT NULL OR NOT {_SINCE_BOOT})
ORDER BY boot_id, sequence LIMIT ?
"""  # noqa: S608
_UNDATED_BOOTS = f"""
SELECT DISTINCT boot FROM waiting JOIN boot USING (boot_id) LEFT JOIN anchor USING (node_id, boot)
WHERE node_id = ? AND boot < ? AND {_SINCE_BOOT} AND boot_at_ms IS NULL ORDER BY boot DESC
"""  # noqa: S608
_LASTED = f"""
SELECT max(json_extract(body, '$.t')) FROM waiting JOIN boot USING (boot_id)
WHERE node_id = ? AND boot >= ? AND boot < ? AND {_SINCE_BOOT} GROUP BY boot
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Datable:
    """A message that waited, and whose time can be told now; ``body`` is the decoded message."""

    boot_id: int
    sequence: int
    kind: str
    received_at_ms: int
    body: Mapping[str, Any]


def wait(
    db: sqlite3.Connection,
    boot_id: int,
    *,
    kind: str,
    received_at_ms: int,
    run: int | None,
    body: Mapping[str, Any],
) -> None:
    """Keep a message until its time is known; ``received_at_ms`` is by the counter of ``run``."""
    db.execute(
        "INSERT INTO waiting (boot_id, sequence, kind, received_at_ms, run, body)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (boot_id, body["seq"], entries.KIND_CODES[kind], received_at_ms, run, json.dumps(body)),
    )


def stop_waiting(db: sqlite3.Connection, boot_id: int, sequence: int) -> None:
    """Drop a message from those that wait."""
    db.execute("DELETE FROM waiting WHERE (boot_id, sequence) = (?, ?)", (boot_id, sequence))


def waiting_content(db: sqlite3.Connection, boot_id: int, sequence: int) -> Content | None:
    """Return what waits under the key, or None."""
    row = db.execute(
        "SELECT kind, body FROM waiting WHERE (boot_id, sequence) = (?, ?)", (boot_id, sequence)
    ).fetchone()
    return None if row is None else (entries.KINDS[row[0]], json.loads(row[1]))


def content(db: sqlite3.Connection, number: int) -> Content | None:
    """Return what is numbered so, or None."""
    found = entries.select(db, "number = ?", (number,))
    return (found[0].kind, found[0].body) if found else None


def node_waits(db: sqlite3.Connection, node_id: str) -> bool:
    """Return whether any message of a node waits."""
    question = "SELECT 1 FROM waiting JOIN boot USING (boot_id) WHERE node_id = ? LIMIT 1"
    return db.execute(question, (node_id,)).fetchone() is not None


def datable(db: sqlite3.Connection, limit: int) -> list[Datable]:
    """Return up to ``limit`` messages whose time can be told now, those of a boot in order."""
    return [
        Datable(
            boot_id=boot_id,
            sequence=sequence,
            kind=entries.KINDS[kind],
            received_at_ms=received_at_ms,
            body=json.loads(body),
        )
        for boot_id, sequence, kind, received_at_ms, body in db.execute(_DATABLE, (limit,))
    ]


def undated_boots(db: sqlite3.Connection, node_id: str, before_boot: int) -> list[int]:
    """Return the boots under ``before_boot`` that wait to be anchored, latest first."""
    return [boot for (boot,) in db.execute(_UNDATED_BOOTS, (node_id, before_boot))]


def undated_s(db: sqlite3.Connection, node_id: str, boot: int, next_boot: int) -> int:
    """Return how long the boots from ``boot`` to before ``next_boot`` lasted at least, in s."""
    return sum(lasted_s for (lasted_s,) in db.execute(_LASTED, (node_id, boot, next_boot)))


def place(db: sqlite3.Connection, boot_id: int, sequence: int) -> int | None:
    """Return the number of a settled message, or None."""
    row = db.execute(
        "SELECT number FROM place WHERE (boot_id, sequence) = (?, ?)", (boot_id, sequence)
    ).fetchone()
    return None if row is None else int(row[0])


def settle_places(db: sqlite3.Connection, places: Iterable[tuple[int, int, int]]) -> None:
    """Write down (boot_id, sequence, number) of messages stored since the last time."""
    db.executemany("INSERT OR REPLACE INTO place VALUES (?, ?, ?)", places)
