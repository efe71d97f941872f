# SPDX-License-Identifier: EUPL-1.2
"""Commands: settings ordered of nodes, kept until the cloud no longer tells of them."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from edge_gateway.store import notices
from wire import event, notice
from wire.event import Event

ANSWERS = (event.SETTINGS_APPLIED, event.SETTINGS_REFUSED, event.COMMAND_REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order for one node; ``expires_s`` is Unix time, in s."""

    command_id: str
    node_id: str
    settings: dict[str, int]
    expires_s: int


def keep_only(db: sqlite3.Connection, ordered: Sequence[Command]) -> None:
    """Take on what is new of these, in their order, and leave what isn't among them any more."""
    db.executemany(
        "INSERT INTO command (command_id, place, node_id, settings, expires_s)"
        " SELECT ?1, coalesce(max(place), 0) + 1, ?2, ?3, ?4 FROM command WHERE true"
        " ON CONFLICT (command_id) DO NOTHING",
        [(one.command_id, one.node_id, json.dumps(one.settings), one.expires_s) for one in ordered],
    )
    db.execute(
        "DELETE FROM command WHERE command_id NOT IN (SELECT value FROM json_each(?))",
        (json.dumps([one.command_id for one in ordered]),),
    )


def next_of_each_node(db: sqlite3.Connection) -> list[Command]:
    """Return the oldest open command of each node.

    One at a time: a repeat of an earlier one would undo a later one that was applied meanwhile.
    """
    found = db.execute(
        "SELECT command_id, node_id, settings, expires_s, min(place) FROM command"
        " WHERE is_open GROUP BY node_id ORDER BY place"
    )
    return [
        Command(
            command_id=command_id,
            node_id=node_id,
            settings=json.loads(settings),
            expires_s=expires_s,
        )
        for command_id, node_id, settings, expires_s, _ in found
    ]


def expire(db: sqlite3.Connection, now_ms: int) -> int:
    """End the open commands whose time is over, with a notice each; return how many."""
    expired = db.execute(
        "UPDATE command SET is_open = false WHERE is_open AND expires_s * 1000 < ?"
        " RETURNING command_id, node_id",
        (now_ms,),
    ).fetchall()
    for command_id, node_id in expired:
        detail: dict[str, int | str] = {"id": command_id, "node": node_id}
        notices.append(db, notice.COMMAND_EXPIRED, detail, now_ms)
    return len(expired)


def take_answer(db: sqlite3.Connection, message: Event) -> None:
    """End the command that an event answers; the event itself tells the cloud."""
    if message.kind in ANSWERS:
        db.execute(
            "UPDATE command SET is_open = false WHERE command_id = ? AND node_id = ?",
            (message.detail.get("id"), message.node_id),
        )
