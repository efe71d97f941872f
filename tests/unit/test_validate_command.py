# SPDX-License-Identifier: EUPL-1.2
"""``iskar-cloud validate`` on files as people have them."""

import json
import subprocess
import sys
from datetime import timedelta
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
        ("03.03.2026 0:00", "2026-03-03T00:00:00+00:00"),
        ("3.3.2026 г. 0:00:00", "2026-03-03T00:00:00+00:00"),
        ("3.3.2026", "2026-03-03T00:00:00+00:00"),
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


def bulgarian(meter: str) -> str:
    registers = [f"1234,{hour:03d}" for hour in range(24)]
    registers[7] = "1\u00a0334,007"
    return "".join(
        f"{meter};water;1.3.2026 г. {hour}:00;{register};м3\r\n"
        for hour, register in enumerate(registers)
    )


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8-sig", "utf-16"])
def test_a_file_as_bulgarian_windows_writes_it_is_read(tmp_path: Path, encoding: str):
    path = tmp_path / "readings.csv"
    header = "meter_id;reading_type;read_at;register;unit\r\n"
    path.write_bytes((header + bulgarian("Водомер-а") + bulgarian("Водомер-б")).encode(encoding))
    found, summary = findings(path)
    assert [one["meter_id"] for one in found] == ["Водомер-а", "Водомер-б"]
    assert {one["rule"] for one in found} == {"spike_up"}
    assert "A comma in a number is taken as the decimal comma." in summary["assumed"]
    assert any("Windows-1251" in said for said in summary["assumed"]) == (encoding == "cp1251")


def test_lines_may_end_as_on_an_old_mac(tmp_path: Path):
    path = tmp_path / "readings.csv"
    path.write_bytes((HEADER + hourly()).replace("\n", "\r").encode())
    assert findings(path)[1]["readings"] == 48


def test_a_meter_that_changes_its_unit_is_brought_to_one(tmp_path: Path):
    registers = [f"{700 + hour},m3" for hour in range(12)]
    registers += [f"{712_000 + hour * 1000},l" for hour in range(12)]
    rows = "".join(
        f"m-1,gas,2026-03-01T{hour:02d}:00:00Z,{register}\n"
        for hour, register in enumerate(registers)
    )
    found, summary = findings(a_file(tmp_path, rows, HEADER.strip() + ",unit\n"))
    assert found == []
    assert "m-1, gas, names several units; all is brought to m3." in summary["assumed"]


@pytest.mark.parametrize("limit", ["nan", "inf", "-5", "0", "1e300"])
def test_a_limit_that_no_meter_has_is_left_out_and_told(tmp_path: Path, limit: str):
    header = HEADER.strip() + ",max_per_h,register_modulus\n"
    rows = hourly().replace("\n", f",{limit},{limit}\n")
    found, summary = findings(a_file(tmp_path, rows, header))
    assert found == []
    assert "A max_per_h that is no amount above zero is left out." in summary["assumed"]


def test_amounts_too_large_for_their_decimals_give_no_false_finding(tmp_path: Path):
    amounts = ["0.123456", *(f"{900_000_000_000_000 + hour}" for hour in range(24))]
    rows = "".join(f"m,gas,{1_772_496_000 + 3600 * n},{it}\n" for n, it in enumerate(amounts))
    found, _ = findings(a_file(tmp_path, rows))
    assert found == []


def test_meters_read_only_once_are_counted_and_cost_little(tmp_path: Path):
    rows = "".join(f"m-{n},gas,2026-03-01T00:00:00Z,{n}\n" for n in range(100_000))
    found, summary = findings(a_file(tmp_path, rows))
    assert (found, summary["meters"], summary["readings"]) == ([], 100_000, 100_000)
    assert summary["seconds"] < 5
    assert "100000 series have fewer" in str(summary["not_checked"])


def test_texts_that_a_parquet_file_holds_as_bytes_are_read(tmp_path: Path):
    path = tmp_path / "readings.parquet"
    pl.DataFrame(
        {
            "meter_id": [b"m-1", b"\xff"],
            "reading_type": [b"gas", b"gas"],
            "read_at": [b"2026-03-01", b"2026-03-01"],
            "register": [b"1.5", b"2.5"],
        }
    ).write_parquet(path)
    assert findings(path)[1]["meters"] == 2


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
        ("PK\x03\x04 workbook", "is packed, or a workbook; unpack it"),
        (HEADER.replace("read_at", "Register"), "2 columns are called register"),
        ("register," + HEADER, "2 columns are called register"),
    ],
)
def test_a_file_that_says_nothing_is_refused_in_a_sentence(tmp_path: Path, content: str, said: str):
    path = tmp_path / "readings.csv"
    path.write_text(content, encoding="utf-8")
    code, out, err = run(path)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("column", "amounts"),
    [("register", [[1, 2]]), ("register", [True]), ("read_at", [timedelta(hours=1)])],
)
def test_a_column_of_parquet_that_says_nothing_is_refused_in_a_sentence(
    tmp_path: Path, column: str, amounts: list[Any]
):
    path = tmp_path / "readings.parquet"
    row = {"meter_id": ["m"], "reading_type": ["gas"], "read_at": ["2026-03-01"], "register": [1]}
    pl.DataFrame({**row, column: amounts}).write_parquet(path)
    code, out, err = run(path)
    assert (code, out) == (2, "")
    assert f"column {column} holds" in err


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
