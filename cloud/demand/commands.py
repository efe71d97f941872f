# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud demand``: what needs files only, no server and no database."""

import json
import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from cloud.demand.backtest import Backtest, backtest
from cloud.demand.files import UnreadableFileError, instant, read_usage, read_weather, zone_of
from cloud.demand.forecast import default_forecaster
from cloud.demand.study_commands import register

cli = typer.Typer(no_args_is_help=True, help="Demand: forecasts, baselines, and how good they are.")
register(cli)

UNREADABLE = 2

UsageFile = Annotated[
    Path, typer.Option("--usage", help="CSV or Parquet: series_id, interval_start, usage; hourly.")
]
WeatherFile = Annotated[
    Path,
    typer.Option(
        "--weather",
        help="CSV or Parquet: interval_start, temperature_c[, precipitation_mm, humidity_pct,"
        " wind_m_per_s, irradiance_w_per_m2, holiday]; hourly.",
    ),
]
Start = Annotated[str, typer.Option("--start", help="Where the first forecast begins.")]
Zone = Annotated[
    str | None,
    typer.Option(
        "--timezone", help="Whose calendar the series follow, and local times without an offset."
    ),
]
Emit = Annotated[
    Path | None, typer.Option("--emit", help="Write the forecasts to this CSV or Parquet file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@cli.command("backtest")
def backtest_command(
    usage: UsageFile,
    weather: WeatherFile,
    start: Start,
    horizon_h: Annotated[int, typer.Option(min=1, max=336, help="Hours ahead.")] = 24,
    step_h: Annotated[
        int | None, typer.Option(min=1, help="Hours between forecasts; else the horizon.")
    ] = None,
    refit_h: Annotated[int, typer.Option(min=1, help="Hours between fits.")] = 672,
    timezone: Zone = None,
    emit: Emit = None,
    as_json: AsJson = False,
) -> None:
    """Issue forecasts as they would have been from START on, and tell how good they were."""
    try:
        zone = zone_of(timezone)
        used = read_usage(usage, zone)
        told = backtest(
            default_forecaster,
            used,
            read_weather(weather, zone),
            start=instant(start, zone),
            horizon_h=horizon_h,
            step_h=step_h,
            refit_h=refit_h,
        )
    except UnreadableFileError as error:
        typer.echo(f"iskar-cloud: {error}", err=True)
        sys.exit(UNREADABLE)
    _tell(told, emit, as_json=as_json)


def _tell(told: Backtest, emit: Path | None, *, as_json: bool) -> None:
    if emit is not None:
        _write(told, emit)
    by_series = {
        name: one.as_json() | {"fit_s": told.fit_s / len(told.series_ids)}
        for name, one in zip(told.series_ids, told.by_series, strict=True)
    }
    whole = told.overall.as_json() | {"fit_s": told.fit_s}
    if as_json:
        typer.echo(json.dumps({"series": by_series, "overall": whole}))
        return
    for name, figures in (by_series | {"overall": whole}).items():
        line = "  ".join(
            f"{figure} {'-' if told is None else f'{told:.4g}'}" for figure, told in figures.items()
        )
        typer.echo(f"{name}: {line}")


def _write(told: Backtest, path: Path) -> None:
    tables = []
    for one in told.issued:
        for row, name in enumerate(told.series_ids):
            starts = [one.hours.at(index) for index in range(one.hours.count)]
            low, middle, high = one.quantiles[row].T
            tables.append(
                pl.DataFrame(
                    {
                        "series_id": [name] * len(starts),
                        "issued_at": [one.issued_at] * len(starts),
                        "interval_start": starts,
                        "p05": low,
                        "p50": middle,
                        "p95": high,
                    }
                )
            )
    table = pl.concat(tables)
    if path.suffix == ".parquet":
        table.write_parquet(path)
    else:
        table.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")
