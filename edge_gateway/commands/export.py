# SPDX-License-Identifier: EUPL-1.2
"""``iskar-gateway export``: what the store holds, to be carried away or looked through."""

import csv
import json
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from edge_gateway.commands.options import DataDir
from edge_gateway.store import entries, outbox
from edge_gateway.store.entries import Entry
from edge_gateway.store.opening import open_to_read
from wire import batch, quality, reading_types

AT_ONCE = 5000  # rows in memory
COLUMNS = (
    *("read_at", "node_id", "boot", "sequence", "register"),
    *("reading_type", "count", "unit", "quality"),
)


def export(
    data_dir: DataDir,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only what the cloud has not confirmed.")
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Registers for a spreadsheet, and nothing else.")
    ] = False,
) -> None:
    """Write what is stored to standard output; one entry a line, as it travels to the cloud."""
    with open_to_read(data_dir) as db:
        found = _waiting(db) if waiting else _stored(db)
        if as_csv:
            table = csv.writer(sys.stdout)
            table.writerow(COLUMNS)
            for entry in found:
                table.writerows(_rows(entry))
        else:
            for entry in found:
                typer.echo(json.dumps(entry.as_wire(), separators=(",", ":")))


def _waiting(db: sqlite3.Connection) -> Iterator[Entry]:
    delivered = outbox.delivered(db)
    return (entry for entry in _stored(db, delivered.contiguous) if entry.number not in delivered)


def _stored(db: sqlite3.Connection, after: int = 0) -> Iterator[Entry]:
    """Yield the entries above a number; a few thousand at a time, for there may be millions."""
    while some := entries.select(db, "number > ?", (after,), AT_ONCE):
        yield from some
        after = some[-1].number


def _rows(entry: Entry) -> Iterator[tuple[object, ...]]:
    if entry.kind != batch.TELEGRAM or entry.key is None:
        return
    read_at = datetime.fromtimestamp(entry.read_at_s, UTC).isoformat()
    for obis, count in entry.body.get("reg", {}).items():
        reading_type, _ = reading_types.parse(obis)
        named = (obis, reading_type.name, count, reading_type.unit)
        yield (read_at, *entry.key, *named, " ".join(quality.names(entry.quality)))
