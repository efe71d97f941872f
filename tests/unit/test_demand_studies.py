# SPDX-License-Identifier: EUPL-1.2
"""``demand explain`` and ``scenario``, as an analyst runs them on files."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from cloud.demand.commands import cli
from cloud.demand.series import Hours
from tests.unit.demand_truths import a_heated_town

DAYS = 160
SECTIONS = ("quantiles", "one_year_in", "exceedance", "notes")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def starts(hours: Hours) -> pl.Series:
    first = int(hours.start.timestamp()) * 1_000_000
    stamps = first + np.arange(hours.count) * 3_600_000_000
    return pl.Series(stamps).cast(pl.Datetime("us", "UTC"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the options that name a town's use, its weather, and 23 years of it."""
    folder = tmp_path_factory.mktemp("town")
    usage, weather, _ = a_heated_town(days=DAYS)
    at = starts(usage.hours)
    table = pl.DataFrame({"series_id": "town", "interval_start": at, "usage": usage.amounts[0]})
    few = table.head(24 * 20).with_columns(series_id=pl.lit("new house"))
    pl.concat([table, few]).write_parquet(folder / "usage.parquet")
    pl.DataFrame({"interval_start": at, **weather.columns}).write_parquet(
        folder / "weather.parquet"
    )
    days = pl.date_range(pl.date(1997, 1, 1), pl.date(2019, 12, 31), eager=True)
    season = 11 - 11 * np.cos(2 * np.pi * np.arange(len(days)) / 365.2425)
    drawn = season + np.random.default_rng(1).normal(0, 3, len(days))
    pl.DataFrame({"date": days, "temp_mean": drawn}).write_csv(folder / "years.csv")
    return {name: str(folder / f"{name}.parquet") for name in ("usage", "weather")} | {
        "years": str(folder / "years.csv")
    }


def of_town(files: dict[str, str]) -> list[str]:
    zone = ["--timezone", "Europe/Sofia"]
    return ["--usage", files["usage"], "--weather", files["weather"], *zone]


def test_shares_the_ablation_and_a_sentence_are_printed_for_programs(files):
    told = json.loads(run("explain", *of_town(files), "--json").stdout)["series"]
    town = told["town"]
    assert sum(town["share_of_use_pct"].values()) == pytest.approx(100)
    assert sum(town["share_of_daily_variance_pct"].values()) == pytest.approx(100)
    assert {one["group"] for one in town["ablation"]} >= {"calendar", "temperature", "rain"}
    assert "is not shown to help" in town["sentence"]
    assert "56 are needed" in told["new house"]["refused"]


def test_what_helps_is_said_in_words(files):
    told = run("explain", *of_town(files)).stdout
    assert "temperature" in told
    assert "not shown to help; gets no part" in told


def test_a_scenario_is_printed_for_programs(files):
    asked = [*of_town(files), "--years", files["years"], "--until", "2023-07-10"]
    town = json.loads(run("scenario", *asked, "--json").stdout)["series"]["town"]
    assert all(town[one] for one in SECTIONS)
    assert town["weather_years"] == 23
    assert [one["one_in"] for one in town["one_year_in"]["peak_days"]] == [10, 20]
    totals = [one["totals"] for one in town["exceedance"]]
    assert totals == sorted(totals)
    assert "no holidays to come" in " ".join(town["notes"])


def test_a_scenario_is_printed_for_people(files):
    words = run("scenario", *of_town(files), "--years", files["years"], "--until", "2023-06-20")
    assert "one year in 20: coldest day" in words.stdout
    assert "note:" in words.stdout
    assert "new house: " in words.stdout


def test_a_file_that_is_not_there_is_refused(files, tmp_path: Path):
    missing = str(tmp_path / "no.csv")
    told = run("scenario", *of_town(files), "--until", "2023-07-10", "--years", missing)
    assert told.exit_code == 2
