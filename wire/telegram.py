# SPDX-License-Identifier: EUPL-1.2
"""Telegram: one message from a node, the registers of its meters at one instant."""

from wire import VERSION, fields, reading_types
from wire.errors import WireError

TIME_KNOWN = 0  # t is Unix time in s, confirmed by the gateway within the last day
TIME_SINCE_BOOT = 1  # t is s since this boot: the node does not know the time yet
TIME_HELD = 2  # t is Unix time in s, kept by the crystal alone for over a day

MAX_REGISTERS = 16
_FIELDS = ("ver", "id", "boot", "seq", "t", "tq", "reg")


class Telegram:
    """Registers by OBIS code, under the key (node_id, boot, sequence)."""

    def __init__(
        self,
        node_id: str,
        boot: int,
        sequence: int,
        time_s: int,
        time_quality: int,
        registers: "dict[str, int]",
    ) -> None:
        self.node_id = node_id
        self.boot = boot
        self.sequence = sequence
        self.time_s = time_s
        self.time_quality = time_quality
        self.registers = registers


def encode(telegram: Telegram) -> bytes:
    """Return the bytes of ``telegram``; equal telegrams give equal bytes."""
    return fields.dump(
        [
            ("ver", VERSION),
            ("id", telegram.node_id),
            ("boot", telegram.boot),
            ("seq", telegram.sequence),
            ("t", telegram.time_s),
            ("tq", telegram.time_quality),
            ("reg", telegram.registers),
        ]
    )


def decode(payload: bytes) -> Telegram:
    """Return the telegram in ``payload``, or raise WireError saying what is wrong with it."""
    return from_fields(fields.parse(payload))


def from_fields(message: "dict[str, object]") -> Telegram:
    """Return the telegram of an already parsed JSON object, or raise WireError."""
    fields.only(message, _FIELDS)
    time_quality = fields.integer(message, "tq", TIME_KNOWN, TIME_HELD)
    return Telegram(
        fields.identifier(message["id"], "id"),
        fields.integer(message, "boot", 0, fields.MAX_BOOT),
        fields.integer(message, "seq", 1, fields.MAX_SEQUENCE),
        fields.integer(message, "t", 0, fields.MAX_UNIX_S),
        time_quality,
        _registers(message["reg"]),
    )


def _registers(content: object) -> "dict[str, int]":
    if not isinstance(content, dict) or not 1 <= len(content) <= MAX_REGISTERS:
        raise WireError("Field reg is not an object of 1 to %d registers." % MAX_REGISTERS)
    for code in content:
        reading_type, _ = reading_types.parse(code)
        negative = reading_type.kind == reading_types.INSTANTANEOUS
        fields.integer(content, code, -fields.MAX_REGISTER if negative else 0, fields.MAX_REGISTER)
    return content
