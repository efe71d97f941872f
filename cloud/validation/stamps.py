# SPDX-License-Identifier: EUPL-1.2
"""Stamps of files: ISO 8601 with or without offset, or Unix seconds, to Unix seconds."""

import polars as pl

NOT_A_STAMP = (
    "{!r} is no time that can be read; write ISO 8601 (2026-11-21T14:05:00+02:00), 21.11.2026 14:05"
    " or Unix seconds, between 1990 and 2100"
)
NO_OFFSET = "Times without an offset are taken as UTC."
MILLISECONDS = "Times of 13 digits are taken as Unix milliseconds."

EARLIEST_S, LATEST_S = 631_152_000, 4_102_444_800  # 1990, 2100
FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y%m%d %H%M%S",
    "%d.%m.%Y %H:%M:%S%.f",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
)
OF_THE_YEAR = r"\s*г\."  # how Windows in Bulgaria ends a date: 1.3.2026 г.
OFFSET = r"\s*(Z|z|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
DATE_AND_TIME = r"^\d{4}-?\d{2}-?\d{2}[T ]"


def unix_seconds(column: pl.Series, assumed: set[str]) -> pl.Series:
    """Return Unix s, null where a stamp can't be read; add what was taken for granted."""
    if column.dtype == pl.String:
        seconds = _of_text(column, assumed)
    elif isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone is None:
            assumed.add(NO_OFFSET)
        seconds = column.dt.epoch("s")
    elif column.dtype == pl.Date:
        assumed.add(NO_OFFSET)
        seconds = column.cast(pl.Datetime("us")).dt.epoch("s")
    elif column.dtype.is_numeric():
        seconds = _of_numbers(column, assumed)
    else:
        seconds = pl.repeat(None, len(column), dtype=pl.Int64, eager=True)
    frame = pl.DataFrame({"at_s": seconds.cast(pl.Int64)})
    inside = pl.col("at_s").is_between(EARLIEST_S, LATEST_S)
    return frame.select(pl.when(inside).then(pl.col("at_s")))["at_s"]


def _of_numbers(column: pl.Series, assumed: set[str]) -> pl.Series:
    seconds = column.cast(pl.Float64)
    if (seconds.drop_nulls() > LATEST_S).any():
        assumed.add(MILLISECONDS)
        frame = pl.DataFrame({"at": seconds})
        is_milli = pl.col("at") > LATEST_S
        seconds = frame.select(pl.when(is_milli).then(pl.col("at") / 1000).otherwise("at"))["at"]
    return seconds.floor().cast(pl.Int64, strict=False)


def _of_text(column: pl.Series, assumed: set[str]) -> pl.Series:
    if column.null_count() == len(column):
        return pl.repeat(None, len(column), dtype=pl.Int64, eager=True)
    text = column.str.strip_chars()
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() == column.null_count():
        return _of_numbers(numbers, assumed)
    frame = pl.DataFrame({"text": text, "number": numbers})
    has_time = pl.col("text").str.contains(DATE_AND_TIME)
    offset = pl.when(has_time).then(pl.col("text").str.extract(OFFSET, 1))
    frame = frame.with_columns(offset=offset).with_columns(
        plain=pl.when(pl.col("offset").is_not_null())
        .then(pl.col("text").str.replace(OFFSET, ""))
        .otherwise(pl.col("text"))
        .str.replace("T", " ", literal=True)
        .str.replace(OF_THE_YEAR, "")
    )
    stamps = pl.coalesce(
        pl.col("plain").str.to_datetime(spelling, strict=False, time_unit="us")
        for spelling in FORMATS
    )
    digits = pl.col("offset").str.replace(":", "", literal=True)
    sign = pl.when(digits.str.starts_with("-")).then(-1).otherwise(1)
    hours = digits.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = digits.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    frame = frame.with_columns(
        at_s=stamps.dt.epoch("s") - sign * (hours * 3600 + minutes * 60).fill_null(0)
    )
    bare = frame.filter(pl.col("at_s").is_not_null() & pl.col("offset").is_null())
    if len(bare):
        assumed.add(NO_OFFSET)
    whole = _of_numbers(frame["number"], assumed)
    return frame.with_columns(whole=whole).select(pl.coalesce("at_s", "whole"))["at_s"]
