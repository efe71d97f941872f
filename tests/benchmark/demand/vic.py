# SPDX-License-Identifier: EUPL-1.2
"""``python -m tests.benchmark.demand.vic [--sample]``: electricity of Victoria, a day ahead.

Forecasts of 2013 issued at every midnight of the file's clock, with the temperature that came, by
models that have seen 2012 and what came before each; refitted every four weeks, as
``iskar-cloud demand backtest`` does. ``--sample`` takes the first 28 days of February, May, August
and November instead, each with one fit. The last line is one JSON object.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from cloud.demand.backtest import backtest
from cloud.demand.model import RangeForecaster
from cloud.demand.models.forecast import default_forecaster
from cloud.demand.models.naive import LastWeek
from cloud.demand.scores import Scores
from cloud.demand.series import DAY_H, Hours, Usage, Weather
from tests.benchmark.demand.day_ahead import TaoAndTrees
from tests.benchmark.demand.rivals import TaoVanilla, WithoutRanges
from tests.benchmark.demand.verdicts import Wanted, judge, show
from tests.needs import shared_data

USAGE = "python -m tests.benchmark.demand.vic [--sample]\n"
REFIT_H = 672
YEAR = ((datetime(2013, 1, 1, tzinfo=UTC), None),)
_SAMPLE_DAYS = timedelta(days=28)
_SAMPLE_MONTHS = (2, 5, 8, 11)  # one of each season
WANTED = (
    Wanted(figure="mape_pct", most=2.4),
    Wanted(figure="pinball_pct", most=0.42),
    Wanted(figure="coverage90_pct", least=89.0, most=91.0),
)
OURS = "Iskar"
MODELS: dict[str, Callable[[], RangeForecaster]] = {
    OURS: default_forecaster,
    "mean of trees and Tao with lags": TaoAndTrees,
    "Tao vanilla": lambda: WithoutRanges(TaoVanilla()),
    "naive, last week": lambda: WithoutRanges(LastWeek()),
}
_MIDDLE = ("mape_pct", "cvrmse_pct", "mase")
_RANGE = ("pinball_pct", "coverage90_pct", "width90_pct")
_WITHOUT_RANGES = ("Tao vanilla", "naive, last week")


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


def main(options: list[str]) -> int:
    """Print everybody's figures; return the exit status."""
    if options not in ([], ["--sample"]):
        sys.stderr.write(USAGE)
        return 2
    usage, weather = read(shared_data("power_vic") / "vic_hourly_2012_2013.csv.gz")
    spans = list(_sample()) if options else YEAR
    what = "four stretches of 28 days in 2013" if options else "2013"
    print(f"Victoria, {what}; the target is for 2014, which is kept back.", flush=True)
    rows: dict[str, dict[str, float | None]] = {}
    for name, make in MODELS.items():
        began_s = time.process_time()
        told = [_scored(make, usage, weather, start, end) for start, end in spans]
        shown = _MIDDLE if name in _WITHOUT_RANGES else (*_MIDDLE, *_RANGE)
        rows[name] = {figure: _mean(told, figure) for figure in shown}
        rows[name]["cpu_s"] = time.process_time() - began_s
        print(f"{name}: done in {rows[name]['cpu_s']:.0f} s of CPU", flush=True)
    show("Victoria, day ahead", rows, WANTED)
    judge(rows[OURS], WANTED, what)
    print(json.dumps(rows))
    return 0


def _sample() -> Iterator[tuple[datetime, datetime]]:
    for month in _SAMPLE_MONTHS:
        start = datetime(2013, month, 1, tzinfo=UTC)
        yield start, start + _SAMPLE_DAYS


def _scored(
    make: Callable[[], RangeForecaster],
    usage: Usage,
    weather: Weather,
    start: datetime,
    end: datetime | None,
) -> Scores:
    if end is not None:
        usage = usage.until(usage.hours.index(end))
        weather = weather.over(usage.hours)
    issued = backtest(make, usage, weather, start=start, horizon_h=DAY_H, refit_h=REFIT_H)
    return issued.overall


def _mean(told: list[Scores], figure: str) -> float | None:
    """Return the mean of a figure over stretches of the same length."""
    known = [amount for one in told if (amount := getattr(one, figure)) is not None]
    return float(np.mean(known)) if known else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
