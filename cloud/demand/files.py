# SPDX-License-Identifier: EUPL-1.2
"""Files of hourly use and weather that analysts bring: CSV or Parquet.

Usage has the columns ``series_id, interval_start, usage``; weather ``interval_start`` and
``temperature_c`` and any others of ``COLUMNS``. Times with an offset are instants; without one they
are local times of the zone named, or of a grid of their own (as UTC) where none is named.
"""

import re
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from cloud.demand.series import COLUMNS, HOUR, Floats, Hours, Usage, Weather

_MAX_HOURS = 100 * 8784  # a century: more is a wrong stamp, and would fill the memory
HOUR_US = 3_600_000_000
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
_UNKNOWN = ("", "NA", "NaN", "nan", "null")


class UnreadableFileError(Exception):
    """A file can't be taken as it is; the message says where and how to mend it."""


def zone_of(name: str | None) -> tzinfo:
    """Return the zone called ``name``; UTC for None."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise UnreadableFileError(f"{name} is no time zone; try Europe/Sofia.") from error


def read_usage(path: Path, zone: tzinfo) -> Usage:
    """Return the series of a file on one grid from its first hour to its last."""
    table = read_table(path, ("series_id", "interval_start", "usage"))
    if table["series_id"].null_count():
        raise UnreadableFileError(f"{path}: series_id is empty in some rows; name each series.")
    table = _with_hours(table.cast({"series_id": pl.String}), path, zone, "series_id")
    names = table["series_id"].unique(maintain_order=True)
    rows = table["series_id"].replace_strict(names, range(len(names)), return_dtype=pl.Int64)
    hours = _grid(table["hour"], path, zone)
    amounts = _on_grid(rows, table["hour"], numbers(table, "usage", path), len(names), hours)
    return Usage(series_ids=tuple(names), hours=hours, amounts=amounts)


def read_weather(path: Path, zone: tzinfo) -> Weather:
    """Return the weather of a file on one grid from its first hour to its last."""
    table = _with_hours(read_table(path, ("interval_start", "temperature_c")), path, zone)
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
    except ValueError as error:
        raise UnreadableFileError(f"{text!r} is no time; write 2026-01-31T00:00.") from error
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def read_table(path: Path, needed: tuple[str, ...], rows: int | None = None) -> pl.DataFrame:
    """Return the (first) rows of a CSV (all as text) or Parquet file that has these columns."""
    try:
        if path.suffix == ".parquet":
            table = pl.read_parquet(path, n_rows=rows)
        else:
            table = _read_csv(path, rows)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnreadableFileError(f"{path} can't be read: {error}") from error
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise UnreadableFileError(
            f"{path} has no column {', '.join(missing)}; it has {', '.join(table.columns)}."
        )
    if table.is_empty():
        raise UnreadableFileError(f"{path} holds no rows.")
    return table


def _read_csv(path: Path, rows: int | None) -> pl.DataFrame:
    """Return the (first) rows, all as text."""
    with path.open(encoding="utf-8", errors="replace") as file:
        header = file.readline()
    if ";" in header and "," not in header:
        raise UnreadableFileError(
            f"{path} has its columns apart by semicolons; write commas, and decimals with a point."
        )
    try:
        return pl.read_csv(path, infer_schema=False, null_values=list(_UNKNOWN), n_rows=rows)
    except pl.exceptions.ComputeError as error:
        if "more fields" not in str(error):
            raise
        raise UnreadableFileError(
            f"{path} has rows with more columns than its first line names; write decimals with a"
            " point, 12.5, and what holds commas in quotes."
        ) from error


def _with_hours(table: pl.DataFrame, path: Path, zone: tzinfo, *by: str) -> pl.DataFrame:
    """Return the table with ``hour``: the hours since 1970 (UTC) at which each row begins."""
    table = with_instants(table, path, zone, *by).drop_nulls("instant_us")
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
    it shows twice, among rows that are the same in ``by``, the first is summer time.
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
        fold = pl.when(again).then(pl.lit("latest")).otherwise(pl.lit("earliest"))
        at = at.dt.replace_time_zone(zone.key, ambiguous=fold, non_existent="null")
    return table.with_columns(at.dt.cast_time_unit("us").to_physical().alias("instant_us"))


def _parsed(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return the table with its texts as times: UTC if they have offsets, else naive."""
    texts = pl.col("interval_start").str.strip_chars().str.replace("T", " ")
    sign = pl.when(pl.col("offset").str.starts_with("-")).then(-1).otherwise(1)
    parts = table.with_columns(
        texts.str.extract(r"^(\d{4}-\d\d-\d\d \d\d:\d\d)").alias("minute"),
        texts.str.extract(r"^[^Z+]{16,}?(Z|[+-]\d\d:?\d\d|[+-]\d\d)$").alias("offset"),
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


def numbers(table: pl.DataFrame, name: str, path: Path) -> pl.Series:
    """Return a column as numbers, NaN where it is empty."""
    column = table[name]
    if column.dtype == pl.String:
        column = column.str.strip_chars()
    told = column.cast(pl.Float64, strict=False)
    unread = told.is_null() & column.is_not_null()
    if unread.any():
        row = unread.arg_true()[0]
        mend = "leave it empty where it is unknown"
        if _DECIMAL_COMMA.fullmatch(str(column[row])):
            mend = f"write {str(column[row]).replace(',', '.')}"
        raise UnreadableFileError(
            f"{path}: {name} at {table['interval_start'][row]} is {column[row]!r}, not a number;"
            f" {mend}."
        )
    if told.is_infinite().any():
        raise UnreadableFileError(f"{path}: {name} is infinite in some rows; leave those empty.")
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
