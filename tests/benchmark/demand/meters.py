# SPDX-License-Identifier: EUPL-1.2
"""Real meters, each with the instant at which its baseline period ends.

OpenDSM's samples come with its wheel: the first year is the baseline, the next is to be predicted.
Of the buildings in Cambridge, all before 2019 is known, and 2019 is to be predicted.
"""

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from cloud.demand.series import HOUR, Floats, Hours, Usage, Weather

DATA = Path(os.environ.get("ISKAR_TEST_DATA", Path(__file__).parents[4] / "shared/data"))
BUILDINGS = "buildings_cambridge/five_buildings_2013_2020.parquet"
YEAR = timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class Meter:
    """One meter: what it used and its weather, ``start`` ends the baseline, ``end`` the rest."""

    name: str
    is_electricity: bool
    usage: Usage
    weather: Weather
    start: datetime
    end: datetime


def all_meters() -> list[Meter]:
    """Return OpenDSM's samples, then Cambridge's meters."""
    return [*opendsm_samples(), *cambridge()]


def opendsm_samples() -> Iterator[Meter]:
    """Yield the hourly samples that come with OpenDSM."""
    found = importlib.util.find_spec("opendsm")
    if found is None or found.origin is None:
        raise FileNotFoundError("OpenDSM isn't installed: uv pip install -r bench.lock.")
    folder = Path(found.origin).parent / "eemeter/samples"
    for name in ("electricity-cdd-hdd", "electricity-cdd-only", "gas-hdd-only"):
        yield _sample(folder, f"il-{name}-hourly", "il-tempF", "tempF")
    yield _sample(folder, "il-gas-intercept-only-hourly", "il-tempF", "tempF")
    yield _sample(folder, "uk-electricity-hdd-only-hourly-sample-0", "uk-tempC-sample-0", "tempC")
    yield _sample(folder, "uk-gas-hdd-only-hourly-sample-0", "uk-tempC-sample-0", "tempC")
    for number in "12":
        name = f"uk-electricity-hdd-only-hourly-sample-{number}"
        yield _sample(folder, name, "uk-tempC-sample-1_2", "tempC")


def _sample(folder: Path, name: str, weather: str, unit: str) -> Meter:
    used = _by_hour(pl.read_csv(folder / f"{name}.csv.gz"), "start", "value", is_sum=True)
    told = _by_hour(pl.read_csv(folder / f"{weather}.csv.gz"), "dt", unit, is_sum=False)
    table = used.join(told, on="hour", how="inner", suffix="_t").sort("hour")
    temperature_c = table["amount_t"].to_numpy()
    if unit == "tempF":
        temperature_c = (temperature_c - 32) / 1.8
    # Stamps of Illinois are of standard time all year, and so read as a grid of their own.
    first = table["hour"][0] + timedelta(hours=23)
    start = first.replace(hour=0) + YEAR
    end = min(table["hour"][-1].replace(hour=0), start + YEAR)
    return _meter(
        name,
        "electricity" in name,
        table["hour"],
        table["amount"].to_numpy(),
        {"temperature_c": temperature_c},
        (start, end),
    )


def _by_hour(table: pl.DataFrame, stamp: str, amount: str, *, is_sum: bool) -> pl.DataFrame:
    at = pl.col(stamp).str.slice(0, 19).str.replace("T", " ").str.to_datetime("%Y-%m-%d %H:%M:%S")
    column = pl.col(amount)
    return (
        table.select(at.dt.replace_time_zone("UTC").dt.truncate("1h").alias("hour"), column)
        .drop_nulls()
        .group_by("hour")
        .agg((column.mean() * column.len() if is_sum else column.mean()).alias("amount"))
    )


def cambridge(year: int = 2019) -> Iterator[Meter]:
    """Yield the meters of five buildings; ``year`` is to be predicted."""
    path = DATA / BUILDINGS
    if not path.exists():
        raise FileNotFoundError(f"{path} isn't there: set ISKAR_TEST_DATA.")
    table = pl.read_parquet(path).sort("building", "timestamp_utc")
    for (building,), rows in table.group_by("building", maintain_order=True):
        columns = {
            "temperature_c": rows["temp_c"].to_numpy(),
            "humidity_pct": rows["rh_pct"].to_numpy(),
            "irradiance_w_per_m2": rows["ghi_w_m2"].to_numpy(),
        }
        hour = rows["timestamp_utc"].dt.replace_time_zone("UTC")
        ends = (datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
        for kind in ("electricity", "gas"):
            used = rows[f"{kind}_kwh"].to_numpy()
            meter = _meter(f"{building}-{kind}", kind == "electricity", hour, used, columns, ends)
            first, last = (meter.usage.hours.index(at) for at in ends)
            if not np.isnan(meter.usage.amounts[0, first:last]).all():
                yield meter


def _meter(
    name: str,
    is_electricity: bool,
    hour: pl.Series,
    used: Floats,
    columns: dict[str, Floats],
    ends: tuple[datetime, datetime],
) -> Meter:
    first, last = hour[0], hour[-1]
    hours = Hours(start=first, count=(last - first) // HOUR + 1)
    place = (hour - first).dt.total_hours().to_numpy()

    def on_grid(told: Floats) -> Floats:
        grid = np.full(hours.count, np.nan)
        grid[place] = told
        return grid

    return Meter(
        name=name,
        is_electricity=is_electricity,
        usage=Usage(series_ids=(name,), hours=hours, amounts=on_grid(used)[None]),
        weather=Weather(hours=hours, columns={k: on_grid(v) for k, v in columns.items()}),
        start=ends[0],
        end=ends[1],
    )
