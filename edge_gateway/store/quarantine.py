# SPDX-License-Identifier: EUPL-1.2
"""Quarantine: what could not be taken, kept for people to look at."""

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

MAX_ROWS = 10_000  # a flood of nonsense must not fill the disk
MAX_PAYLOAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One message that could not be taken; ``digest`` names it."""

    digest: bytes
    topic: str
    reason: str
    payload: bytes
    first_seen_ms: int
    times_seen: int


def add(
    db: sqlite3.Connection, *, topic: str, payload: bytes, reason: str, seen_at_ms: int
) -> bool:
    """Keep a payload, or count it once more if it is kept already; return whether it is new.

    ``reason`` may quote the payload, and with it half of a surrogate pair, which no text can hold.
    """
    reason = reason.encode("ascii", "backslashreplace").decode()
    digest = hashlib.blake2b(topic.encode() + b"\0" + payload, digest_size=16).digest()
    added, times_seen = db.execute(
        "INSERT INTO quarantine (digest, topic, reason, payload, first_seen_ms, times_seen)"
        " VALUES (?, ?, ?, ?, ?, 1)"
        " ON CONFLICT (digest) DO UPDATE SET times_seen = times_seen + 1 RETURNING rowid,"
        " times_seen",
        (digest, topic, reason, payload[:MAX_PAYLOAD_BYTES], seen_at_ms),
    ).fetchone()
    db.execute("DELETE FROM quarantine WHERE rowid <= ?", (added - MAX_ROWS,))
    return bool(times_seen == 1)


def kept(db: sqlite3.Connection) -> list[Kept]:
    """Return everything that is kept, the oldest first."""
    rows = db.execute(
        "SELECT digest, topic, reason, payload, first_seen_ms, times_seen FROM quarantine"
        " ORDER BY rowid"
    )
    names = ("digest", "topic", "reason", "payload", "first_seen_ms", "times_seen")
    return [Kept(**dict(zip(names, row, strict=True))) for row in rows]


def remove(db: sqlite3.Connection, digests: Iterable[bytes]) -> None:
    """Keep these no longer."""
    db.executemany("DELETE FROM quarantine WHERE digest = ?", [(one,) for one in digests])
