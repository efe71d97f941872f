# SPDX-License-Identifier: EUPL-1.2
"""Quarantine: what could not be taken, kept for people to look at."""

import hashlib
import sqlite3

MAX_ROWS = 10_000  # a flood of nonsense must not fill the disk
MAX_PAYLOAD_BYTES = 4096


def add(
    db: sqlite3.Connection, *, topic: str, payload: bytes, reason: str, seen_at_ms: int
) -> None:
    """Keep a payload, or count it once more if the same one is kept already.

    ``reason`` may quote the payload, and with it half of a surrogate pair, which no text can hold.
    """
    reason = reason.encode("ascii", "backslashreplace").decode()
    digest = hashlib.blake2b(topic.encode() + b"\0" + payload, digest_size=16).digest()
    added = db.execute(
        "INSERT INTO quarantine (digest, topic, reason, payload, first_seen_ms, times_seen)"
        " VALUES (?, ?, ?, ?, ?, 1)"
        " ON CONFLICT (digest) DO UPDATE SET times_seen = times_seen + 1 RETURNING rowid",
        (digest, topic, reason, payload[:MAX_PAYLOAD_BYTES], seen_at_ms),
    ).fetchone()[0]
    db.execute("DELETE FROM quarantine WHERE rowid <= ?", (added - MAX_ROWS,))
