# SPDX-License-Identifier: EUPL-1.2
"""SenML: readings and usage as records of RFC 8428, in JSON.

The name of a record is its service point and reading type, ``:usage:hour`` behind it for usage; a
record of the same name and ``:quality``, at the same time, says how good it is. Units are those of
the SenML registry that hold ours exactly: cubic metres and joules, so 1 ml is 0.000001 m3 and 1 Wh
is 3600 J. An interval is timed by its start; one of which nothing is known has only its quality.
"""

import json
from collections.abc import Iterator
from decimal import Decimal

import polars as pl

MEDIA_TYPE = "application/senml+json"
BASE_NAME = "urn:iskar:service-point:{}:"
DECIMALS_OF_M3 = {"ml": 6, "l": 3}
J_PER_WH = 3600  # exact


def records(frame: pl.DataFrame, resolution: str | None) -> Iterator[str]:
    """Yield the records of the rows of one service point; ``resolution`` None for readings."""
    read_at, measured = ("interval_start", "usage") if resolution else ("read_at", "register")
    rows = frame.with_columns(pl.col(read_at).dt.epoch("s")).iter_rows(named=True)
    base, base_s = "", 0
    for place, row in enumerate(rows):
        if place == 0:
            base_s = row[read_at]
            name = json.dumps(BASE_NAME.format(row["service_point_id"]))
            base = f'"bn":{name},"bt":{base_s},'
        name, time_s = row["reading_type"], row[read_at] - base_s
        if resolution:
            name = f"{name}:usage:{resolution}"
        if row[measured] is not None:
            unit, digits = in_senml(row[measured], row["unit"])
            yield f'{{{base}"n":"{name}","u":"{unit}","t":{time_s},"v":{digits}}}'
            base = ""
        yield f'{{{base}"n":"{name}:quality","t":{time_s},"vs":"{row["quality"]}"}}'
        base = ""


def pack(frame: pl.DataFrame, resolution: str | None) -> str:
    """Return the records of the rows of one service point, a comma between them."""
    return ",\n".join(records(frame, resolution))


def in_senml(count: int, unit: str) -> tuple[str, str]:
    """Return a unit of the SenML registry, and ``count`` in it, to the last digit."""
    if unit == "Wh":
        return "J", str(count * J_PER_WH)
    return "m3", format(Decimal(count).scaleb(-DECIMALS_OF_M3[unit]), "f")
