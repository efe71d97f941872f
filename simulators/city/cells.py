# SPDX-License-Identifier: EUPL-1.2
"""Cells of the city's tables: what a person typed, checked, and refused with its place."""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from wire import fields
from wire.errors import WireError
from wire.reading_types import ReadingType

WIRE_UNITS_PER = {
    "ml": {"ml": 1, "l": 1000, "m3": 1_000_000},
    "l": {"l": 1, "m3": 1000},
    "Wh": {"Wh": 1, "kWh": 1000, "MWh": 1_000_000},
}


class CityError(ValueError):
    """A table can't be used; the message names file, line, column, content and the rule."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One content of one table, with its place."""

    file: str
    line: int
    column: str
    content: str

    def refused(self, rule: str) -> CityError:
        """Return the error that says which rule the content breaks, and where."""
        return CityError(
            f"{self.file}, line {self.line}, column {self.column}: {self.content!r} {rule}."
        )

    def text(self) -> str:
        """Return the content, which must not be empty."""
        if not self.content:
            raise self.refused("is empty")
        return self.content

    def identifier(self) -> str:
        """Return an id as the wire allows it."""
        try:
            return fields.identifier(self.content, self.column)
        except WireError as error:
            raise self.refused("is not 1 to 32 of a-z, 0-9 and -") from error

    def one_of(self, known: Collection[str], what: str) -> str:
        """Return the content if it is in ``known``."""
        if self.content not in known:
            raise self.refused(f"is no {what}; known are {', '.join(sorted(known))}")
        return self.content

    def integer(self, low: int, high: int) -> int:
        """Return a whole number in [low, high]."""
        if not (self.content.isascii() and self.content.isdigit()) or not (
            low <= int(self.content) <= high
        ):
            raise self.refused(f"is not a whole number from {low} to {high}")
        return int(self.content)

    def decimal(self, low: float, high: float) -> float:
        """Return a number in [low, high]."""
        return float(self._decimal(self.content, Decimal(str(low)), Decimal(str(high))))

    def quantity(self, reading_type: ReadingType) -> int:
        """Return an amount such as ``5.2 m3`` in the wire unit of ``reading_type``, exactly."""
        units = WIRE_UNITS_PER[reading_type.unit]
        amount, _, unit = self.content.partition(" ")
        if unit not in units:
            raise self.refused(f"is not a number and one of the units {', '.join(units)}")
        exact = self._decimal(amount, Decimal(0), Decimal(fields.MAX_REGISTER)) * units[unit]
        if exact != int(exact):
            raise self.refused(f"is not a whole number of {reading_type.unit}")
        return int(exact)

    def _decimal(self, number: str, low: Decimal, high: Decimal) -> Decimal:
        try:
            parsed = Decimal(number)
        except InvalidOperation:
            parsed = Decimal("NaN")
        if not (parsed.is_finite() and low <= parsed <= high):
            raise self.refused(f"is not a number from {low} to {high}")
        return parsed


Row = dict[str, Cell]


def read_rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a table that has exactly ``columns``."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file, strict=True)
            if (header := tuple(next(lines, ()))) != columns:
                raise CityError(
                    f"{path.name}, line 1: the columns are {','.join(header)}; "
                    f"they must be {','.join(columns)}."
                )
            for contents in lines:
                if len(contents) != len(columns):
                    raise CityError(
                        f"{path.name}, line {lines.line_num}: there are {len(contents)} cells "
                        f"where {len(columns)} belong."
                    )
                yield {
                    column: Cell(
                        file=path.name, line=lines.line_num, column=column, content=content.strip()
                    )
                    for column, content in zip(columns, contents, strict=True)
                }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CityError(f"{path.name} can't be read: {error}.") from error
