# SPDX-License-Identifier: EUPL-1.2
"""Table: a CSV or Parquet file with the columns meter_id, read_at and register, read bit by bit."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from edge_gateway.errors import HistoryError
from edge_gateway.history import columns

METER_ID, READ_AT, REGISTER = COLUMNS = "meter_id", "read_at", "register"
ROWS_AT_ONCE = 250_000  # in memory: some 50 MB
SEPARATORS = ",;\t"
PARQUET = b"PAR1"
PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # ZIP (and Excel), gzip, Zstandard
FIRST_LINE = 2  # of the rows of a CSV
SHOWN = 40  # letters of a cell that is named in an error


@dataclass
class Table:
    """One file. What it lacks is counted while ``blocks`` reads it."""

    path: Path
    empty_registers: int = 0
    times_are_text: bool = field(default=False)  # ISO 8601, rather than Unix s

    def blocks(self) -> Iterator[pl.DataFrame]:
        """Yield meter_id, at_s (Unix s) and register (thousandths), or raise HistoryError."""
        rows = 0
        try:
            for block in self._scan().collect_batches(chunk_size=ROWS_AT_ONCE, maintain_order=True):
                yield self._read(block, rows)
                rows += len(block)
        except (PolarsError, OSError, UnicodeDecodeError) as error:
            raise self._unreadable(error) from error
        if not rows:
            raise HistoryError(f"{self.path.name} has no rows below its header.")

    def _scan(self) -> pl.LazyFrame:
        if not self.path.is_file():
            raise HistoryError(f"{self.path} is not a file.")
        with self.path.open("rb") as opened:
            head = opened.read(1 << 16)
        if head.startswith(PACKED):
            raise HistoryError(
                f"{self.path.name} is packed, or a workbook; unpack it, or save its sheet as CSV."
            )
        if not head.strip():
            raise HistoryError(f"{self.path.name} is empty.")
        if head.startswith(PARQUET):
            found = pl.scan_parquet(self.path)
        else:
            found = pl.scan_csv(self.path, separator=_separator(head), infer_schema=False)
        names = {name.strip(): name for name in found.collect_schema().names()}
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise HistoryError(
                f"{self.path.name} has no column {' and no '.join(missing)}; it has "
                f"{', '.join(list(names)[:12])}. Name the columns {', '.join(COLUMNS)}."
            )
        return found.select(pl.col(names[name]).alias(name) for name in COLUMNS)

    def _read(self, block: pl.DataFrame, rows_before: int) -> pl.DataFrame:
        """Return a block in numbers, less what is empty; raise HistoryError at the first fault."""
        meter_id, read_at, register = (block[name] for name in COLUMNS)
        if rows_before == 0:
            self.times_are_text = _is_iso(read_at)
        is_blank = (
            columns.is_empty(meter_id) & columns.is_empty(read_at) & columns.is_empty(register)
        )
        is_empty = columns.is_empty(register) & ~is_blank
        found = pl.DataFrame(
            {
                METER_ID: meter_id.cast(pl.String).str.strip_chars(),
                "at_s": columns.unix_s(read_at),
                REGISTER: columns.thousandths(register),
            }
        )
        faults = (
            (columns.is_empty(meter_id), meter_id, "give every row its meter"),
            (
                found["at_s"].is_null(),
                read_at,
                "write Unix seconds, or ISO 8601 such as 2026-11-21T14:05:00+02:00",
            ),
            (found[REGISTER].is_null() & ~is_empty, register, "write a number such as 1234.5"),
        )
        for is_wrong, column, fix in faults:
            at = (is_wrong & ~is_blank).arg_true()
            if len(at):
                self._refuse(rows_before + at[0], column.name, column[at[0]], fix)
        self.empty_registers += int(is_empty.sum())
        return found.filter(~is_blank & ~is_empty)

    def _refuse(self, row: int, name: str, cell: object, fix: str) -> None:
        where = f"row {row + 1}" if self._is_parquet() else f"line {row + FIRST_LINE}"
        said = "empty" if cell is None else f"{str(cell)[:SHOWN]!r}"
        raise HistoryError(f"{self.path.name}, {where}: {name} is {said}; {fix}.")

    def _is_parquet(self) -> bool:
        with self.path.open("rb") as opened:
            return opened.read(len(PARQUET)) == PARQUET

    def _unreadable(self, error: Exception) -> HistoryError:
        """Name the line that has too many cells, where that is the fault."""
        if not self._is_parquet():
            line = _line_too_long(self.path)
            if line:
                return HistoryError(
                    f"{self.path.name}, line {line}: there are more cells than columns; write "
                    "decimals with a point, or put the cell in quotes."
                )
        return HistoryError(
            f"{self.path.name} is neither CSV in UTF-8 nor Parquet that can be read: "
            f"{str(error).splitlines()[0]}"
        )


def _separator(head: bytes) -> str:
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    return max(SEPARATORS, key=first.count)


def _is_iso(read_at: pl.Series) -> bool:
    if read_at.dtype != pl.String:
        return not read_at.dtype.is_numeric()
    first = read_at.drop_nulls().head(1).str.strip_chars()
    return bool(first.cast(pl.Float64, strict=False).is_null().any())


def _line_too_long(path: Path) -> int | None:
    with path.open("rb") as opened:
        separator = _separator(opened.read(1 << 16))
    with path.open(newline="", encoding="utf-8", errors="replace") as opened:
        rows = csv.reader(opened, delimiter=separator)
        width = len(next(rows, []))
        return next((rows.line_num for row in rows if len(row) > width), None)
