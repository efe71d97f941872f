# SPDX-License-Identifier: EUPL-1.2
"""Columns: telegrams of one node and boot side by side, checked and stored whole.

Every cell is what the wire allows, so that nothing needs to be looked at one by one any more. What
a block holds besides is for the rows' way, which says of each telegram what is wrong with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cloud.readings.models import Message
from wire import block, fields, quality, reading_types, telegram
from wire.errors import WireError

Integers = NDArray[np.int64]

# The ranges that wire.telegram and wire.batch allow.
_ALLOWED = {
    "n": (0, fields.MAX_REGISTER),
    "received_at_ms": (0, fields.MAX_UNIX_S * 1000),
    "quality": (0, quality.ALL),
    "seq": (1, fields.MAX_SEQUENCE),
    "t": (0, fields.MAX_UNIX_S),
    "tq": (telegram.TIME_KNOWN, telegram.TIME_HELD),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """Telegrams of one node and boot with the same registers; all arrays have one length."""

    node_id: str
    boot: int
    sequence: Integers
    read_at_s: Integers
    received_at_ms: Integers
    quality: Integers
    registers: Mapping[str, Integers]  # by OBIS code

    def __len__(self) -> int:
        return len(self.sequence)

    @property
    def newest(self) -> int:
        """The place of the newest telegram, by (read_at, sequence)."""
        latest = np.flatnonzero(self.read_at_s == self.read_at_s.max())
        return int(latest[np.argmax(self.sequence[latest])])

    @classmethod
    def of_block(cls, raw: Any, earliest_s: int, latest_s: int) -> Self | None:
        """Return the telegrams of a block; None if anything in it is not plainly right.

        Their times must lie within [earliest_s, latest_s].
        """
        try:
            cells, registers = block.columns(raw)
            node_id = fields.identifier(raw["id"], "id")
            boot = fields.integer(raw, "boot", 0, fields.MAX_BOOT)
            checked = {name: _column(cells[name], *_ALLOWED[name]) for name in _ALLOWED}
            return cls(
                node_id=node_id,
                boot=boot,
                sequence=checked["seq"],
                read_at_s=_column(cells["read_at_s"], earliest_s, latest_s),
                received_at_ms=checked["received_at_ms"],
                quality=checked["quality"],
                registers={code: _registers(code, told) for code, told in registers.items()},
            )
        except WireError:
            return None

    @classmethod
    def of_messages(cls, telegrams: Iterable[Message]) -> list[Self]:
        """Return telegrams that were checked one by one, those that belong together as one."""
        together: dict[tuple[str, int, tuple[str, ...]], list[Message]] = {}
        for message in telegrams:
            key = (message.node_id, message.boot, tuple(message.told.registers or ()))
            together.setdefault(key, []).append(message)
        return [
            cls(
                node_id=node_id,
                boot=boot,
                sequence=np.array([one.sequence for one in messages]),
                read_at_s=np.array([one.entry.read_at_s for one in messages]),
                received_at_ms=np.array([one.entry.received_at_ms for one in messages]),
                quality=np.array([one.entry.quality for one in messages]),
                registers={
                    code: np.array([(one.told.registers or {})[code] for one in messages])
                    for code in codes
                },
            )
            for (node_id, boot, codes), messages in together.items()
        ]


def runs(numbers: Integers, apart: int) -> list[tuple[int, int]]:
    """Return the first and the last of each run, a run's numbers being at most ``apart`` apart."""
    ordered = np.sort(numbers)
    breaks = np.flatnonzero(np.diff(ordered) > apart)
    first = ordered[np.concatenate(([0], breaks + 1))]
    last = ordered[np.concatenate((breaks, [-1]))]
    return list(zip(first.tolist(), last.tolist(), strict=True))


def _column(cells: Sequence[object], low: int, high: int) -> Integers:
    """Return ``cells``, all integers in [low, high], or raise WireError."""
    if set(map(type, cells)) != {int}:  # numpy would take True for 1 and 1.5 for 1
        raise WireError("A column holds something besides integers.")
    try:
        column = np.array(cells, dtype=np.int64)
    except OverflowError:
        raise WireError("A column holds an integer beyond 64 bits.") from None
    if column.min() < low or column.max() > high:
        raise WireError(f"A column holds an integer outside {low} to {high}.")
    return column


def _registers(code: str, cells: Sequence[object]) -> Integers:
    reading_type, _ = reading_types.parse(code)
    negative = reading_type.kind == reading_types.INSTANTANEOUS
    return _column(cells, -fields.MAX_REGISTER if negative else 0, fields.MAX_REGISTER)
