# SPDX-License-Identifier: EUPL-1.2
"""Files that people bring: CSV or Parquet in, series of each meter out.

A row that can't be understood is counted and left out; a file of which nothing can be is an error
that names the column, the line and what to write instead.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from cloud.validation.csv_text import read_csv
from cloud.validation.stamps import NOT_A_STAMP, unix_seconds
from cloud.validation.units import reading_type_of
from wire.errors import WireError

FIRST_LINE = 2  # of the rows of a CSV
LARGEST = 1e15  # beyond, a double no longer holds every whole number of ticks
PARQUET = b"PAR1"
PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # ZIP (and Excel), gzip, Zstandard
SAID_TWICE = r"_duplicated_\d+$"  # how polars tells columns of one name apart
THOUSANDS = r"^[+-]?\d{1,3}([ \u00a0\u202f]\d{3})+([.,]\d+)?$"
DECIMAL_COMMA = "A comma in a number is taken as the decimal comma."

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
LIMITS = ("max_per_h", "register_modulus")
NUMBERS = ("register", "usage", *LIMITS)
TIMES = ("read_at", "interval_start", "interval_end")
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
    assumed: set[str] = set()
    raw = _plain(_named(_raw(path, assumed), path), path)
    stamps = {name: unix_seconds(raw[name], assumed) for name in TIMES}
    numbers = [_number(raw[name], assumed).alias(name) for name in NUMBERS]
    rows = raw.with_columns(
        *(pl.col(name).cast(pl.String).str.strip_chars() for name in TEXTS),
        *numbers,
        row=pl.int_range(FIRST_LINE, FIRST_LINE + len(raw), dtype=pl.Int64),
        stamp=pl.coalesce(pl.col(name).cast(pl.String) for name in ("interval_start", "read_at")),
        end_s=stamps["interval_end"],
    ).with_columns(
        at_s=pl.when(pl.col("register").is_not_null())
        .then(pl.coalesce(stamps["read_at"], stamps["interval_start"]))
        .otherwise(pl.coalesce(stamps["interval_start"], stamps["read_at"]))
    )
    rows = rows.with_columns(_limit(rows, name, assumed) for name in LIMITS)
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


def _raw(path: Path, assumed: set[str]) -> pl.DataFrame:
    if not path.is_file():
        raise UnreadableFileError(f"{path} is not a file.")
    try:
        with path.open("rb") as opened:
            head = opened.read(len(PARQUET))
        if head.startswith(PACKED):
            raise UnreadableFileError(
                f"{path.name} is packed, or a workbook; unpack it, or save its sheet as CSV."
            )
        return pl.read_parquet(path) if head == PARQUET else read_csv(path, assumed)
    except (PolarsError, OSError) as error:
        raise UnreadableFileError(
            f"{path.name} is neither CSV nor Parquet that can be read: {str(error).splitlines()[0]}"
        ) from error


def _named(raw: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return the known columns under their names; those the file has not are null."""
    plain = {
        name: re.sub(SAID_TWICE, "", name.strip()).lower().replace(" ", "_").replace("-", "_")
        for name in raw.columns
    }
    chosen: dict[str, str] = {}
    for known, spellings in NAMES.items():
        for spelling in spellings:
            fitting = [name for name, said in plain.items() if said == spelling]
            if len(fitting) > 1:
                raise UnreadableFileError(
                    f"{path.name}, line 1: {len(fitting)} columns are called {spelling}; leave one."
                )
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


def _plain(raw: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return the columns with one text, number or time in each row, or raise."""
    for name, kind in raw.schema.items():
        if kind == pl.Binary:
            decoded = [None if one is None else one.decode(errors="replace") for one in raw[name]]
            raw = raw.with_columns(pl.Series(name, decoded, pl.String))
            continue
        fits = kind in (pl.String, pl.Null, pl.Categorical, pl.Enum) or kind.is_numeric()
        if not fits and not (name in TIMES and kind in (pl.Date, pl.Datetime)):
            raise UnreadableFileError(
                f"{path.name}: column {name} holds {kind}; write one plain text, number or time in"
                " each row."
            )
    return raw


def _number(column: pl.Series, assumed: set[str]) -> pl.Series:
    """Return numbers; a decimal comma is understood, and spaces between thousands are."""
    if column.dtype.is_numeric():
        return column.cast(pl.Float64, strict=False)
    text = column.cast(pl.String).str.strip_chars()
    if text.str.contains("[ \u00a0\u202f]").any():
        spaced = text.str.contains(THOUSANDS)
        text = text.str.replace_all("[ \u00a0\u202f]", "").zip_with(spaced, text)
    if text.str.contains(",", literal=True).any():
        assumed.add(DECIMAL_COMMA)
        text = text.str.replace(",", ".", literal=True)
    return text.cast(pl.Float64, strict=False)


def _limit(rows: pl.DataFrame, name: str, assumed: set[str]) -> pl.Expr:
    """Return what a meter can do where it is told; nothing else than an amount above zero is."""
    is_told = _is_amount(name) & (pl.col(name) > 0)
    if len(rows.filter(~is_told & pl.col(name).is_not_null())):
        assumed.add(f"A {name} that is no amount above zero is left out.")
    return pl.when(is_told).then(pl.col(name)).alias(name)


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
