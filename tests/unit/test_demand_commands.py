# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud demand`` from files to figures and back to files."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from cloud.demand.commands import UNREADABLE, cli
from cloud.demand.models import boosted
from cloud.demand.told import figures_told

DAYS = 120
FIRST = datetime(2026, 8, 1)  # noqa: DTZ001 - local times are what is tested


def files_in(folder: Path, ending: str = "") -> list[str]:
    """Write a building and its weather, by local hours or, with an ending, by instants."""
    starts = [FIRST + timedelta(hours=hour) for hour in range(DAYS * 24)]
    stamps = [f"{at:%Y-%m-%dT%H:%M}{ending}" for at in starts]
    temperature = 10 + 8 * np.sin(np.arange(len(starts)) / 100)
    use = 5 + np.maximum(12 - temperature, 0)
    pl.DataFrame({"interval_start": stamps, "temperature_c": temperature}).write_csv(
        folder / "weather.csv"
    )
    pl.DataFrame({"series_id": "hall", "interval_start": stamps, "usage": use}).write_csv(
        folder / "usage.csv"
    )
    return ["--usage", str(folder / "usage.csv"), "--weather", str(folder / "weather.csv")]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_a_baseline_tells_the_figures_of_a_backtest_and_what_it_learnt(tmp_path):
    told = json.loads(run("baseline", *files_in(tmp_path), "--start", "2026-10-20", "--json"))
    hall = told["series"]["hall"]
    assert hall["hours"] == told["overall"]["hours"] == 40 * 24
    assert hall["cvrmse_pct"] < 10
    assert hall["coverage90_pct"] > 80
    assert hall["days"] == 80
    assert hall["heating_per_day_c"] == pytest.approx(24, rel=0.15)
    assert "whole days are known" in hall["warnings"][0]
    saved = hall["savings"]
    assert saved["hours"] == 40 * 24
    assert saved["saved"]["p05"] < saved["saved"]["p50"] < saved["saved"]["p95"]
    assert saved["saved"]["p50"] == pytest.approx(saved["expected"]["p50"] - saved["used"])
    assert not saved["is_certain"]  # the hall is used as ever
    figures = {"mae", "rmse", "mape_pct", "mase", "pinball_pct", "width90_pct", "fit_s"}
    assert figures <= told["overall"].keys()


def test_without_json_warnings_stand_below_the_figures(tmp_path):
    lines = run("baseline", *files_in(tmp_path), "--start", "2026-10-20").splitlines()
    assert lines[0].startswith("hall: hours 960")
    assert re.fullmatch(r"  used \S+, saved \S+ \(\S+ to \S+\), which may be chance", lines[1])
    assert lines[2].startswith("  Only 80 whole days")


def test_local_times_come_back_as_local_times_an_hour_that_comes_twice_twice(tmp_path):
    out = tmp_path / "out.csv"
    zone = ("--timezone", "Europe/Sofia", "--emit", str(out))
    run("baseline", *files_in(tmp_path), "--start", "2026-10-20", "--end", "2026-10-27", *zone)
    table = pl.read_csv(out)
    assert table.columns == ["series_id", "issued_at", "interval_start", "p05", "p50", "p95"]
    assert table["interval_start"][0] == table["issued_at"][0] == "2026-10-20T00:00:00"
    assert len(table) == 7 * 24 + 1
    assert table["interval_start"].to_list().count("2026-10-25T03:00:00") == 2


def test_instants_come_back_in_utc(tmp_path):
    out = tmp_path / "out.csv"
    given = files_in(tmp_path, ending="+03:00")
    run("backtest", *given, "--start", "2026-10-20T00:00+03:00", "--emit", str(out))
    assert pl.read_csv(out)["interval_start"][0] == "2026-10-19T21:00:00Z"


def test_days_are_told_by_where_they_begin(tmp_path):
    out = tmp_path / "out.parquet"
    given = (*files_in(tmp_path), "--start", "2026-10-20", "--end", "2026-10-30")
    told = json.loads(run("baseline", *given, "--frequency", "daily", "--emit", str(out), "--json"))
    assert told["overall"]["hours"] == 10
    table = pl.read_parquet(out)
    assert table["interval_start"].to_list() == [
        datetime(2026, 10, 20 + day, tzinfo=UTC).replace(tzinfo=None) for day in range(10)
    ]
    assert (table["p05"] <= table["p50"]).all()


def test_nothing_older_than_asked_is_learnt_from(tmp_path):
    given = (*files_in(tmp_path), "--start", "2026-10-20", "--json")
    told = json.loads(run("baseline", *given, "--train-from", "2026-10-01"))
    assert told["series"]["hall"]["days"] == 19


def test_an_end_before_the_start_is_refused(tmp_path):
    given = (*files_in(tmp_path), "--start", "2026-10-20", "--end", "2026-10-01")
    result = CliRunner().invoke(cli, ["baseline", *given])
    assert result.exit_code == UNREADABLE
    assert "isn't after" in result.output


def test_a_start_without_use_before_it_is_refused_with_what_is_known(tmp_path):
    files = files_in(tmp_path)
    for start in ("2026-08-01", "2026-12-20", "9999-01-01"):
        result = CliRunner().invoke(cli, ["backtest", *files, "--start", start])
        assert result.exit_code == UNREADABLE
        assert "use is known from 2026-08-01T00:00Z to 2026-11-29T00:00Z" in result.output


def test_a_start_some_hours_after_the_last_known_use_is_forecast_as_from_there(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(boosted, "_TREES", 5)
    out = tmp_path / "out.csv"
    run("backtest", *files_in(tmp_path), "--start", "2026-11-29 05:00", "--emit", str(out))
    rows = out.read_text().splitlines()
    assert len(rows) == 25
    assert rows[1].startswith("hall,2026-11-29T05:00:00,2026-11-29T05:00:00,")
    assert "nan" not in out.read_text().lower()


def test_three_days_of_history_are_forecast_and_not_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(boosted, "_TREES", 5)
    told = json.loads(
        run(
            "backtest",
            *files_in(tmp_path),
            "--start",
            "2026-08-04",
            "--horizon-h",
            "336",
            "--step-h",
            "2900",
            "--json",
        )
    )
    assert told["overall"]["hours"] > 0


@pytest.mark.parametrize(
    ("command", "given", "told"),
    [
        ("baseline", ["--start", "2026-08-01"], "use is known from 2026-08-01T00:00Z to"),
        ("baseline", ["--start", "9999-01-01"], "use is known from 2026-08-01T00:00Z to"),
        ("backtest", ["--start", "2026-10-20T00:30"], "is no whole hour"),
        ("backtest", ["--start", "0001-01-01T00:00+02:00"], "is no time"),
        ("baseline", ["--start", "2026-10-20", "--end", "9999-01-01"], "more than 7320 days"),
        ("baseline", ["--start", "2026-10-20", "--timezone", "Europe"], "is no time zone"),
    ],
)  # fmt: skip
def test_times_that_no_model_is_for_are_refused_in_a_sentence(tmp_path, command, given, told):
    result = CliRunner().invoke(cli, [command, *files_in(tmp_path), *given])
    assert result.exit_code == UNREADABLE, result.output
    assert told in result.output


def test_what_is_no_number_is_null_for_programs():
    told = figures_told({"a": {"mae": float("nan")}}, {"mae": float("inf")}, as_json=True)
    assert json.loads(told, parse_constant=pytest.fail) == {
        "series": {"a": {"mae": None}},
        "overall": {"mae": None},
    }
