# SPDX-License-Identifier: EUPL-1.2
"""Register maps of Modbus meters, and what a register can say of a dial.

A register of 0.01 kWh steps by 10 Wh; one that is a 32-bit float holds 24 bits. What such a meter
shows is what its register says, so ``Register.shown`` is the meter's own dial.
"""

import struct
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

REGISTER_MAPS = Path(__file__).parent.parent / "hardware" / "register_maps.toml"

_STRUCT = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "i64": ">q"}
_FLOAT = ">f"


@dataclass(frozen=True, kw_only=True)
class Register:
    """One quantity at one address; ``scale`` is wire units per count."""

    address: int
    type: str
    word_order: str
    scale: Fraction

    def words(self, amount: int) -> list[int]:
        """Return the 16-bit words, in address order, that say ``amount`` wire units."""
        if self.type == "f32":
            packed = struct.pack(_FLOAT, float(amount / self.scale))
        else:
            packed = struct.pack(_STRUCT[self.type], amount / self.scale // 1)
        words = [int.from_bytes(packed[at : at + 2], "big") for at in range(0, len(packed), 2)]
        return words if self.word_order == "big" else words[::-1]

    def amount(self, words: list[int]) -> int:
        """Return the wire units that ``words`` say, rounded down."""
        ordered = words if self.word_order == "big" else words[::-1]
        packed = b"".join(word.to_bytes(2, "big") for word in ordered)
        (count,) = struct.unpack(_STRUCT.get(self.type, _FLOAT), packed)
        return Fraction(count) * self.scale // 1

    def shown(self, register: int) -> int:
        """Return what the meter shows of a true register: as much as its words can say."""
        if self.type != "f32":
            counts = register * self.scale.denominator // self.scale.numerator
            return counts * self.scale.numerator // self.scale.denominator
        return self.amount(self.words(register))


@dataclass(frozen=True, kw_only=True)
class RegisterMap:
    """How one model of meter answers, by OBIS code on channel 0."""

    make: str
    model: str
    mbmd: str  # the name of the meter in the source of the addresses
    function: int
    registers: dict[str, Register]


@cache
def read_register_maps(path: Path = REGISTER_MAPS) -> dict[str, RegisterMap]:
    """Return the maps in ``path`` by name."""
    with path.open("rb") as file:
        return {name: _register_map(table) for name, table in tomllib.load(file).items()}


def _register_map(table: dict[str, object]) -> RegisterMap:
    registers = table["registers"]
    assert isinstance(registers, dict)  # noqa: S101 - our own data file, held by a test
    return RegisterMap(
        make=str(table["make"]),
        model=str(table["model"]),
        mbmd=str(table["mbmd"]),
        function=int(str(table["function"])),
        registers={
            obis: Register(
                address=entry["address"],
                type=entry["type"],
                word_order=entry["word_order"],
                scale=Fraction(*entry["scale"]),
            )
            for obis, entry in registers.items()
        },
    )
