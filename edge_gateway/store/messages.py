# SPDX-License-Identifier: EUPL-1.2
"""Telegrams and events as they were received, under their key (node_id, boot, sequence)."""

import sqlite3
from dataclasses import dataclass

_COLUMNS = "node_id, boot, sequence, kind, received_at_ms, read_at_s, quality, body, number"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """One row. ``read_at_s`` and ``number`` are None until its time is known."""

    node_id: str
    boot: int
    sequence: int
    kind: str
    received_at_ms: int
    read_at_s: int | None
    quality: int
    body: str
    number: int | None


def insert(db: sqlite3.Connection, message: StoredMessage) -> None:
    """Store a message whose key is not stored yet."""
    db.execute(
        f"INSERT INTO message ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (
            message.node_id,
            message.boot,
            message.sequence,
            message.kind,
            message.received_at_ms,
            message.read_at_s,
            message.quality,
            message.body,
            message.number,
        ),
    )


def content(
    db: sqlite3.Connection, node_id: str, boot: int, sequence: int
) -> tuple[str, str] | None:
    """Return (kind, body) of what is stored under the key, or None."""
    row: tuple[str, str] | None = db.execute(
        "SELECT kind, body FROM message WHERE (node_id, boot, sequence) = (?, ?, ?)",
        (node_id, boot, sequence),
    ).fetchone()
    return row


def boots_without_time(db: sqlite3.Connection, node_id: str, before_boot: int) -> list[int]:
    """Return the boots under ``before_boot`` that hold messages without a time, latest first."""
    rows = db.execute(
        "SELECT DISTINCT boot FROM message WHERE node_id = ? AND boot < ? AND read_at_s IS NULL"
        " ORDER BY boot DESC",
        (node_id, before_boot),
    )
    return [boot for (boot,) in rows]


def without_time(db: sqlite3.Connection, node_id: str, boot: int) -> list[StoredMessage]:
    """Return the messages of a boot that have no time yet, in order."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM message"  # noqa: S608
        " WHERE node_id = ? AND boot = ? AND read_at_s IS NULL ORDER BY sequence",
        (node_id, boot),
    )
    names = _COLUMNS.split(", ")
    return [StoredMessage(**dict(zip(names, row, strict=True))) for row in rows]


def set_time(
    db: sqlite3.Connection, message: StoredMessage, read_at_s: int, quality: int, number: int
) -> None:
    """Give a message its time, and with it its number in the outbox."""
    db.execute(
        "UPDATE message SET read_at_s = ?, quality = ?, number = ?"
        " WHERE (node_id, boot, sequence) = (?, ?, ?)",
        (read_at_s, quality, number, message.node_id, message.boot, message.sequence),
    )
