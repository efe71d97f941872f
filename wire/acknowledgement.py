# SPDX-License-Identifier: EUPL-1.2
"""Acknowledgement: the gateway's word that telegrams and events are on its disk.

It says: every message of boot ``boot`` up to and including ``sequence`` is stored, or known to
be gone for ever. Only then may the node forget them. Other boots need their own.
"""

from wire import VERSION, fields

_FIELDS = ("ver", "boot", "seq")


def encode(boot: int, sequence: int) -> bytes:
    """Return the bytes that acknowledge ``boot`` up to ``sequence``."""
    return fields.dump([("ver", VERSION), ("boot", boot), ("seq", sequence)])


def decode(payload: bytes) -> "tuple[int, int]":
    """Return (boot, sequence), or raise WireError."""
    message = fields.parse(payload)
    fields.only(message, _FIELDS)
    return (
        fields.integer(message, "boot", 0, fields.MAX_BOOT),
        fields.integer(message, "seq", 0, fields.MAX_SEQUENCE),
    )
