# SPDX-License-Identifier: EUPL-1.2
"""Where meters keep their registers, and what the words there say, exactly.

The maps are ``hardware/register_maps.toml``, the same that nodes are provisioned from.
"""

import math
import struct
import tomllib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter

from edge_gateway.wired.errors import RegisterError

PATH = Path(__file__).parent.parent.parent / "hardware" / "register_maps.toml"

_LAYOUTS = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "i64": ">q"}
_FLOAT = ">f"


class Register(BaseModel):
    """One quantity at one address; count * scale is in the reading type's unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    address: int = Field(ge=0, le=65535)
    type: Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32"]
    word_order: Literal["big", "little"]
    scale: tuple[PositiveInt, PositiveInt]

    @property
    def word_count(self) -> int:
        """Return how many 16-bit words the number fills."""
        return int(self.type[1:]) // 16

    def in_other_order(self) -> "Register":
        """Return this register as if its words stood the other way round."""
        other = "little" if self.word_order == "big" else "big"
        return self.model_copy(update={"word_order": other})

    def amount(self, words: bytes) -> Fraction:
        """Return what ``words`` say in wire units; raise RegisterError where they say nothing."""
        if len(words) != 2 * self.word_count:
            raise RegisterError(f"{len(words)} bytes are not a {self.type}.")
        if self.word_order == "little":
            words = b"".join(words[at : at + 2] for at in range(len(words) - 2, -1, -2))
        (count,) = struct.unpack(_LAYOUTS.get(self.type, _FLOAT), words)
        if words == self._not_available() or not math.isfinite(count):
            raise RegisterError(f"The meter has no such quantity: {words.hex()}.")
        return Fraction(count) * Fraction(*self.scale)

    def _not_available(self) -> bytes | None:
        """Return the words by which meters say that they have no number; floats have NaN.

        Source: SunSpec Information Model Specification, values of points not implemented.
        """
        if self.type == "f32":
            return None
        length = 2 * self.word_count
        return b"\xff" * length if self.type[0] == "u" else b"\x80" + bytes(length - 1)


class RegisterMap(BaseModel):
    """How one model of meter answers; registers by OBIS code on channel 0."""

    model_config = ConfigDict(frozen=True)
    make: str
    model: str
    function: Literal[3, 4]
    registers: Mapping[str, Register]


def read(path: Path = PATH) -> dict[str, RegisterMap]:
    """Return the maps by name."""
    return TypeAdapter(dict[str, RegisterMap]).validate_python(tomllib.loads(path.read_text()))
