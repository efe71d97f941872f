# SPDX-License-Identifier: EUPL-1.2
"""Status: a node's retained word about itself, sent at every connection and every minute.

``held`` is the key (boot, sequence) of the oldest message in its journal, or of the next one it
will write when the journal is empty: nothing below it will ever come, so a gateway with an empty
store knows where to start counting. ``up_ms`` anchors boot-relative times. The broker publishes the
node's last will, with state offline, when the connection dies.
"""

from wire import VERSION, fields
from wire.errors import WireError

ONLINE = "online"
OFFLINE = "offline"
_FIELDS = ("ver", "id", "boot", "state", "up_ms", "held")


class Status:
    """What a node says of itself; ``held_boot`` and ``held_sequence`` as said above."""

    def __init__(
        self,
        node_id: str,
        boot: int,
        state: str,
        up_ms: int,
        held_boot: int,
        held_sequence: int,
    ) -> None:
        self.node_id = node_id
        self.boot = boot
        self.state = state
        self.up_ms = up_ms
        self.held_boot = held_boot
        self.held_sequence = held_sequence


def encode(status: Status) -> bytes:
    """Return the bytes of ``status``."""
    return fields.dump(
        [
            ("ver", VERSION),
            ("id", status.node_id),
            ("boot", status.boot),
            ("state", status.state),
            ("up_ms", status.up_ms),
            ("held", [status.held_boot, status.held_sequence]),
        ]
    )


def decode(payload: bytes) -> Status:
    """Return the status in ``payload``, or raise WireError."""
    message = fields.parse(payload)
    fields.only(message, _FIELDS)
    state = message["state"]
    if state not in (ONLINE, OFFLINE):
        raise WireError("State %r is neither online nor offline." % (state,))
    held = message["held"]
    if not isinstance(held, list) or len(held) != 2:
        raise WireError("Field held is %r, not [boot, sequence]." % (held,))
    key = {"held boot": held[0], "held sequence": held[1]}
    return Status(
        fields.identifier(message["id"], "id"),
        fields.integer(message, "boot", 0, fields.MAX_BOOT),
        str(state),
        fields.integer(message, "up_ms", 0, fields.MAX_REGISTER),
        fields.integer(key, "held boot", 0, fields.MAX_BOOT),
        fields.integer(key, "held sequence", 1, fields.MAX_SEQUENCE),
    )
