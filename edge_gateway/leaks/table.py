# SPDX-License-Identifier: EUPL-1.2
"""A table: a fixed number of small counters that a rule remembers, short as JSON."""

import base64
from array import array
from collections.abc import Iterable, Iterator

_TYPECODES = {8: "B", 16: "H"}


class Table:
    """Counters of 8 or 16 bits; putting in more than fits stores the most that does."""

    __slots__ = ("_counters", "_most", "bits")

    def __init__(self, length: int, bits: int = 8, counters: Iterable[int] | None = None) -> None:
        self.bits = bits
        self._most = (1 << bits) - 1
        zeros = bytes(length * bits // 8)
        self._counters = array(_TYPECODES[bits], zeros if counters is None else counters)

    def __len__(self) -> int:
        return len(self._counters)

    def __iter__(self) -> Iterator[int]:
        return iter(self._counters)

    def __getitem__(self, place: int) -> int:
        return self._counters[place]

    def __setitem__(self, place: int, count: int) -> None:
        if not 0 <= count <= self._most:
            count = max(0, min(count, self._most))
        self._counters[place] = count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self._counters == other._counters

    __hash__ = None  # type: ignore[assignment]

    def part(self, start: int, stop: int) -> "array[int]":
        """Return a copy of some neighbours."""
        return self._counters[start:stop]

    def put(self, start: int, counts: Iterable[int]) -> None:
        """Store neighbours from ``start`` on, all at once; each must fit."""
        counts = array(self._counters.typecode, counts)
        self._counters[start : start + len(counts)] = counts

    def push(self, count: int) -> None:
        """Take in one more as the last, and forget the first."""
        self._counters.pop(0)
        self._counters.append(max(0, min(count, self._most)))

    def largest(self) -> tuple[int, int]:
        """Return the largest counter, the first of several, and its place."""
        most = max(self._counters)
        return most, self._counters.index(most)

    def dump(self) -> dict[str, object]:
        """Return it for JSON: five characters for four bytes, in this machine's byte order."""
        return {"bits": self.bits, "table": base64.b85encode(self._counters.tobytes()).decode()}

    @classmethod
    def load(cls, dumped: dict[str, object]) -> "Table":
        """Return what was dumped."""
        bits, encoded = dumped["bits"], dumped["table"]
        if not isinstance(bits, int) or not isinstance(encoded, str):
            raise ValueError(f"{dumped} is not a table.")
        table = cls(0, bits)
        table._counters.frombytes(base64.b85decode(encoded))
        return table
