# SPDX-License-Identifier: EUPL-1.2
"""What is still to be had of a message that breaks the contract: its place in the stream."""

import json
import sqlite3

from edge_gateway.clock import Moment
from edge_gateway.store import messages, quarantine
from edge_gateway.store.messages import Datable
from wire import fields, topics
from wire.errors import WireError

MAX_BYTES = 16_384  # far over what the broker lets through; parsing more would only cost time


def key(payload: bytes, node_id: str) -> tuple[int, int] | None:
    """Return (boot, sequence) if the payload names them sanely, and names no other node."""
    if len(payload) > MAX_BYTES:
        return None
    try:
        message = json.loads(payload.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("id", node_id) != node_id:
        return None
    try:
        return (
            fields.integer(message, "boot", 1, fields.MAX_BOOT),
            fields.integer(message, "seq", 1, fields.MAX_SEQUENCE),
        )
    except WireError:
        return None


def set_aside(
    db: sqlite3.Connection, own: tuple[str, str], one: Datable, reason: str, now: Moment
) -> None:
    """Put into quarantine what waited for its time and can't be read any more.

    It has rotted on the disk, or an earlier release took what this one doesn't. ``own`` is (site,
    gateway_id).
    """
    messages.stop_waiting(db, one.boot_id, one.sequence)
    quarantine.add(
        db,
        topic=topics.topic(*own, str(one.body.get("id")), one.kind),
        payload=json.dumps(one.body).encode(),
        reason=reason,
        seen_at_ms=now.unix_ms,
    )
