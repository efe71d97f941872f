# SPDX-License-Identifier: EUPL-1.2
"""Files of use that utilities bring along: of one series, in their own unit, hours, days or months.

Columns ``interval_start`` and ``usage``; parts of hours are summed by hours. An empty ``usage``
says that it is unknown, also where an earlier file said something. A rate (l/s, MW) is a mean over
its interval. What is wrong is told by row, the header being row 1.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from cloud.demand.files import UnreadableFileError, numbers, read_table, with_instants
from cloud.demand.history.models import Resolution
from cloud.demand.series import Floats, Ints

FileUnit = Literal["m3", "l", "kwh", "wh", "mwh", "l/s", "mw"]
AMOUNTS: dict[str, tuple[str, float]] = {  # the series' unit, and how many of it
    "m3": ("l", 1000),
    "l": ("l", 1),
    "kwh": ("wh", 1000),
    "wh": ("wh", 1),
    "mwh": ("wh", 1e6),
}
RATES: dict[str, tuple[str, float]] = {"l/s": ("l", 1), "mw": ("wh", 1e6 / 3600)}  # in a second

MAX_ROWS = 4_000_000  # a century of quarters of an hour: more is another kind of file
MOST = 1e15  # of a unit in an interval: a petawatt hour, more than mankind's electricity of a week
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
HOUR_S = 3600
DAY_S = (23 * HOUR_S, 24 * HOUR_S, 25 * HOUR_S)
MONTH_D = (28, 31)
TOLD_ROWS = 5
MOST_BYTES = 64  # of a stamp; the longest has 35
_STAMP = r"^\d{4}-\d\d(-\d\d([ T]\d\d:\d\d\S*)?)?$"


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What a file tells of a series, in order of time, each interval once.

    Attributes:
        start_s: where intervals start, Unix s.
        amounts: in the series' unit; NaN for unknown.
        rows: how many the file has.
        repeated: how many of them say what another has said already.
        left_out: how many are in an hour that the local clock leaves out in spring.
    """

    resolution: Resolution
    start_s: Ints
    amounts: Floats
    rows: int
    repeated: int
    left_out: int


def read_history(path: Path, unit: str, file_unit: FileUnit, zone: tzinfo) -> Brought:
    """Return what a CSV or Parquet file tells, or raise UnreadableFileError that says where."""
    told_in, factor = (AMOUNTS | RATES)[file_unit]
    if told_in != unit:
        raise UnreadableFileError(
            f"{path}: {file_unit} can't be told in {unit}, which the series is in."
        )
    try:
        table = with_instants(_read(path), path, zone)
    except pl.exceptions.PanicException as error:
        raise UnreadableFileError(f"{path} can't be read: it is damaged.") from error
    table = table.with_columns(numbers(table, "usage", path).alias("usage"))
    rows, left_out = len(table), table["instant_us"].null_count()
    table = table.drop_nulls("instant_us").sort("instant_us", maintain_order=True)
    if table.is_empty():
        raise UnreadableFileError(f"{path} holds no rows.")
    _check_span(table["instant_us"].to_numpy() // 1_000_000, path)
    _check_seconds(table, path)
    table, repeated = _once(table, path)
    start_s = table["instant_us"].to_numpy() // 1_000_000
    step_s = _step(start_s, path)
    amounts = table["usage"].to_numpy() * factor
    if file_unit in RATES:
        amounts = amounts * _lengths(start_s, step_s, zone)
    if np.nanmax(np.abs(amounts), initial=0) > MOST:
        row = int(table["row"][int(np.nanargmax(np.abs(amounts)))])
        raise UnreadableFileError(f"{path}: row {row} tells more than can be; is it {file_unit}?")
    if step_s <= HOUR_S:
        _check_aligned(table, start_s, step_s, path)
        start_s, amounts = _by_hours(start_s, amounts, HOUR_S // step_s)
    else:
        _check_midnights(table, start_s, step_s, zone, path)
    return Brought(
        resolution=_resolution(step_s),
        start_s=start_s,
        amounts=amounts,
        rows=rows,
        repeated=repeated,
        left_out=left_out,
    )


def _read(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        _check_size(path)
    table = read_table(path, ("interval_start", "usage"), ("series_id",))
    if "series_id" in table.columns and table["series_id"].n_unique() > 1:
        raise UnreadableFileError(f"{path} tells of several series; bring one at a time.")
    table = table.select("interval_start", "usage").with_row_index("row", 2)
    if len(table) > MAX_ROWS:
        raise UnreadableFileError(f"{path} has {len(table)} rows; {MAX_ROWS} are the most.")
    stamp = pl.col("interval_start")
    if table["interval_start"].dtype == pl.Date:
        return table.with_columns(stamp.cast(pl.Datetime("us")))
    if table["interval_start"].dtype != pl.String:
        return table
    # looked at first: a Parquet file's texts may be the same megabyte, millions of times
    far = table.filter(stamp.str.len_bytes() > MOST_BYTES)
    if len(far):
        raise UnreadableFileError(f"{path}: row {far['row'][0]} has no interval_start but a text.")
    table = table.with_columns(stamp.str.strip_chars())
    wrong = table.filter(stamp.is_null() | ~stamp.str.contains(_STAMP))
    _refuse(
        [f"row {row}: {said or 'nothing'}" for row, said in wrong["row", "interval_start"].rows()],
        path,
        "is no interval_start; write 2026-01-31 00:00, with an offset 2026-01-31T00:00+02:00, for"
        " days 2026-01-31, for months 2026-01",
    )
    _check_numbers(table, path)
    length = stamp.str.len_chars()
    return table.with_columns(
        pl.when(length == 7)
        .then(stamp + "-01 00:00")
        .when(length == 10)
        .then(stamp + " 00:00")
        .otherwise(stamp)
    )


def _check_size(path: Path) -> None:
    """Refuse a small file that would unpack to a large table."""
    try:
        rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnreadableFileError(f"{path} can't be read: {error}") from error
    if rows > MAX_ROWS:
        raise UnreadableFileError(f"{path} has {rows} rows; {MAX_ROWS} are the most.")


def _check_numbers(table: pl.DataFrame, path: Path) -> None:
    if table["usage"].dtype != pl.String:
        return
    said = pl.col("usage").str.strip_chars()
    wrong = table.filter(
        pl.col("usage").is_not_null() & ~said.cast(pl.Float64, strict=False).is_finite()
        | said.cast(pl.Float64, strict=False).is_null() & pl.col("usage").is_not_null()
    )
    told = [f"row {row}: {usage!r}" for row, usage in wrong.select("row", "usage").rows()]
    _refuse(told, path, "is no number for usage; write 1234.5, or nothing where it is unknown")


def _refuse(told: list[str], path: Path, why: str) -> None:
    if told:
        more = f" (and {len(told) - TOLD_ROWS} more)" if len(told) > TOLD_ROWS else ""
        raise UnreadableFileError(f"{path}: {'; '.join(told[:TOLD_ROWS])}{more} {why}.")


def _check_seconds(table: pl.DataFrame, path: Path) -> None:
    odd = table.filter(pl.col("instant_us") % 1_000_000 != 0)
    told = [f"row {row}: {stamp}" for row, stamp in odd.select("row", "interval_start").rows()]
    _refuse(told, path, "begins within a second; write whole ones")


def _once(table: pl.DataFrame, path: Path) -> tuple[pl.DataFrame, int]:
    """Return the table with each interval once, and how many rows that left out."""
    kept = table.unique(["instant_us", "usage"], keep="first", maintain_order=True)
    twice = kept.filter(pl.col("instant_us").is_duplicated())
    told = [
        f"rows {one['row'][0]} and {one['row'][1]}: {one['interval_start'][0]}"
        for one in twice.group_by("instant_us", maintain_order=True)
        .agg("row", "interval_start")
        .head(TOLD_ROWS)
        .to_dicts()
    ]
    _refuse(told, path, "is told twice, and differently")
    return kept, len(table) - len(kept)


def _check_span(start_s: Ints, path: Path) -> None:
    if start_s[0] < EARLIEST.timestamp() or start_s[-1] > LATEST.timestamp():
        raise UnreadableFileError(
            f"{path} tells of times that are not between {EARLIEST.year} and {LATEST.year}."
        )


def _step(start_s: Ints, path: Path) -> int:
    """Return the most frequent distance between rows, if intervals can be as long."""
    if len(start_s) < 2:
        raise UnreadableFileError(f"{path} has one interval only: how long is it? Bring two.")
    steps, counts = np.unique(np.diff(start_s), return_counts=True)
    step_s = int(steps[np.argmax(counts)])
    if not (HOUR_S % step_s == 0 or step_s in DAY_S or _is_month(step_s)):
        raise UnreadableFileError(
            f"{path}: rows are {step_s / HOUR_S:g} hours apart; bring hours, equal parts of hours,"
            " days or months."
        )
    return step_s


def _is_month(step_s: int) -> bool:
    days = round(step_s / 86400)
    return abs(step_s - days * 86400) <= HOUR_S and MONTH_D[0] <= days <= MONTH_D[1]


def _resolution(step_s: int) -> Resolution:
    return "hour" if step_s <= HOUR_S else "day" if step_s in DAY_S else "month"


def _lengths(start_s: Ints, step_s: int, zone: tzinfo) -> Floats:
    """Return how long each interval is, in s."""
    if step_s <= HOUR_S:
        return np.full(len(start_s), float(step_s))
    is_month = _resolution(step_s) == "month"
    ends = [_next(_at(one).astimezone(zone), is_month=is_month) for one in start_s]
    return np.array([one.timestamp() for one in ends]) - start_s


def _next(start: datetime, *, is_month: bool) -> datetime:
    """Return the local midnight that ends the local day or month."""
    if is_month:
        return start.replace(
            year=start.year + start.month // 12, month=start.month % 12 + 1, day=1, fold=0
        )
    day = (start + timedelta(hours=36)).date()
    return datetime(day.year, day.month, day.day, tzinfo=start.tzinfo)


def _check_aligned(table: pl.DataFrame, start_s: Ints, step_s: int, path: Path) -> None:
    odd = np.flatnonzero(start_s % step_s)
    told = [f"row {table['row'][int(at)]}: {table['interval_start'][int(at)]}" for at in odd]
    _refuse(told, path, f"doesn't begin on a whole {step_s // 60} minutes as the others do")


def _check_midnights(
    table: pl.DataFrame, start_s: Ints, step_s: int, zone: tzinfo, path: Path
) -> None:
    is_month = _resolution(step_s) == "month"
    told = []
    for place, one in enumerate(start_s):
        local = _at(one).astimezone(zone)
        if (local.hour, local.minute, local.second) != (0, 0, 0) or (is_month and local.day != 1):
            told.append(f"row {table['row'][place]}: {table['interval_start'][place]}")
    _refuse(told, path, f"is not the local midnight at which a day or month begins in {zone}")


def _by_hours(start_s: Ints, amounts: Floats, parts: int) -> tuple[Ints, Floats]:
    """Return sums by hours, unknown where a part of one is."""
    hours, place, counts = np.unique(start_s // HOUR_S, return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=amounts, minlength=len(hours))
    return hours * HOUR_S, np.where(counts == parts, sums, np.nan)


def _at(unix_s: int | np.int64) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(unix_s))
