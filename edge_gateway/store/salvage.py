# SPDX-License-Identifier: EUPL-1.2
"""Salvage: what can still be read of a damaged store is brought over into the new one.

Nodes have forgotten what was acknowledged, so every row that is not brought over and not with the
cloud is lost. Damage is mostly to a few pages; the rest of every table is read around them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from edge_gateway.store import entries, facts

_WHOLE = (
    # An entry without what it refers to can't be told any more.
    f"DELETE FROM entry WHERE kind NOT BETWEEN 0 AND {max(entries.KINDS)}",  # noqa: S608
    "DELETE FROM entry WHERE boot_id NOT IN (SELECT boot_id FROM boot)",
    "DELETE FROM entry WHERE shape_id NOT IN (SELECT shape_id FROM shape)",
    "DELETE FROM place",
    """
    INSERT OR REPLACE INTO place
    SELECT boot_id, sequence, number FROM entry WHERE boot_id IS NOT NULL
    """,
    "DELETE FROM waiting WHERE boot_id NOT IN (SELECT boot_id FROM boot)",
)


def bring_over(db: sqlite3.Connection, damaged: Path) -> int:
    """Copy into a new store what can be read of ``damaged``; return how many entries that is.

    The identity stays the new store's own: the cloud is to take what comes twice for a repeat.
    """
    store_id = facts.read(db, facts.STORE_ID)
    with closing(sqlite3.connect(damaged)) as source:
        try:
            if source.execute("PRAGMA user_version").fetchone() != _layout(db):
                return 0
        except sqlite3.DatabaseError:
            return 0  # not even the first page can be read
        db.execute("BEGIN IMMEDIATE")
        for table in _tables(db):
            _copy(source, db, table)
        for statement in _WHOLE:
            db.execute(statement)
        facts.write(db, facts.STORE_ID, str(store_id))
        facts.write(db, facts.SETTLED_UP_TO, str(entries.last_number(db)))
        db.execute("COMMIT")
    return int(db.execute("SELECT count(*) FROM entry").fetchone()[0])


def _layout(db: sqlite3.Connection) -> tuple[int]:
    layout: tuple[int] = db.execute("PRAGMA user_version").fetchone()
    return layout


def _tables(db: sqlite3.Connection) -> list[str]:
    names = db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    return [name for (name,) in names]


def _copy(source: sqlite3.Connection, db: sqlite3.Connection, table: str) -> None:
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    told = ", ".join(columns)
    put = f"INSERT OR REPLACE INTO {table} ({told}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    read = _around_damage if _has_rowid(db, table) else _to_damage
    for row in read(source, table, told):
        try:
            db.execute(put, row)
        except sqlite3.IntegrityError:
            continue  # what a damaged page told is none of this table's


def _has_rowid(db: sqlite3.Connection, table: str) -> bool:
    (script,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    return "WITHOUT ROWID" not in script


def _to_damage(source: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a small table as far as they can be read, from either end."""
    for order in ("", "DESC"):
        key = columns.split(", ")[0]
        try:
            yield from source.execute(f"SELECT {columns} FROM {table} ORDER BY {key} {order}")  # noqa: S608
        except sqlite3.DatabaseError:
            continue
        return


def _around_damage(
    source: sqlite3.Connection, table: str, columns: str
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table, stepping over what can't be read in ever longer steps."""
    question = f"SELECT rowid, {columns} FROM {table} WHERE rowid > ? ORDER BY rowid"  # noqa: S608
    at, step = 0, 1
    while step < 2**48:
        try:
            for rowid, *row in source.execute(question, (at,)):
                at, step = rowid, 1
                yield tuple(row)
        except sqlite3.DatabaseError:
            at, step = at + step, step * 2
        else:
            return
