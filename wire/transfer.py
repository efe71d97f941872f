# SPDX-License-Identifier: EUPL-1.2
"""Transfer: how a node fetches a package from its gateway, chunk by chunk, at its own pace.

The node asks for the chunk at an offset and gets it once; one that is lost it asks for again, and
after a restart it goes on where its flash ends. Over the connection that is there already: a second
one with TLS would take memory that a node does not have.
"""

import struct
from binascii import hexlify, unhexlify

from wire import VERSION, fields, package
from wire.errors import WireError

CHUNK_BYTES = 1024  # half of what a node takes in one message
_FIELDS = ("ver", "package", "offset")
_HEAD = ">32sI"  # the package's digest, the offset
_HEAD_BYTES = 36


def encode_fetch(package_id: str, offset: int) -> bytes:
    """Return the wish for the chunk at ``offset``."""
    return fields.dump([("ver", VERSION), ("package", package_id), ("offset", offset)])


def decode_fetch(payload: bytes) -> "tuple[str, int]":
    """Return (package_id, offset), or raise WireError."""
    message = fields.parse(payload)
    fields.only(message, _FIELDS)
    return (
        fields.digest(message["package"], "package"),
        fields.integer(message, "offset", 0, package.MAX_BYTES - 1),
    )


def encode_chunk(package_id: str, offset: int, content: bytes) -> bytes:
    """Return a chunk; it is binary, a third shorter than as text."""
    return struct.pack(_HEAD, unhexlify(package_id), offset) + content


def decode_chunk(payload: bytes) -> "tuple[str, int, bytes]":
    """Return (package_id, offset, content), or raise WireError."""
    if not _HEAD_BYTES < len(payload) <= _HEAD_BYTES + CHUNK_BYTES:
        raise WireError("A chunk of %d bytes is too short or too long." % len(payload))
    digest, offset = struct.unpack(_HEAD, payload[:_HEAD_BYTES])
    return hexlify(digest).decode(), offset, payload[_HEAD_BYTES:]
