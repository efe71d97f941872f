# SPDX-License-Identifier: EUPL-1.2
"""Entries: the one numbered table of everything that travels to the cloud.

Rows are appended in the order of their numbers and are small, so that a commit writes a page or
two: on an SD card it is the pages that wear.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wire import VERSION, batch

KIND_CODES = {batch.TELEGRAM: 0, batch.EVENT: 1, batch.FINDING: 2, batch.NOTICE: 3}
KINDS = {code: kind for kind, code in KIND_CODES.items()}

UNREADABLE = "unreadable"  # the one field of an entry that rotted on the disk
NEXT_NUMBER = "next_number"  # the function of SQL that numbers what is appended: see opening.py

_INSERT = (
    "INSERT INTO entry (number, kind, received_at_ms, read_at_s, quality, boot_id, sequence,"
    " shape_id, time_s, time_quality, body) VALUES (next_number(), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = (
    "SELECT number, kind, received_at_ms, read_at_s, quality, node_id, boot, sequence, codes,"
    " time_s, time_quality, body FROM entry"
    " LEFT JOIN boot USING (boot_id) LEFT JOIN shape USING (shape_id)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row; ``body`` as it travels. ``key`` is (node_id, boot, sequence), None of findings."""

    number: int
    kind: str
    received_at_ms: int
    read_at_s: int
    quality: int
    body: Mapping[str, Any] = field(hash=False)
    key: tuple[str, int, int] | None = None

    def as_wire(self) -> dict[str, object]:
        """Return it as it travels."""
        return batch.entry(
            self.number,
            self.kind,
            self.received_at_ms,
            self.read_at_s,
            self.quality,
            dict(self.body),
        )


def append(
    db: sqlite3.Connection,
    *,
    kind: str,
    received_at_ms: int,
    read_at_s: int,
    quality: int = 0,
    body: Mapping[str, object],
) -> int:
    """Append what has no key, a finding or a notice; return its number."""
    row = (KIND_CODES[kind], received_at_ms, read_at_s, quality)
    return _inserted(db, (*row, None, None, None, None, None, _dump(body)))


def append_message(
    db: sqlite3.Connection,
    boot_id: int,
    *,
    kind: str,
    received_at_ms: int,
    read_at_s: int,
    quality: int,
    body: Mapping[str, Any],
) -> int:
    """Append a telegram or event, whose ``body`` is the decoded message; return its number."""
    row = (KIND_CODES[kind], received_at_ms, read_at_s, quality, boot_id, body["seq"])
    if kind == batch.TELEGRAM:
        codes = sorted(body["reg"])
        content = (
            shape_id(db, " ".join(codes)),
            None if body["t"] == read_at_s else body["t"],
            body["tq"],
            " ".join([str(body["reg"][code]) for code in codes]),
        )
        return _inserted(db, row + content)
    return _inserted(db, (*row, None, None, None, _dump(body)))


def shape_id(db: sqlite3.Connection, codes: str) -> int:
    """Return the number of a shape, given now if it is a new one."""
    row = db.execute("SELECT shape_id FROM shape WHERE codes = ?", (codes,)).fetchone()
    if row is None:
        row = db.execute(
            "INSERT INTO shape (codes) VALUES (?) RETURNING shape_id", (codes,)
        ).fetchone()
    return int(row[0])


def select(
    db: sqlite3.Connection, condition: str, given: Iterable[object] = (), limit: int = -1
) -> list[Entry]:
    """Return the entries under an SQL condition, in order; all of them unless ``limit`` is set."""
    question = f"{_SELECT} WHERE {condition} ORDER BY number LIMIT {limit}"
    return list(_entries(db.execute(question, tuple(given))))


def last_number(db: sqlite3.Connection) -> int:
    """Return the highest number that is stored; 0 in an empty store."""
    return int(db.execute("SELECT coalesce(max(number), 0) FROM entry").fetchone()[0])


def _entries(rows: Iterable[tuple[Any, ...]]) -> Iterator[Entry]:
    for (
        number,
        kind,
        received_at_ms,
        read_at_s,
        quality,
        node_id,
        boot,
        sequence,
        codes,
        time_s,
        time_quality,
        body,
    ) in rows:
        try:
            content = _content(body, codes)
        except ValueError:  # rot that SQLite can't see; the cloud quarantines it, the rest goes on
            content = {UNREADABLE: body}
        else:
            if codes is not None:
                content |= {"ver": VERSION, "id": node_id, "boot": boot, "seq": sequence}
                content |= {"t": read_at_s if time_s is None else time_s, "tq": time_quality}
        yield Entry(
            number=number,
            kind=KINDS.get(kind, batch.EVENT),
            received_at_ms=received_at_ms,
            read_at_s=read_at_s,
            quality=quality,
            body=content,
            key=None if node_id is None else (node_id, boot, sequence),
        )


def _content(body: str, codes: str | None) -> dict[str, Any]:
    """Return what a row holds of its message, or raise ValueError."""
    if codes is None:
        content = json.loads(body)
        if not isinstance(content, dict):
            raise ValueError(f"{body[:64]!r} is no object.")
        return content
    return {"reg": dict(zip(codes.split(" "), map(int, body.split(" ")), strict=True))}


def _inserted(db: sqlite3.Connection, row: tuple[object, ...]) -> int:
    number = db.execute(_INSERT, row).lastrowid
    if number is None:
        raise AssertionError("SQLite tells the number of every row that it inserts.")
    return number


def _dump(body: Mapping[str, object]) -> str:
    return json.dumps(body, separators=(",", ":"), sort_keys=True)
