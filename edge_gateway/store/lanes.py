# SPDX-License-Identifier: EUPL-1.2
"""Lanes: what goes to the cloud next when more waits than one batch holds.

First findings and notices, for somebody is to be told of them. Then, by turns, what came last, so
that the present is seen while a week is still on its way; and the backlog, oldest first.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from edge_gateway.store.entries import KIND_CODES, Entry, select
from edge_gateway.store.watermark import Range, Watermark
from wire import batch

_URGENT_FROM = KIND_CODES[batch.FINDING]  # and notices; as the index entry_urgent has it


class Lane(Enum):
    """Which part of what waits a batch is of."""

    ALL = "all"
    URGENT = "urgent"
    LIVE = "live"
    BACKLOG = "backlog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Entries to be sent together, in order; once they are delivered nothing waits in ``spans``."""

    lane: Lane
    entries: Sequence[Entry]
    spans: Sequence[Range]

    def spans_up_to(self, number: int) -> list[Range]:
        """Return where nothing waits any more once this is delivered up to ``number``."""
        return [(first, min(last, number)) for first, last in self.spans if first <= number]

    def halves(self) -> "tuple[Batch, Batch]":
        """Return it in two parts; it holds at least two entries."""
        middle = len(self.entries) // 2
        border = self.entries[middle - 1].number
        above = [(max(first, border + 1), last) for first, last in self.spans if last > border]
        return (
            Batch(lane=self.lane, entries=self.entries[:middle], spans=self.spans_up_to(border)),
            Batch(lane=self.lane, entries=self.entries[middle:], spans=above),
        )


def next_batch(
    db: sqlite3.Connection, delivered: Watermark, limit: int, after: Lane
) -> Batch | None:
    """Return up to ``limit`` entries to send after a batch of lane ``after``; None if none wait."""
    if _fits(db, delivered, limit):
        return _oldest(db, delivered, limit, Lane.ALL)
    urgent = _urgent(db, delivered, limit)
    if urgent is not None:
        return urgent
    live = None if after is Lane.LIVE else _live(db, delivered, limit)
    return live or _oldest(db, delivered, limit, Lane.BACKLOG)


def _fits(db: sqlite3.Connection, delivered: Watermark, limit: int) -> bool:
    """Return whether all that waits surely goes into one batch."""
    more = db.execute(
        "SELECT 1 FROM entry WHERE number > ? LIMIT 1 OFFSET ?", (delivered.contiguous, limit)
    )
    return more.fetchone() is None


def _oldest(db: sqlite3.Connection, delivered: Watermark, limit: int, lane: Lane) -> Batch | None:
    entries: list[Entry] = []
    spans: list[Range] = []
    for above, below in _gaps(delivered):
        room = limit - len(entries)
        found = select(db, "number > ? AND number < ?", (above, below), room)
        entries += found
        if len(found) == room or below == _ENDLESS:
            spans += [(above + 1, found[-1].number)] if found else []
            break
        spans.append((above + 1, below - 1))
    return Batch(lane=lane, entries=entries, spans=spans) if entries else None


_ENDLESS = 2**63 - 1


def _gaps(delivered: Watermark) -> Iterator[tuple[int, int]]:
    """Yield (above, below) for every stretch of numbers that is not delivered yet."""
    above = delivered.contiguous
    for first, last in delivered.ahead:
        yield above, first
        above = last
    yield above, _ENDLESS


def _urgent(db: sqlite3.Connection, delivered: Watermark, limit: int) -> Batch | None:
    rows = db.execute(
        f"SELECT number FROM entry WHERE kind >= {_URGENT_FROM} AND number > ?"  # noqa: S608
        " ORDER BY number",
        (delivered.contiguous,),
    )
    numbers = [number for (number,) in rows if number not in delivered][:limit]
    if not numbers:
        return None
    entries = select(db, "number IN (SELECT value FROM json_each(?))", (json.dumps(numbers),))
    return Batch(lane=Lane.URGENT, entries=entries, spans=[(one, one) for one in numbers])


def _live(db: sqlite3.Connection, delivered: Watermark, limit: int) -> Batch | None:
    """Return the newest of what is numbered above everything delivered."""
    newest = db.execute(
        "SELECT min(number), count(*) FROM"
        " (SELECT number FROM entry WHERE number > ? ORDER BY number DESC LIMIT ?)",
        (delivered.highest, limit),
    )
    first, count = newest.fetchone()
    if not count:
        return None
    entries = select(db, "number >= ?", (first,))
    begin = first if count == limit else delivered.highest + 1
    return Batch(lane=Lane.LIVE, entries=entries, spans=[(begin, entries[-1].number)])
