# SPDX-License-Identifier: EUPL-1.2
"""Telegrams and events by their key (boot, sequence), and those that wait for their time."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_gateway.store import entries

Content = tuple[str, Mapping[str, Any]]  # kind and body


@dataclass(frozen=True, slots=True, kw_only=True)
class Undated:
    """A message whose time is not known yet; ``body`` is the decoded message."""

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
    body: Mapping[str, Any],
) -> None:
    """Keep a message until its time is known."""
    db.execute(
        "INSERT INTO waiting (boot_id, sequence, kind, received_at_ms, body)"
        " VALUES (?, ?, ?, ?, ?)",
        (boot_id, body["seq"], entries.KIND_CODES[kind], received_at_ms, json.dumps(body)),
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


def undated_boots(db: sqlite3.Connection, node_id: str, before_boot: int) -> list[int]:
    """Return the boots under ``before_boot`` that hold messages without a time, latest first."""
    rows = db.execute(
        "SELECT boot FROM boot WHERE node_id = ? AND boot < ?"
        " AND EXISTS (SELECT 1 FROM waiting WHERE waiting.boot_id = boot.boot_id)"
        " ORDER BY boot DESC",
        (node_id, before_boot),
    )
    return [boot for (boot,) in rows]


def undated(db: sqlite3.Connection, node_id: str, boot: int) -> list[Undated]:
    """Return the messages of a boot that have no time yet, in order."""
    rows = db.execute(
        "SELECT boot_id, sequence, kind, received_at_ms, body FROM waiting JOIN boot"
        " USING (boot_id) WHERE (node_id, boot) = (?, ?) ORDER BY sequence",
        (node_id, boot),
    )
    return [
        Undated(
            boot_id=boot_id,
            sequence=sequence,
            kind=entries.KINDS[kind],
            received_at_ms=received_at_ms,
            body=json.loads(body),
        )
        for boot_id, sequence, kind, received_at_ms, body in rows
    ]


def place(db: sqlite3.Connection, boot_id: int, sequence: int) -> int | None:
    """Return the number of a settled message, or None."""
    row = db.execute(
        "SELECT number FROM place WHERE (boot_id, sequence) = (?, ?)", (boot_id, sequence)
    ).fetchone()
    return None if row is None else int(row[0])


def settle_places(db: sqlite3.Connection, places: Iterable[tuple[int, int, int]]) -> None:
    """Write down (boot_id, sequence, number) of messages stored since the last time."""
    db.executemany("INSERT OR REPLACE INTO place VALUES (?, ?, ?)", places)
