# SPDX-License-Identifier: EUPL-1.2
"""Block: telegrams of one node and boot with the same registers, in columns of integers.

``{"id", "boot", "obis": [code, …], "n": […], "seq": […], "t": […], "tq": […],
"received_at_ms": […], "read_at_s": […], "quality": […], "reg": [[…], …]}``: the fields of
``wire.batch`` and ``wire.telegram``, a cell for each telegram; ``reg`` has a column for each code.

A block means the entries that ``unpacked`` makes of it. It is a third of their bytes, and its
columns can be checked and stored whole.
"""

from wire import VERSION, batch, fields
from wire.errors import WireError
from wire.telegram import MAX_REGISTERS, Telegram

_OF_ENTRY = ("n", "received_at_ms", "read_at_s", "quality")
_OF_TELEGRAM = ("seq", "t", "tq")
COLUMNS = _OF_ENTRY + _OF_TELEGRAM
_FIELDS = ("id", "boot", "obis", "reg") + COLUMNS


class Packing:
    """Puts telegrams into blocks: in the order given, blocks in that of their first telegram."""

    def __init__(self) -> None:
        self._rows = {}  # type: dict[tuple[str, int, tuple[str, ...]], list[list[int]]]

    def add(
        self, number: int, received_at_ms: int, read_at_s: int, quality: int, telegram: Telegram
    ) -> None:
        """Put in a telegram, with what its entry would say of it."""
        codes = tuple(sorted(telegram.registers))
        row = [number, received_at_ms, read_at_s, quality]
        row += [telegram.sequence, telegram.time_s, telegram.time_quality]
        row += [telegram.registers[code] for code in codes]
        self._rows.setdefault((telegram.node_id, telegram.boot, codes), []).append(row)

    def blocks(self) -> "list[dict[str, object]]":
        """Return the blocks as they travel."""
        packed = []
        for (node_id, boot, codes), rows in self._rows.items():
            columns = [list(column) for column in zip(*rows)]
            block = {"id": node_id, "boot": boot, "obis": list(codes)}  # type: dict[str, object]
            block.update(zip(COLUMNS, columns))
            block["reg"] = columns[len(COLUMNS) :]
            packed.append(block)
        return packed


def columns(block: object) -> "tuple[dict[str, list[object]], dict[str, list[object]]]":
    """Return a block's columns by name and its registers by code, or raise WireError.

    Only its shape is checked: all columns have the same length, at least 1. No cell is looked at.
    """
    if not isinstance(block, dict):
        raise WireError("The block is not a JSON object.")
    fields.only(block, _FIELDS)
    codes, registers = block["obis"], block["reg"]
    if not isinstance(codes, list) or not 1 <= len(codes) <= MAX_REGISTERS:
        raise WireError("Field obis is not a list of 1 to %d codes." % MAX_REGISTERS)
    for code in codes:
        if not isinstance(code, str) or codes.count(code) > 1:
            raise WireError("Field obis holds %r, which is no code or there twice." % (code,))
    if not isinstance(registers, list) or len(registers) != len(codes):
        raise WireError("Field reg is not a list of %d columns." % len(codes))
    found = {name: block[name] for name in COLUMNS}
    for name, column in [("reg", one) for one in registers] + list(found.items()):
        if not isinstance(column, list) or not column:
            raise WireError("Field %s is not a column of at least one cell." % name)
        if len(column) != len(registers[0]):
            raise WireError(
                "Field %s has a column of %d cells, reg one of %d."
                % (name, len(column), len(registers[0]))
            )
    return found, dict(zip(codes, registers))


def unpacked(block: "dict[str, object]") -> "list[dict[str, object]]":
    """Return the telegrams of a block as entries, whatever its cells hold, or raise WireError."""
    found, registers = columns(block)
    entries = []
    for place in range(len(found["n"])):
        body = {name: found[name][place] for name in _OF_TELEGRAM}
        body["ver"] = VERSION
        body["id"] = block["id"]
        body["boot"] = block["boot"]
        body["reg"] = {code: column[place] for code, column in registers.items()}
        entry = {name: found[name][place] for name in _OF_ENTRY}
        entry["kind"] = batch.TELEGRAM
        entry["body"] = body
        entries.append(entry)
    return entries
