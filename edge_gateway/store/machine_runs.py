# SPDX-License-Identifier: EUPL-1.2
"""Runs of the machine in which something was recorded before the time was known.

What is recorded then is dated by the machine's counter, and put right once it is known when the
run began.
"""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRun:
    """A run that began at a time not known yet; ``guess_ms`` is what the machine's clock said."""

    run: int
    name: str
    guess_ms: int
    last_up_ms: int  # on its counter, when something was last recorded in it


def note(db: sqlite3.Connection, name: str, *, guess_ms: int, up_ms: int) -> tuple[int, int | None]:
    """Keep that something was recorded in a run at ``up_ms``.

    Return the run's number, and when it began, in Unix ms, or None while that is unknown.
    """
    row: tuple[int, int | None] = db.execute(
        "INSERT INTO machine_run (name, guess_ms, last_up_ms) VALUES (?, ?, ?) ON CONFLICT (name)"
        " DO UPDATE SET last_up_ms = max(last_up_ms, excluded.last_up_ms)"
        " RETURNING run, began_at_ms",
        (name, guess_ms, up_ms),
    ).fetchone()
    return row


def unknown(db: sqlite3.Connection) -> list[MachineRun]:
    """Return the runs of which it is not known when they began, the latest first."""
    rows = db.execute(
        "SELECT run, name, guess_ms, last_up_ms FROM machine_run WHERE began_at_ms IS NULL"
        " ORDER BY run DESC"
    )
    names = ("run", "name", "guess_ms", "last_up_ms")
    return [MachineRun(**dict(zip(names, row, strict=True))) for row in rows]


def set_beginning(db: sqlite3.Connection, run: int, began_at_ms: int) -> None:
    """Keep when a run began, in Unix ms; it never moves afterwards, or readings would."""
    db.execute("UPDATE machine_run SET began_at_ms = ? WHERE run = ?", (began_at_ms, run))


def next_beginning(db: sqlite3.Connection, run: int) -> int | None:
    """Return when the first later run whose beginning is known began, in Unix ms."""
    row = db.execute(
        "SELECT began_at_ms FROM machine_run WHERE run > ? AND began_at_ms IS NOT NULL"
        " ORDER BY run LIMIT 1",
        (run,),
    ).fetchone()
    return None if row is None else int(row[0])
