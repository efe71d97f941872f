# SPDX-License-Identifier: EUPL-1.2
"""What of a file is new, and when it was known.

Few files say when a row was published. What lies before or after all that a place told of a column
is taken to have been known the place's delay after its end. What differs from what is known, or
fills a gap inside of it, is known from now on: then the past looks as it did then, whatever arrives
later. Reading the same file again adds nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from cloud.weather.models import Resolution
from cloud.weather.sources import Told

Spans = dict[str, tuple[int, int]]  # of a column, the first and last step in µs since 1970

# Tables keep single precision.
_STORED = pl.Float32
NOT_OVER = "rows of time that is not over"
TWICE = "rows of the same time as another"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of a file at one resolution."""

    resolution: Resolution
    read: int
    added: int  # rows that said something new
    corrected: int  # cells that now say something else
    notes: dict[str, int]


def observations(
    told: Told, delay: timedelta, now: datetime
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the rows that are over, one a time where they don't say when they were known.

    ``known_at`` is as told, or the delay after the end, and never after ``now``.
    """
    end = pl.col("at") + told.resolution.step
    rows = told.rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in told.columns))
    over = rows.filter(end <= now)
    notes = dict(told.notes) | {NOT_OVER: len(rows) - len(over)}
    if "known_at" not in over.columns:
        single = over.unique("at", keep="last").sort("at")
        notes |= {TWICE: len(over) - len(single)}
        over = single.with_columns(known_at=end + delay)
    over = over.with_columns(
        pl.min_horizontal("known_at", pl.lit(now).cast(over["known_at"].dtype))
    )
    return over, {reason: count for reason, count in notes.items() if count}


def changes(
    told: pl.DataFrame,
    standing: pl.DataFrame,
    spans: Spans,
    columns: list[str],
    now: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what is new at its own ``known_at``, and what is known from ``now`` on.

    ``standing`` is what is known already, a row a time. Both have ``at``, ``known_at`` and columns,
    null where they say nothing.
    """
    stood = standing.select("at", *(pl.col(name).alias(f"{name}_stood") for name in columns))
    both = told.join(stood, on="at", how="left")
    timely, late = [], []
    for name in columns:
        new = pl.col(name).cast(_STORED)
        old = pl.col(f"{name}_stood").cast(_STORED)
        is_other = new.is_not_null() & (old.is_null() | (new != old))
        first, last = spans.get(name, (0, -1))
        at = pl.col("at").dt.epoch("us")
        is_inside = (at >= first) & (at <= last)
        timely.append(pl.when(is_other & ~is_inside).then(pl.col(name)).alias(name))
        late.append(pl.when(is_other & is_inside).then(pl.col(name)).alias(name))
    return (
        _saying(both.select("at", "known_at", *timely), columns),
        _saying(
            both.select("at", pl.lit(now).cast(told["known_at"].dtype).alias("known_at"), *late),
            columns,
        ),
    )


def _saying(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    return rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in columns))


def cells(rows: pl.DataFrame, columns: list[str]) -> int:
    """Return how many values rows tell."""
    return sum(len(rows) - rows[name].null_count() for name in columns)
