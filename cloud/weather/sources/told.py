# SPDX-License-Identifier: EUPL-1.2
"""What a source is given, and what it tells."""

import gzip
import io
from dataclasses import dataclass, field

import polars as pl

from cloud.kit.errors import CloudError
from cloud.weather.models import Resolution

MAX_BYTES = 2 << 30  # unpacked: a century of hours of every column is a tenth of that
_UNKNOWN = ["", "NA", "NaN", "nan", "null", "None"]


class UnreadableWeatherError(CloudError):
    """A file of weather can't be taken as it is; the message says where and how to mend it."""

    status = 422
    code = "unreadable-weather"


@dataclass(frozen=True, kw_only=True)
class Given:
    """A file: its name, what is in it, and which part of it is meant (a station's column)."""

    name: str
    content: bytes
    part: str | None = None

    def unpacked(self) -> bytes:
        """Return the content, unpacked if it came gzipped."""
        if not self.content.startswith(b"\x1f\x8b"):
            return self.content
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(self.content)) as packed:
                content = packed.read(MAX_BYTES + 1)
        except (OSError, EOFError) as error:
            raise UnreadableWeatherError(f"{self.name} can't be unpacked: {error}.") from error
        if len(content) > MAX_BYTES:
            raise UnreadableWeatherError(f"{self.name} unpacks to more than {MAX_BYTES} bytes.")
        return content

    def table(self, *, has_header: bool = True, names: list[str] | None = None) -> pl.DataFrame:
        """Return the file as a table of texts (CSV), or as it is (Parquet)."""
        content = self.unpacked()
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise UnreadableWeatherError(f"{self.name} is UTF-16; save it as CSV in UTF-8.")
        if content.startswith(b"PK\x03\x04"):
            raise UnreadableWeatherError(f"{self.name} is a workbook or a ZIP; save it as CSV.")
        first = content[:2000].split(b"\n", 1)[0]
        if b";" in first and b"," not in first:
            raise UnreadableWeatherError(
                f"{self.name} is separated by semicolons; separate by commas, with decimals"
                " such as 1.5."
            )
        try:
            if content.startswith(b"PAR1"):
                return pl.read_parquet(io.BytesIO(content))
            return pl.read_csv(
                io.BytesIO(content),
                infer_schema=False,
                null_values=_UNKNOWN,
                has_header=has_header,
                new_columns=names,
            )
        except (pl.exceptions.PolarsError, OSError) as error:
            said = str(error).strip().splitlines()[0].rstrip(".")
            if "more fields" in said:
                said = "a row has more fields than the header; decimals are written 1.5, not 1,5"
            raise UnreadableWeatherError(f"{self.name} can't be read: {said}.") from error


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a source tells at one resolution.

    ``rows`` has ``at`` (Datetime UTC in µs; a day is its midnight), some of the resolution's
    columns as Float64 with null where nothing is told, and ``known_at`` if the source says it.
    ``notes`` count what was left out, by reason.
    """

    resolution: Resolution
    rows: pl.DataFrame
    is_forecast: bool = False
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The columns that it tells."""
        return [name for name in self.resolution.columns if name in self.rows.columns]


def number(table: pl.DataFrame, name: str, where: str) -> pl.Series:
    """Return a column as Float64; raise UnreadableWeatherError at what is no number."""
    column = table[name]
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        column = column.set(column == "", None)
    numbers = column.cast(pl.Float64, strict=False)
    unread = numbers.is_null() & column.is_not_null()
    if unread.any():
        row = int(unread.arg_true()[0])
        mend = "leave it empty where it is unknown"
        if column.dtype == pl.String and column[row].count(",") == 1:
            mend = "write decimals with a point"
        raise UnreadableWeatherError(
            f"{where}: {name} in row {row + 1} is {column[row]!r}, not a number; {mend}."
        )
    return numbers.set(~numbers.is_finite(), None)


def needed(table: pl.DataFrame, names: list[str], where: str) -> None:
    """Raise UnreadableWeatherError if a column is missing."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        had = ", ".join(table.columns[:20])
        raise UnreadableWeatherError(f"{where} has no column {', '.join(missing)}; it has {had}.")


def dated(texts: pl.Series, shape: str, where: str) -> pl.Series:
    """Return texts as UTC; raise UnreadableWeatherError at what is no time of this shape."""
    times = texts.str.strip_chars().str.to_datetime(shape, time_unit="us", strict=False)
    wrong = times.is_null()
    if wrong.any():
        row = int(wrong.arg_true()[0])
        raise UnreadableWeatherError(f"{where}: {texts[row]!r} in row {row + 1} is no time.")
    return times.dt.replace_time_zone("UTC")
