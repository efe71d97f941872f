# SPDX-License-Identifier: EUPL-1.2
"""Electricity of Victoria, a day ahead with the temperature that came: ``python -m`` this.

Forecasts of 2013 issued at every local midnight by models that have seen 2012 and what came before
each; refitted as ``iskar-cloud demand backtest`` does. The last line is one JSON object.

``python -m tests.benchmark.demand.vic [start [end]]``: from 2013-01-01 to the end of the file.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from cloud.demand.backtest import backtest
from cloud.demand.model import RangeForecaster
from cloud.demand.models.forecast import default_forecaster
from cloud.demand.models.naive import LastWeek
from cloud.demand.scores import Scores
from cloud.demand.series import DAY_H, Hours, Usage, Weather
from tests.benchmark.demand.rivals import TaoVanilla, WithoutRanges
from tests.needs import shared_data

REFIT_H = 672
START = "2013-01-01T00:00"  # of the file's clock, which is ten hours ahead of UTC all year
TARGETS = "must reach: MAPE 2.4, pinball 0.42, coverage 89-91 (on the year kept back, 2014)"
MODELS: dict[str, Callable[[], RangeForecaster]] = {
    "Iskar": default_forecaster,
    "Tao vanilla": lambda: WithoutRanges(TaoVanilla()),
    "naive, last week": lambda: WithoutRanges(LastWeek()),
}
RANGED = ("Iskar",)


def read(path: Path) -> tuple[Usage, Weather]:
    """Return load and weather; the file's own clock is taken for UTC."""
    table = pl.read_csv(path, try_parse_dates=True)
    start = table["time_utc_plus_10_fixed"][0].replace(tzinfo=UTC)
    hours = Hours(start=start, count=len(table))
    usage = Usage(
        series_ids=("victoria",),
        hours=hours,
        amounts=table["load_mw"].to_numpy().astype(np.float64)[None, :],
    )
    columns = {name: table[name].to_numpy() for name in ("temperature_c", "holiday")}
    return usage, Weather(hours=hours, columns=columns)


def measure(start: datetime, end: datetime | None) -> dict[str, tuple[Scores, float]]:
    """Return each model's scores, and the seconds that its fits took."""
    usage, weather = read(shared_data("power_vic") / "vic_hourly_2012_2013.csv.gz")
    if end is not None:
        usage = usage.until(usage.hours.index(end))
        weather = weather.over(usage.hours)
    told = {}
    for name, make in MODELS.items():
        issued = backtest(make, usage, weather, start=start, horizon_h=DAY_H, refit_h=REFIT_H)
        told[name] = (issued.overall, issued.fit_s)
    return told


def main(start: str = START, end: str | None = None) -> None:
    """Print everybody's figures."""
    first, last = (
        datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None for at in (start, end)
    )
    if first is None:
        raise ValueError("Tell where forecasts begin.")
    told = measure(first, last)
    columns = ("mape_pct", "cvrmse_pct", "mase", "pinball_pct", "coverage90_pct", "width90_pct")
    table = Table(title=f"Victoria, {start} to {end or 'the end'}; {TARGETS}")
    table.add_column("model")
    for column in (*columns, "fit_s"):
        table.add_column(column, justify="right")
    figures = {}
    for name, (scores, fit_s) in told.items():
        shown = {
            column: getattr(scores, column)
            for column in columns
            if name in RANGED or column in columns[:3]
        } | {"fit_s": fit_s}
        figures[name] = shown
        cells = (f"{shown[one]:.3g}" if one in shown else "-" for one in (*columns, "fit_s"))
        table.add_row(name, *cells)
    Console().print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
