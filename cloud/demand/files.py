# SPDX-License-Identifier: EUPL-1.2
"""Files of hourly use and weather that analysts bring: CSV or Parquet.

Usage has the columns ``series_id, interval_start, usage``, or without the first is of one series,
called as the file; weather ``interval_start`` and ``temperature_c`` and any others of ``COLUMNS``.
Times with an offset are instants; without one they are local times of the zone named, or of a grid
of their own (as UTC) where none is named. A CSV may have semicolons or tabs, and decimal commas
then, as spreadsheets write it.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from cloud.demand.series import COLUMNS, HOUR, Floats, Hours, Usage, Weather

_MAX_HOURS = 100 * 8784  # a century: more is a wrong stamp, and would fill the memory
_MAX_AMOUNTS = 200_000_000  # two thousand series of eleven years; more wouldn't fit into memory
HOUR_US = 3_600_000_000
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_UNKNOWN = ("", "NA", "NaN", "nan", "null")
_MOST = 1e18  # more is nobody's use or weather, and its squares would be no numbers any more
_SEPARATORS = (";", "\t")  # what spreadsheets write where the comma is for decimals
_HEADER_BYTES = 10_000
_STAMP = r"^(\d{4}-\d\d-\d\d \d\d:\d\d)(?::00(?:\.0+)?)?\s*(Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?$"


class UnreadableFileError(Exception):
    """A file can't be taken as it is; the message says where and how to mend it."""


def zone_of(name: str | None) -> tzinfo:
    """Return the zone called ``name``; UTC for None."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # a folder of zones is no zone either
        raise UnreadableFileError(f"{name[:64]} is no time zone; try Europe/Sofia.") from error


def read_usage(path: Path, zone: tzinfo) -> Usage:
    """Return the series of a file on one grid from its first hour to its last."""
    table = read_table(path, ("interval_start", "usage"), ("series_id",))
    if "series_id" not in table.columns:
        table = table.with_columns(pl.lit(path.stem).alias("series_id"))
    if table["series_id"].null_count():
        raise UnreadableFileError(f"{path}: series_id is empty in some rows; name each series.")
    table = _with_hours(table.cast({"series_id": pl.String}), path, zone, "series_id")
    names = table["series_id"].unique(maintain_order=True)
    rows = table["series_id"].replace_strict(names, range(len(names)), return_dtype=pl.Int64)
    hours = _grid(table["hour"], path, zone)
    if len(names) * hours.count > _MAX_AMOUNTS:
        raise UnreadableFileError(
            f"{path} has {len(names)} series from {hours.start} to {hours.end}, too much at"
            " once: is a year wrong? Else bring fewer series in a file."
        )
    amounts = _on_grid(rows, table["hour"], numbers(table, "usage", path), len(names), hours)
    return Usage(series_ids=tuple(names), hours=hours, amounts=amounts)


def read_weather(path: Path, zone: tzinfo) -> Weather:
    """Return the weather of a file on one grid from its first hour to its last."""
    table = read_table(path, ("interval_start", "temperature_c"), COLUMNS)
    table = _with_hours(table, path, zone)
    hours = _grid(table["hour"], path, zone)
    rows = pl.Series([0]).new_from_index(0, len(table))
    columns = {
        name: _on_grid(rows, table["hour"], numbers(table, name, path), 1, hours)[0]
        for name in COLUMNS
        if name in table.columns
    }
    return Weather(hours=hours, columns=columns)


def is_local(path: Path) -> bool:
    """Return whether the times of a file are local ones, without an offset."""
    table = read_table(path, ("interval_start",), rows=1)
    stamps = table["interval_start"]
    if stamps.dtype == pl.String:
        stamps = _parsed(table, path)["interval_start"]
    return not (isinstance(stamps.dtype, pl.Datetime) and stamps.dtype.time_zone)


def instant(text: str, zone: tzinfo) -> datetime:
    """Return the instant that ``text`` names; without an offset, as local time of ``zone``."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableFileError(f"{text!r} is no time; write 2026-01-31T00:00.") from error


def read_table(
    path: Path, needed: Sequence[str], also: Sequence[str] = (), rows: int | None = None
) -> pl.DataFrame:
    """Return the (first) rows of a CSV (all as text) or Parquet file that has these columns.

    Only ``needed`` columns and those of ``also`` that are there.
    """
    try:
        read = _parquet if path.suffix == ".parquet" else _csv
        table = read(path, needed, also, rows)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{path} isn't UTF-8; save it as CSV UTF-8.") from error
    except (OSError, pl.exceptions.PolarsError) as error:
        why = str(error)
        if "utf-8" in why:
            raise UnreadableFileError(f"{path} isn't UTF-8; save it as CSV UTF-8.") from error
        if "more fields" in why:
            why = (
                "a row has more fields than the header; write decimals with a point, or put"
                " semicolons between columns"
            )
        raise UnreadableFileError(f"{path} can't be read: {why}") from error
    if table.is_empty():
        raise UnreadableFileError(f"{path} holds no rows.")
    return table


def _parquet(
    path: Path, needed: Sequence[str], also: Sequence[str], rows: int | None
) -> pl.DataFrame:
    # A small file may hold columns that unpack to gigabytes: none is read that nobody asked for.
    wanted = _wanted(list(pl.read_parquet_schema(path)), needed, also, path)
    return pl.read_parquet(path, columns=wanted, n_rows=rows)


def _csv(path: Path, needed: Sequence[str], also: Sequence[str], rows: int | None) -> pl.DataFrame:
    with path.open("rb") as file:
        header = file.readline(_HEADER_BYTES).decode("utf-8-sig")
    separator = ","
    if not {name.strip(' "\r\n') for name in header.split(",")}.issuperset(needed):
        separator = next((one for one in _SEPARATORS if one in header), ",")
    table = pl.read_csv(
        path, separator=separator, infer_schema=False, null_values=list(_UNKNOWN), n_rows=rows
    )
    table = table.rename(str.strip)
    table = table.select(_wanted(table.columns, needed, also, path))
    if separator == ",":
        return table
    figures = [name for name in table.columns if name not in ("series_id", "interval_start")]
    return table.with_columns(pl.col(figures).str.replace(r"^([^,.]*),([^,.]*)$", "$1.$2"))


def _wanted(
    there: Sequence[str], needed: Sequence[str], also: Sequence[str], path: Path
) -> list[str]:
    missing = [name for name in needed if name not in there]
    if missing:
        raise UnreadableFileError(
            f"{path} has no column {', '.join(missing)}; it has {', '.join(there)[:200]}."
        )
    return [name for name in there if name in needed or name in also]


def _with_hours(table: pl.DataFrame, path: Path, zone: tzinfo, *by: str) -> pl.DataFrame:
    """Return the table with ``hour``: the hours since 1970 (UTC) at which each row begins."""
    table = with_instants(table, path, zone, *by).drop_nulls("instant_us")
    if table.is_empty():
        raise UnreadableFileError(f"{path} holds no hour that the clock of {zone} shows.")
    odd = (table["instant_us"] % HOUR_US != 0).arg_max()
    if odd is not None and table["instant_us"][odd] % HOUR_US:
        raise UnreadableFileError(
            f"{path}: interval_start {table['interval_start'][odd]} is no whole hour;"
            " sum usage by hours first."
        )
    return table.with_columns((pl.col("instant_us") // HOUR_US).alias("hour"))


def with_instants(table: pl.DataFrame, path: Path, zone: tzinfo, *by: str) -> pl.DataFrame:
    """Return the table with ``instant_us``: the us since 1970 (UTC) at which each row begins.

    None in the hour that the clock of ``zone`` leaves out in spring. Of two rows in the hour that
    it shows twice, among rows that are the same in ``by``, the first is summer time; the last where
    the file begins with what is newest.
    """
    stamps = table["interval_start"]
    if stamps.dtype == pl.String:
        table = _parsed(table, path)
        stamps = table["interval_start"]
    if not isinstance(stamps.dtype, pl.Datetime):
        raise UnreadableFileError(f"{path}: interval_start is {stamps.dtype}, not a time.")
    if stamps.null_count():
        raise UnreadableFileError(f"{path}: interval_start is empty in some rows.")
    at = pl.col("interval_start")
    if stamps.dtype.time_zone is None and isinstance(zone, ZoneInfo):
        again = pl.int_range(pl.len()).over(*by, "interval_start") > 0
        one, other = ("latest", "earliest")
        if stamps.to_physical()[0] > stamps.to_physical()[-1]:
            one, other = other, one
        fold = pl.when(again).then(pl.lit(one)).otherwise(pl.lit(other))
        at = at.dt.replace_time_zone(zone.key, ambiguous=fold, non_existent="null")
    return table.with_columns(at.dt.cast_time_unit("us").to_physical().alias("instant_us"))


def _parsed(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return the table with its texts as times: UTC if they have offsets, else naive."""
    texts = pl.col("interval_start").str.strip_chars().str.replace("T", " ")
    sign = pl.when(pl.col("offset").str.starts_with("-")).then(-1).otherwise(1)
    parts = table.with_columns(
        texts.str.extract(_STAMP, 1).alias("minute"),
        texts.str.extract(_STAMP, 2).alias("offset"),
    ).with_columns(
        pl.col("minute").str.to_datetime("%Y-%m-%d %H:%M", strict=False),
        (
            sign
            * (
                pl.col("offset").str.extract(r"[+-](\d\d)").cast(pl.Int64).fill_null(0) * 60
                + pl.col("offset").str.extract(r"\d\d:?(\d\d)$").cast(pl.Int64).fill_null(0)
            )
        ).alias("offset_min"),
    )
    if parts["minute"].null_count():
        wrong = parts.filter(pl.col("minute").is_null())["interval_start"][0]
        raise UnreadableFileError(
            f"{path}: interval_start {wrong!r} is no time; write 2026-01-31 00:00 or, with an"
            " offset, 2026-01-31T00:00+02:00."
        )
    at = pl.col("minute")
    if parts["offset"].null_count() == 0:
        at = (at - pl.duration(minutes=pl.col("offset_min"))).dt.replace_time_zone("UTC")
    elif parts["offset"].null_count() < len(parts):
        raise UnreadableFileError(f"{path}: some of interval_start have an offset, some have none.")
    return parts.with_columns(at.alias("interval_start")).drop("minute", "offset", "offset_min")


def numbers(table: pl.DataFrame, name: str, path: Path, at: str = "interval_start") -> pl.Series:
    """Return a column as numbers, NaN where it is empty; column ``at`` tells the place."""
    column = table[name]
    if column.dtype == pl.String:
        column = column.str.strip_chars()
    elif not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise UnreadableFileError(f"{path}: {name} is {column.dtype}, not a number.")
    told = column.cast(pl.Float64, strict=False)
    unread = told.is_null() & column.is_not_null()
    if unread.any():
        row = unread.arg_true()[0]
        mend = "leave it empty where it is unknown"
        if _DECIMAL_COMMA.fullmatch(str(column[row])):
            mend = f"write {str(column[row]).replace(',', '.')}"
        raise UnreadableFileError(
            f"{path}: {name} at {table[at][row]} is {column[row]!r}, not a number; {mend}."
        )
    if told.is_infinite().any():
        raise UnreadableFileError(f"{path}: {name} is infinite in some rows; leave those empty.")
    if (told.fill_nan(None).abs() > _MOST).any():
        raise UnreadableFileError(f"{path}: {name} is over {_MOST:g} in some rows; is that a unit?")
    return told.fill_null(float("nan"))


def _grid(hour: pl.Series, path: Path, zone: tzinfo) -> Hours:
    first, last = int(hour.min()), int(hour.max())  # type: ignore[arg-type]
    count = last - first + 1
    if count > _MAX_HOURS:
        raise UnreadableFileError(
            f"{path} reaches from {_at(first)} to {_at(last)}: one of them is wrong."
        )
    return Hours(start=_at(first), count=count, zone=zone)


def _at(hour: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + hour * HOUR


def _on_grid(
    rows: pl.Series, hour: pl.Series, amounts: pl.Series, count: int, hours: Hours
) -> Floats:
    """Return amounts as (count, hours); what is told twice is the mean of both."""
    first = int(hours.start.timestamp()) // 3600
    place = rows.to_numpy() * hours.count + (hour.to_numpy() - first)
    numbers = amounts.to_numpy()
    known = ~np.isnan(numbers)
    size = count * hours.count
    told = np.bincount(place[known], minlength=size)
    sums = np.bincount(place[known], weights=numbers[known], minlength=size)
    with np.errstate(invalid="ignore"):
        return (sums / told).reshape(count, hours.count)
