# SPDX-License-Identifier: EUPL-1.2
"""Rollouts: how far each node has come, and what firmware nodes report."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wire import event
from wire.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A node of a rollout. Times in ms; None: not yet. ``firmware`` is the latest it reported."""

    node_id: str
    wave: int
    told_at_ms: int | None = None
    reported_at_ms: int | None = None
    has_settled: bool = False
    failure: str | None = None
    firmware: str | None = None


def keep_only(
    db: sqlite3.Connection, ordered: Mapping[str, str], waves: Mapping[str, Sequence[Sequence[str]]]
) -> None:
    """Take on what is new of these, and leave what isn't among them any more.

    ``ordered`` holds each order as JSON by its id, ``waves`` the nodes of each wave.
    """
    for rollout_id, order in ordered.items():
        if not db.execute(
            "INSERT INTO rollout (rollout_id, ordered) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (rollout_id, order),
        ).rowcount:
            continue
        db.executemany(
            "INSERT INTO rollout_node (rollout_id, node_id, wave) VALUES (?, ?, ?)",
            [
                (rollout_id, node_id, wave)
                for wave, node_ids in enumerate(waves[rollout_id])
                for node_id in node_ids
            ],
        )
    for table in ("rollout", "rollout_node"):
        db.execute(
            f"DELETE FROM {table} WHERE rollout_id NOT IN (SELECT value FROM json_each(?))",  # noqa: S608
            (json.dumps(list(ordered)),),
        )


def open_orders(db: sqlite3.Connection) -> list[str]:
    """Return the orders of the rollouts that have not ended, as JSON."""
    return [ordered for (ordered,) in db.execute("SELECT ordered FROM rollout WHERE is_open")]


def progress(db: sqlite3.Connection, rollout_id: str) -> list[Progress]:
    """Return how far each node is, by wave."""
    found = db.execute(
        "SELECT node_id, wave, told_at_ms, reported_at_ms, has_settled, failure, firmware"
        " FROM rollout_node LEFT JOIN node_firmware USING (node_id) WHERE rollout_id = ?"
        " ORDER BY wave, node_id",
        (rollout_id,),
    )
    return [
        Progress(
            node_id=node_id,
            wave=wave,
            told_at_ms=told_at_ms,
            reported_at_ms=reported_at_ms,
            has_settled=bool(has_settled),
            failure=failure,
            firmware=firmware,
        )
        for node_id, wave, told_at_ms, reported_at_ms, has_settled, failure, firmware in found
    ]


def tell(db: sqlite3.Connection, rollout_id: str, node_ids: Sequence[str], now_ms: int) -> None:
    """Note that these nodes are told of the package from now on."""
    db.executemany(
        "UPDATE rollout_node SET told_at_ms = ? WHERE rollout_id = ? AND node_id = ?",
        [(now_ms, rollout_id, node_id) for node_id in node_ids],
    )


def note_reports(db: sqlite3.Connection, rollout_id: str, firmware: str, now_ms: int) -> None:
    """Note which nodes that were told report ``firmware`` by now."""
    db.execute(
        "UPDATE rollout_node SET reported_at_ms = ?3 WHERE rollout_id = ?1"
        " AND told_at_ms IS NOT NULL AND reported_at_ms IS NULL AND EXISTS (SELECT 1"
        " FROM node_firmware f WHERE f.node_id = rollout_node.node_id AND f.firmware = ?2)",
        (rollout_id, firmware, now_ms),
    )


def settle(db: sqlite3.Connection, rollout_id: str, node_ids: Sequence[str]) -> None:
    """Note that these nodes stay with what they reported."""
    db.executemany(
        "UPDATE rollout_node SET has_settled = true WHERE rollout_id = ? AND node_id = ?",
        [(rollout_id, node_id) for node_id in node_ids],
    )


def end(db: sqlite3.Connection, rollout_id: str) -> None:
    """Let a rollout go no further; its row stays until the cloud no longer tells of it."""
    db.execute("UPDATE rollout SET is_open = false WHERE rollout_id = ?", (rollout_id,))


def take_word(db: sqlite3.Connection, message: Event) -> None:
    """Note what an event says of a node's firmware, or of its failure to change it.

    Boots may be told of late and out of order: the latest boot counts.
    """
    if message.kind == event.BOOT:
        db.execute(
            "INSERT INTO node_firmware (node_id, boot, firmware) VALUES (?, ?, ?)"
            " ON CONFLICT (node_id) DO UPDATE SET boot = excluded.boot,"
            " firmware = excluded.firmware WHERE excluded.boot >= boot",
            (message.node_id, message.boot, str(message.detail.get("firmware", ""))),
        )
    elif message.kind in (event.UPDATE_FAILED, event.COMMAND_REFUSED):
        db.execute(
            "UPDATE rollout_node SET failure = ? WHERE rollout_id = ? AND node_id = ?"
            " AND failure IS NULL",
            (str(message.detail.get("reason", "")), message.detail.get("id"), message.node_id),
        )
