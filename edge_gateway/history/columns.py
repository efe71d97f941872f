# SPDX-License-Identifier: EUPL-1.2
"""Columns: texts, times and numbers of a file, to Unix s and thousandths of the register's unit.

Each function returns null where a cell can't be read, so that the caller can name it.
"""

import polars as pl

LARGEST = 9e12  # of a register: its thousandths are whole numbers in a double up to 2^53
LATEST_S = 4_102_444_800  # 2100; beyond, somebody has given milliseconds, or 9999 for never
_ISO_8601 = (
    r"^(?<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?<time>\d\d:\d\d)(?::(?<second>\d\d)(?:[.,]\d+)?)?)?"
    r"\s*(?:(?<utc>[Zz])|(?<sign>[+-])(?<hours>\d\d):?(?<minutes>\d\d)?)?$"
)


def unix_s(column: pl.Series) -> pl.Series:
    """Return whole Unix s of Unix s, of ISO 8601 (UTC without an offset), or of real times."""
    if isinstance(column.dtype, pl.Datetime | pl.Date):
        return _inside(column.dt.epoch("s"))
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        return _inside(column.cast(pl.Float64).floor())
    text = column.cast(pl.String).str.strip_chars()
    numbers = _inside(text.cast(pl.Float64, strict=False).floor())
    return (
        numbers
        if numbers.null_count() == 0
        else numbers.zip_with(numbers.is_not_null(), _of_iso(text))
    )


def thousandths(column: pl.Series) -> pl.Series:
    """Return a register times 1000, rounded; a decimal comma is understood."""
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        numbers = column.cast(pl.Float64)
    else:
        text = column.cast(pl.String).str.strip_chars().str.replace(",", ".", literal=True)
        numbers = text.cast(pl.Float64, strict=False)
    is_amount = numbers.is_finite() & (numbers.abs() <= LARGEST)
    return (numbers.set(~is_amount, None) * 1000).round().cast(pl.Int64)


def is_empty(column: pl.Series) -> pl.Series:
    """Return where nothing is written, or that nothing is known."""
    if column.dtype.is_float():
        return column.is_null() | column.is_nan()
    if column.dtype == pl.String:
        written = column.str.strip_chars().str.to_lowercase()
        return column.is_null() | written.is_in(["", "nan", "null", "none", "na", "n/a"])
    return column.is_null()


def _inside(seconds: pl.Series) -> pl.Series:
    is_time = seconds.is_finite() & (seconds >= 0) & (seconds <= LATEST_S)
    return seconds.set(~is_time, None).cast(pl.Int64)


def _of_iso(text: pl.Series) -> pl.Series:
    parts = text.str.extract_groups(_ISO_8601).struct.unnest()
    local = pl.concat_str(
        "date",
        pl.lit(" "),
        pl.col("time").fill_null("00:00"),
        pl.lit(":"),
        pl.col("second").fill_null("00"),
    ).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    ahead_s = (
        pl.col("hours").cast(pl.Int64) * 3600 + pl.col("minutes").cast(pl.Int64).fill_null(0) * 60
    )
    ahead_s = pl.when(pl.col("sign") == "-").then(-ahead_s).otherwise(ahead_s).fill_null(0)
    return _inside(parts.select(local.dt.epoch("s") - ahead_s).to_series())
