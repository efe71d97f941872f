# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud validate`` on files as people have them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from cloud.validation.commands import cli

HEADER = "meter_id,reading_type,read_at,register\n"


def run(path: Path, *options: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli, ["validate", str(path), *options])
    return result.exit_code, result.stdout, result.stderr


def findings(path: Path, *options: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the findings and the summary of a file that can be read."""
    code, out, err = run(path, "--json", *options)
    assert code == 0, err
    *found, summary = [json.loads(line) for line in out.splitlines()]
    return found, summary


def a_file(folder: Path, rows: str, header: str = HEADER, name: str = "readings.csv") -> Path:
    path = folder / name
    path.write_text(header + rows, encoding="utf-8")
    return path


def hourly(meter: str = "m-1", kind: str = "cold_water", count: int = 48, step: int = 10) -> str:
    return "".join(
        f"{meter},{kind},2026-03-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z,{1000 + hour * step}\n"
        for hour in range(count)
    )


def test_a_plain_file_has_no_findings_and_a_summary(tmp_path: Path):
    found, summary = findings(a_file(tmp_path, hourly()))
    assert found == []
    assert (summary["meters"], summary["readings"], summary["findings"]) == (1, 48, 0)


def test_it_runs_as_a_program_without_a_database(tmp_path: Path):
    path = a_file(tmp_path, hourly())
    ran = subprocess.run(
        [sys.executable, "-m", "cloud", "validate", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0
    assert "Nothing was found." in ran.stdout
    assert "building_balance: no row has a parent_meter_id" in ran.stdout


@pytest.mark.parametrize("kind", ["water", "cold_water", "8-0:1.0.0", "Water"])
def test_a_reading_type_may_be_spelled_in_three_ways(tmp_path: Path, kind: str):
    rows = hourly(kind=kind) + f"m-1,{kind},2026-03-03T00:00:00Z,900\n"
    (one,), _ = findings(a_file(tmp_path, rows))
    assert (one["rule"], one["reading_type"]) == ("negative_step", "cold_water")


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("2026-03-03T00:00:00Z", "2026-03-03T00:00:00+00:00"),
        ("2026-03-03T02:00:00+02:00", "2026-03-03T00:00:00+00:00"),
        ("2026-03-03 02:00+0200", "2026-03-03T00:00:00+00:00"),
        ("2026-03-03", "2026-03-03T00:00:00+00:00"),
        ("2026-03-03T00:00:00.500", "2026-03-03T00:00:00+00:00"),
        ("1772496000", "2026-03-03T00:00:00+00:00"),
        ("1772496000000", "2026-03-03T00:00:00+00:00"),
    ],
)
def test_stamps_are_read_as_they_are_written(tmp_path: Path, stamp: str, at: str):
    _, summary = findings(a_file(tmp_path, f"m-1,gas,{stamp},5\n"))
    assert summary["from"] == at


def test_stamps_without_offset_are_said_to_be_taken_as_utc(tmp_path: Path):
    path = a_file(tmp_path, "m-1,gas,2026-03-03T00:00:00,5\n")
    assert "Times without an offset are taken as UTC." in run(path)[1]


def test_usage_with_a_decimal_comma_and_semicolons_is_read(tmp_path: Path):
    header = "Meter ID;Reading type;Interval start;Interval usage;unit\n"
    rows = "".join(
        f"m-1;electricity;2026-03-01T{hour:02d}:00:00Z;{'-1400,5' if hour == 7 else '10,5'};kWh\n"
        for hour in range(24)
    )
    (one,), _ = findings(a_file(tmp_path, rows, header))
    assert one["rule"] == "negative_step"
    assert one["evidence"]["usage"] == -1400.5
    assert one["evidence"]["unit"] == "kWh"


def test_parquet_is_read(tmp_path: Path):
    path = tmp_path / "readings.parquet"
    hours = pl.datetime_range(
        pl.datetime(2026, 3, 1), pl.datetime(2026, 3, 5), "1h", eager=True
    ).alias("read_at")
    pl.DataFrame(hours).with_columns(
        meter_id=pl.lit("m-1"), reading_type=pl.lit("heat"), register=pl.int_range(pl.len()) * 2.5
    ).write_parquet(path)
    found, summary = findings(path, "--unit", "MWh")
    assert (found, summary["readings"]) == ([], 97)


def test_the_limits_of_a_meter_are_taken_from_its_columns(tmp_path: Path):
    header = "meter_id,reading_type,read_at,register,unit,max_per_h,register_modulus\n"
    amounts = [99_990, 99_995, 2, 7, 12, 17, 95, 100, 105, 110, 115, 120]
    rows = "".join(
        f"m-1,gas,2026-03-01T{hour:02d}:00:00Z,{count},m3,10,100000\n"
        for hour, count in enumerate(amounts)
    )
    found, _ = findings(a_file(tmp_path, rows, header))
    assert [one["rule"] for one in found] == ["above_physical_maximum", "rollover"]
    assert "10 m3" in found[0]["explanation"]


def test_the_unit_of_the_command_line_is_used(tmp_path: Path):
    rows = hourly(step=100) + "m-1,cold_water,2026-03-03T00:00:00Z,999999\n"
    found, _ = findings(a_file(tmp_path, rows), "--unit", "l")
    assert found[0]["evidence"]["unit"] == "l"


def test_sub_meters_are_held_against_their_main(tmp_path: Path):
    header = "meter_id,reading_type,interval_start,usage,unit,parent_meter_id\n"
    rows = "".join(
        f"{meter},heat,2026-03-{day:02d}T{hour:02d}:00:00Z,{used},kWh,{parent}\n"
        for meter, used, parent in (("main", 10, ""), ("a", 7, "main"), ("b", 6, "main"))
        for day in range(1, 6)
        for hour in range(24)
    )
    (one,), summary = findings(a_file(tmp_path, rows, header))
    assert (one["rule"], one["meter_id"]) == ("building_balance", "main")
    assert one["evidence"]["sub_meters"] == 1560
    assert "building_balance" not in [skipped["rule"] for skipped in summary["not_checked"]]


def test_bad_rows_are_counted_and_the_rest_is_checked(tmp_path: Path):
    rows = (
        hourly()
        + "m-1,cold_water,yesterday,5\n"
        + "m-1,cold_water,2026-03-04T00:00:00Z,many\n"
        + "m-1,cold_water,2026-03-04T01:00:00Z,\n"
        + "m-1,phone_calls,2026-03-04T01:00:00Z,7\n"
        + ",cold_water,2026-03-04T01:00:00Z,7\n"
        + "m-1,cold_water,2026-03-04T01:00:00Z,nan\n"
    )
    found, summary = findings(a_file(tmp_path, rows))
    assert found == []
    assert summary["readings"] == 48
    assert sum(bad["rows"] for bad in summary["bad_rows"]) == 6
    assert [bad["first_line"] for bad in summary["bad_rows"]] == [54, 50, 53, 51]


def test_repeated_rows_are_harmless(tmp_path: Path):
    found, summary = findings(a_file(tmp_path, hourly() + hourly()))
    assert (found, summary["repeated_rows"]) == ([], 48)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "neither CSV nor Parquet"),
        ("a,b\n1,2\n", "no column meter_id and no reading_type"),
        (HEADER, "no rows"),
        (HEADER + "m,gas,03/04/2026 01:00,7\n", "line 2: '03/04/2026 01:00' is no time"),
        (
            HEADER + "m,gas,2026-03-04T01:00:00Z,seven\n",
            "line 2: register is empty or not a number",
        ),
        (HEADER + "m,phone,2026-03-04T01:00:00Z,7\n", "'phone' is no reading type"),
        (HEADER + "m,power_import,2026-03-04T01:00:00Z,7\n", "is a momentary value"),
        ("PAR1 but no Parquet", "neither CSV nor Parquet"),
    ],
)
def test_a_file_that_says_nothing_is_refused_in_a_sentence(tmp_path: Path, content: str, said: str):
    path = tmp_path / "readings.csv"
    path.write_text(content, encoding="utf-8")
    code, out, err = run(path)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_unit_that_cannot_be_is_refused(tmp_path: Path):
    code, _, err = run(a_file(tmp_path, hourly()), "--unit", "kWh")
    assert code == 2
    assert "'kWh' is no unit of cold_water" in err


def test_bytes_that_are_no_text_are_refused_or_read_but_never_a_crash(tmp_path: Path):
    path = tmp_path / "readings.csv"
    path.write_bytes(HEADER.encode() + b"\xff\xfe\x00m,gas,\x81,7\n" + hourly().encode())
    found, summary = findings(path)
    assert (found, summary["readings"]) == ([], 48)


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    code, _, err = run(tmp_path / "none.csv")
    assert code == 2
    assert "is not a file" in err
