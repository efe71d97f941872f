# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud demand``: what needs files only, no server and no database."""

import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from cloud.demand.backtest import Backtest, backtest
from cloud.demand.files import (
    UnreadableFileError,
    instant,
    is_local,
    read_usage,
    read_weather,
    zone_of,
)
from cloud.demand.models.forecast import default_forecaster
from cloud.demand.series import Usage
from cloud.demand.studies.commands import register
from cloud.demand.told import figures_told, forecast_table, write_forecasts

cli = typer.Typer(
    no_args_is_help=True,
    help="Demand: its history, forecasts, baselines, what explains it and what may come.",
)
register(cli)

UNREADABLE = 2
LATEST = timedelta(days=14)  # after the last known use: as far as a forecast reaches
FARTHEST = timedelta(days=20 * 366)  # of a baseline: longer ones are a wrong year

UsageFile = Annotated[
    Path,
    typer.Option("--usage", help="CSV or Parquet: [series_id,] interval_start, usage; hourly."),
]
WeatherFile = Annotated[
    Path,
    typer.Option(
        "--weather",
        help="CSV or Parquet: interval_start, temperature_c[, precipitation_mm, humidity_pct,"
        " wind_m_per_s, irradiance_w_per_m2, holiday]; hourly.",
    ),
]
Start = Annotated[
    str, typer.Option("--start", help="Where the first forecast begins, as 2026-01-31T00:00.")
]
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
        first = _begun(start, used, zone)
        told = backtest(
            default_forecaster,
            used,
            read_weather(weather, zone),
            start=first,
            horizon_h=horizon_h,
            step_h=step_h,
            refit_h=refit_h,
        )
    except UnreadableFileError as error:
        _refuse(error)
    if emit is not None:
        _write_backtest(told, emit, zone, is_local=is_local(usage))
    by_series = {
        name: one.as_json() | {"fit_s": told.fit_s / len(told.series_ids)}
        for name, one in zip(told.series_ids, told.by_series, strict=True)
    }
    whole = told.overall.as_json() | {"fit_s": told.fit_s}
    typer.echo(figures_told(by_series, whole, as_json=as_json))


@cli.command("baseline")
def baseline_command(
    usage: UsageFile,
    weather: WeatherFile,
    start: Annotated[
        str, typer.Option("--start", help="What is learnt from ends here, as 2026-01-31.")
    ],
    end: Annotated[
        str | None, typer.Option("--end", help="Where to stop predicting; else where use ends.")
    ] = None,
    train_from: Annotated[
        str | None, typer.Option("--train-from", help="Learn from nothing older than this.")
    ] = None,
    frequency: Annotated[
        Literal["hourly", "daily"], typer.Option(help="Hours, or sums of local days.")
    ] = "hourly",
    timezone: Zone = None,
    emit: Emit = None,
    as_json: AsJson = False,
) -> None:
    """Tell what would have been used from START on had nothing changed, and how near that was."""
    # Its mathematics takes a second to import, and the other commands shouldn't wait for it.
    from cloud.demand.baselines.runs import run_baselines

    try:
        zone = zone_of(timezone)
        used = read_usage(usage, zone)
        first = _begun(start, used, zone, FARTHEST)
        last = used.hours.end if end is None else instant(end, zone)
        if not first < last <= first + FARTHEST:
            raise UnreadableFileError(
                f"--end {last:%Y-%m-%d %H:%M} UTC isn't after --start, {first:%Y-%m-%d %H:%M} UTC,"
                f" or more than {FARTHEST.days} days after it."
            )
        told = run_baselines(
            used,
            read_weather(weather, zone),
            start=first,
            end=last,
            train_from=None if train_from is None else instant(train_from, zone),
            frequency=frequency,
        )
    except UnreadableFileError as error:
        _refuse(error)
    if emit is not None:
        starts = told.starts()
        tables = [
            forecast_table(name, told.issued_at, starts, quantiles)
            for name, quantiles in told.quantiles()
        ]
        write_forecasts(tables, emit, zone, is_local=is_local(usage))
    by_series = {
        name: one.as_json() | {"fit_s": fit_s}
        for name, one, fit_s in zip(told.series_ids, told.by_series, told.fit_s, strict=True)
    }
    whole = told.overall.as_json() | {"fit_s": sum(told.fit_s)}
    facts = {
        name: fitted.facts.as_json() | {"savings": saved.as_json() if saved else None}
        for name, fitted, saved in zip(told.series_ids, told.baselines, told.saved, strict=True)
    }
    typer.echo(figures_told(by_series, whole, as_json=as_json, facts=facts))


def _begun(start: str, used: Usage, zone: tzinfo, after: timedelta = LATEST) -> datetime:
    """Return a whole hour with use before it, at most ``after`` beyond the end of use."""
    begun = instant(start, zone)
    first, last = used.hours.start, used.hours.end
    if begun.minute or begun.second or begun.microsecond:
        raise UnreadableFileError(f"--start {start} is no whole hour.")
    if not first < begun <= last + after:
        raise UnreadableFileError(
            f"{begun:%Y-%m-%dT%H:%M}Z is no start: use is known from {first:%Y-%m-%dT%H:%M}Z to"
            f" {last:%Y-%m-%dT%H:%M}Z; give a --start between, or within {after.days} days."
        )
    return begun


def _refuse(error: UnreadableFileError) -> NoReturn:
    typer.echo(f"iskar-cloud: {error}", err=True)
    sys.exit(UNREADABLE)


def _write_backtest(told: Backtest, path: Path, zone: tzinfo, *, is_local: bool) -> None:
    tables = []
    for one in told.issued:
        starts = [one.hours.at(index) for index in range(one.hours.count)]
        tables += [
            forecast_table(name, one.issued_at, starts, one.quantiles[row])
            for row, name in enumerate(told.series_ids)
        ]
    write_forecasts(tables, path, zone, is_local=is_local)
