# SPDX-License-Identifier: EUPL-1.2
"""What can still be read from a message that breaks the contract: its place in the stream."""

import json

from wire import fields
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
