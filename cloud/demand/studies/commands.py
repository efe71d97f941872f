# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud demand explain`` and ``scenario``: studies of files, without a server."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cloud.demand.files import (
    UnreadableFileError,
    instant,
    read_usage,
    read_weather,
    zone_of,
)
from cloud.demand.studies.additive import TooLittleHistoryError
from cloud.demand.studies.climate import read_years
from cloud.demand.studies.explain import Explanation, explain
from cloud.demand.studies.explain_told import sentence_of, told_of
from cloud.demand.studies.scenario import NoScenarioError, scenario
from cloud.demand.studies.scenario_told import lines_of_scenario, told_of_scenario
from cloud.demand.told import plain

UNREADABLE = 2

_Usage = Annotated[
    Path,
    typer.Option("--usage", help="CSV or Parquet: [series_id,] interval_start, usage; hourly."),
]
_Weather = Annotated[
    Path,
    typer.Option(
        "--weather",
        help="CSV or Parquet: interval_start, temperature_c[, precipitation_mm, humidity_pct,"
        " wind_m_per_s, irradiance_w_per_m2, holiday, supply_precipitation_mm]; hourly.",
    ),
]
_Zone = Annotated[
    str | None,
    typer.Option(
        "--timezone", help="Whose calendar the series follow, and local times without an offset."
    ),
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(cli: typer.Typer) -> None:
    """Add the studies to the commands of demand."""
    cli.command("explain")(explain_command)
    cli.command("scenario")(scenario_command)


def explain_command(
    usage: _Usage, weather: _Weather, timezone: _Zone = None, as_json: _AsJson = False
) -> None:
    """Tell how much of demand is temperature, calendar, holiday, season, trend, rain, the rest."""
    try:
        zone = zone_of(timezone)
        used, seen = read_usage(usage, zone), read_weather(weather, zone)
    except UnreadableFileError as error:
        typer.echo(f"iskar-cloud: {error}", err=True)
        sys.exit(UNREADABLE)
    told: dict[str, Any] = {}
    for row, name in enumerate(used.series_ids):
        try:
            found = explain(used, seen, row)
        except TooLittleHistoryError as error:
            told[name] = {"refused": str(error)}
            if not as_json:
                typer.echo(f"{name}: {error}")
            continue
        told[name] = told_of(found)
        if not as_json:
            _tell_explained(found)
    if as_json:
        typer.echo(json.dumps(plain({"series": told})))


def scenario_command(
    usage: _Usage,
    weather: _Weather,
    until: Annotated[str, typer.Option("--until", help="The end of what may come, as 2027-01-31.")],
    years: Annotated[
        Path | None,
        typer.Option("--years", help="CSV or Parquet: date, temp_mean; many years, daily."),
    ] = None,
    timezone: _Zone = None,
    as_json: _AsJson = False,
) -> None:
    """Tell what may be used from the end of the history on, and its peaks, by weather years."""
    try:
        zone = zone_of(timezone)
        used, seen = read_usage(usage, zone), read_weather(weather, zone)
        end = instant(until, zone)
        record = None if years is None else read_years(years)
    except UnreadableFileError as error:
        typer.echo(f"iskar-cloud: {error}", err=True)
        sys.exit(UNREADABLE)
    told: dict[str, Any] = {}
    for row, name in enumerate(used.series_ids):
        try:
            found = scenario(used, seen, until=end, years=record, row=row)
        except (NoScenarioError, TooLittleHistoryError) as error:
            told[name] = {"refused": str(error)}
            if not as_json:
                typer.echo(f"{name}: {error}")
            continue
        told[name] = told_of_scenario(found)
        if not as_json:
            for line in lines_of_scenario(found):
                typer.echo(line)
    if as_json:
        typer.echo(json.dumps(plain({"series": told})))


def _tell_explained(found: Explanation) -> None:
    shares, hourly = found.mean_shares_pct(), found.variance_shares_pct()
    daily = found.variance_shares_pct(by_day=True)
    typer.echo(f"{found.series_id}: {sentence_of(found)}")
    typer.echo("  part            of use   of hourly   of daily variance")
    for name in found.parts:
        hour = f"{hourly[name]:9.1f} %  {daily[name]:8.1f} %" if name in hourly else ""
        typer.echo(f"  {name:<13} {shares[name]:7.1f} %  {hour}")
    typer.echo(
        f"  without it, errors of {found.blocks} blocks left out"
        f" (RMSE {found.error_pct:.1f} %) grow by"
    )
    for one in found.worths:
        verdict = "helps" if one.helps else "not shown to help"
        typer.echo(
            f"  {one.group:<13} {one.gain_pct:7.2f} % ({one.low_pct:.2f} to {one.high_pct:.2f})"
            f"  {verdict}{'' if one.kept else '; gets no part'}"
        )
