# SPDX-License-Identifier: EUPL-1.2
"""Tables: what is exported, in columns, and how they are written as CSV and as Parquet.

In CSV every time is local with its offset, so that the two hours that a clock shows twice in
October are told apart; every row names its unit and its quality, ``good`` where nothing is said
against it. A text that a spreadsheet would take for a formula begins with an apostrophe.
Source: OWASP, CSV Injection, for the characters.
"""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from cloud.kit.hypertable import ZONE
from wire import quality

READINGS = pl.Schema(
    {
        "service_point_id": pl.String(),
        "meter_id": pl.String(),
        "reading_type": pl.String(),
        "read_at": pl.Datetime("ms", "UTC"),
        "received_at": pl.Datetime("ms", "UTC"),
        "register": pl.Int64(),
        "unit": pl.String(),
        "quality": pl.String(),
        "node_id": pl.String(),
        "boot": pl.Int64(),
        "sequence": pl.Int64(),
    }
)
USAGE = pl.Schema(
    {
        "service_point_id": pl.String(),
        "reading_type": pl.String(),
        "interval_start": pl.Datetime("ms", "UTC"),
        "interval_end": pl.Datetime("ms", "UTC"),
        "usage": pl.Int64(),  # null where nothing is known
        "unit": pl.String(),
        "quality": pl.String(),
        "is_final": pl.Boolean(),  # false while readings wait to be reviewed
    }
)
GOOD = "good"
FORMULA = r"^[=+\-@\t\r]"
RFC_3339 = "%Y-%m-%dT%H:%M:%S%.3f%:z"


def quality_text(bits: int) -> str:
    """Return the names of the quality's bits, a space between them; ``good`` for none."""
    return " ".join(quality.names(bits)) or GOOD


def csv(frame: pl.DataFrame, *, header: bool) -> bytes:
    """Return the rows of ``frame`` as CSV of RFC 4180."""
    escaped = pl.col(pl.String).str.replace(FORMULA, "'${0}")
    times = pl.col(pl.Datetime).dt.convert_time_zone(ZONE.key).dt.to_string(RFC_3339)
    told = frame.with_columns(escaped, times)
    return told.write_csv(include_header=header, line_terminator="\r\n").encode()


def parquet(parts: Iterable[Path], whole: Path) -> None:
    """Write one Parquet file of many, a part at a time; its times say Europe/Sofia."""
    zoned = pl.col(pl.Datetime).dt.convert_time_zone(ZONE.key)
    pl.scan_parquet(list(parts)).with_columns(zoned).sink_parquet(whole)
