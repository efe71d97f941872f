# SPDX-License-Identifier: EUPL-1.2
"""Files that people bring: CSV or Parquet in, series of each meter out.

A row that can't be understood is counted and left out; a file of which nothing can be is an error
that names the column, the line and what to write instead.
"""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from cloud.validation.stamps import NOT_A_STAMP, unix_seconds
from cloud.validation.units import reading_type_of
from wire.errors import WireError

FIRST_LINE = 2  # of the rows of a CSV
LARGEST = 1e15  # beyond, a double no longer holds every whole number of ticks
SEPARATORS = ",;\t|"

NAMES = {
    "meter_id": ("meter_id", "meter", "meterid", "meter_number", "serial"),
    "reading_type": ("reading_type", "type", "utility", "obis"),
    "read_at": ("read_at", "timestamp", "timestamp_utc", "datetime", "date_time", "time"),
    "interval_start": ("interval_start", "start", "interval_from"),
    "interval_end": ("interval_end", "end", "interval_to"),
    "register": ("register", "meter_reading", "reading", "index"),
    "usage": ("usage", "interval_usage", "consumption"),
    "unit": ("unit",),
    "premises_id": ("premises_id", "premises", "building"),
    "parent_meter_id": ("parent_meter_id", "parent_meter", "main_meter_id"),
    "max_per_h": ("max_per_h",),
    "register_modulus": ("register_modulus", "modulus"),
}
NUMBERS = ("register", "usage", "max_per_h", "register_modulus")
TEXTS = ("meter_id", "reading_type", "unit", "premises_id", "parent_meter_id")


class UnreadableFileError(Exception):
    """A file of which nothing can be checked; the message says what to change."""


@dataclass
class BadRows:
    """How many rows were left out for one reason, and the first of them."""

    why: str
    count: int
    first_line: int


@dataclass
class Table:
    """The rows that could be understood, in columns of known names and kinds.

    ``row`` is the line of the file, ``at_s`` Unix s, ``end_s`` of intervals or null; all other
    columns of NAMES are there, null where the file has none.
    """

    rows: pl.DataFrame
    name: str
    count: int
    bad: list[BadRows] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)


def read(path: Path) -> Table:
    """Return the rows of a CSV or Parquet file, or raise UnreadableFileError."""
    raw = _named(_raw(path), path)
    nested = [name for name in raw.columns if raw[name].dtype.is_nested()]
    if nested:
        raise UnreadableFileError(
            f"{path.name}: column {nested[0]} holds {raw[nested[0]].dtype}; write one plain value"
            " in each row."
        )
    assumed: set[str] = set()
    stamps = {
        name: unix_seconds(raw[name], assumed)
        for name in ("read_at", "interval_start", "interval_end")
    }
    rows = raw.with_columns(
        *(pl.col(name).cast(pl.String).str.strip_chars() for name in TEXTS),
        *(_number(raw[name]).alias(name) for name in NUMBERS),
        row=pl.int_range(FIRST_LINE, FIRST_LINE + len(raw), dtype=pl.Int64),
        stamp=pl.coalesce(pl.col(name).cast(pl.String) for name in ("interval_start", "read_at")),
        end_s=stamps["interval_end"],
    ).with_columns(
        at_s=pl.when(pl.col("register").is_not_null())
        .then(pl.coalesce(stamps["read_at"], stamps["interval_start"]))
        .otherwise(pl.coalesce(stamps["interval_start"], stamps["read_at"]))
    )
    table = Table(rows=rows, assumed=sorted(assumed), count=len(raw), name=path.name)
    _keep(table, _filled("meter_id"), "meter_id is empty; every row needs its meter")
    _keep(table, _filled("stamp"), "the time is empty")
    unread = rows.filter(pl.col("at_s").is_null() & _filled("stamp"))["stamp"]
    _keep(
        table,
        pl.col("at_s").is_not_null(),
        NOT_A_STAMP.format(unread[0] if len(unread) else ""),
    )
    _add_types(table)
    _keep(table, _is_amount("register") | _is_amount("usage"), _not_a_number(raw))
    return table


def _is_amount(name: str) -> pl.Expr:
    return (pl.col(name).is_finite() & (pl.col(name).abs() < LARGEST)).fill_null(False)


def _raw(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise UnreadableFileError(f"{path} is not a file.")
    try:
        with path.open("rb") as opened:
            head = opened.read(65536)
        if head.startswith(b"PAR1"):
            return pl.read_parquet(path)
        first = head.split(b"\n", 1)[0].decode("utf-8", "replace")
        separator = max(SEPARATORS, key=first.count)
        return pl.read_csv(
            path,
            separator=separator,
            infer_schema=False,
            encoding="utf8-lossy",
            truncate_ragged_lines=True,
        )
    except (PolarsError, OSError) as error:
        raise UnreadableFileError(
            f"{path.name} is neither CSV nor Parquet that can be read: {str(error).splitlines()[0]}"
        ) from error


def _named(raw: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return the known columns under their names; those the file has not are null."""
    plain = {
        name: name.strip().strip("\ufeff").lower().replace(" ", "_").replace("-", "_")
        for name in raw.columns
    }
    chosen: dict[str, str] = {}
    for known, spellings in NAMES.items():
        for spelling in spellings:
            fitting = [name for name, said in plain.items() if said == spelling]
            if fitting and known not in chosen:
                chosen[known] = fitting[0]
    missing = [name for name in ("meter_id", "reading_type") if name not in chosen]
    if not {"register", "usage"} & chosen.keys():
        missing.append("register (or usage)")
    if not {"read_at", "interval_start"} & chosen.keys():
        missing.append("read_at (or interval_start)")
    if missing:
        raise UnreadableFileError(
            f"{path.name}, line 1: there is no column {' and no '.join(missing)}; it has"
            f" {', '.join(raw.columns[:12])}. Name the columns meter_id, reading_type, read_at,"
            " register, or meter_id, reading_type, interval_start, usage."
        )
    if not len(raw):
        raise UnreadableFileError(f"{path.name} has a header, but no rows.")
    return raw.select(
        (pl.col(chosen[name]) if name in chosen else pl.lit(None, pl.String)).alias(name)
        for name in NAMES
    )


def _number(column: pl.Series) -> pl.Series:
    """Return numbers; a decimal comma is understood where there is no decimal point."""
    if column.dtype != pl.String:
        return column.cast(pl.Float64, strict=False)
    text = column.str.strip_chars()
    if text.str.contains(",", literal=True).any():
        text = text.str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False)


def _filled(name: str) -> pl.Expr:
    return (pl.col(name).str.len_chars() > 0).fill_null(False)


def _not_a_number(raw: pl.DataFrame) -> str:
    has = [name for name in ("register", "usage") if raw[name].null_count() < len(raw)]
    return f"{' and '.join(has) or 'register'} is empty or not a number; write 1234.5"


def _keep(table: Table, keep: pl.Expr, why: str) -> None:
    """Leave out the rows that don't ``keep``; raise UnreadableFileError if none is left."""
    kept = table.rows.filter(keep)
    if len(kept) == len(table.rows):
        return
    first = int(table.rows.filter(~keep)["row"][0])
    if not len(kept):
        raise UnreadableFileError(f"{table.name}, line {first}: {why}. No row could be read.")
    table.bad.append(BadRows(why=why, count=len(table.rows) - len(kept), first_line=first))
    table.rows = kept


def _add_types(table: Table) -> None:
    known: dict[str, str | None] = {}
    why = "reading_type is empty"
    for name in table.rows["reading_type"].unique().to_list():
        try:
            found, channel = reading_type_of(name or "")
            known[name] = found.name if channel == 0 else found.on_channel(channel)
        except WireError as error:
            known[name] = None
            why = f"{str(error).rstrip('.')}; plain water, gas, electricity and heat do, too"
    table.rows = table.rows.with_columns(
        pl.col("reading_type").replace_strict(
            list(known), list(known.values()), default=None, return_dtype=pl.String
        )
    )
    _keep(table, pl.col("reading_type").is_not_null(), why)
