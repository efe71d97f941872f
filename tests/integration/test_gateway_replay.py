# SPDX-License-Identifier: EUPL-1.2
"""``iskar-gateway replay`` on files as people have them."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from typer.testing import CliRunner

from edge_gateway.__main__ import app
from edge_gateway.errors import GatewayError

NOON_S = 1_795_000_000
HOUR_S = 3600
HEADER = "meter_id,read_at,register"
OF_A_FINDING = [
    "meter_id",
    "kind",
    "raised_at",
    "started_at",
    "flow_l_per_h",
    "cleared_at",
    "confidence",
]
OF_A_SUMMARY = ["meters", "meter_years", "findings", "us_per_reading", "state_bytes_per_meter"]
KITCHEN = "m-kitchen"
JUDGED_BY_STILLNESS = {"continuous_flow", "floor_flow"}


def a_leak(meter_id=KITCHEN, *, l_per_h=60, hours=48, mended_after_h=30, every_s=600):
    """Return (meter, Unix s, litres): a still day, then a leak, and its end."""
    litres, rows = 1000.0, []
    for number in range(-24 * HOUR_S // every_s, hours * HOUR_S // every_s + 1):
        at_s = number * every_s
        rows.append((meter_id, NOON_S + at_s, round(litres)))
        litres += l_per_h * every_s / HOUR_S if 0 <= at_s < mended_after_h * HOUR_S else 0
    return rows


def a_csv(path, rows, header=HEADER, separator=","):
    lines = [separator.join(map(str, row)) for row in rows]
    path.write_text("\n".join([header.replace(",", separator), *lines]) + "\n")
    return path


def ran(*arguments):
    """Return (status, standard output, standard error or the sentence of the error)."""
    ended = CliRunner().invoke(app, ["replay", *map(str, arguments)])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        if not isinstance(ended.exception, GatewayError):  # main prints those
            raise ended.exception
        return 1, ended.stdout, str(ended.exception)
    return ended.exit_code, ended.stdout, ended.stderr


def found(*arguments):
    status, out, _ = ran(*arguments, "--json")
    assert status == 0
    *findings, summary = map(json.loads, out.splitlines())
    return findings, summary


def refused(path):
    status, _, sentence = ran(path, "--json")
    assert status != 0
    return sentence


def test_a_leak_in_a_csv_is_told_in_lines_that_scripts_can_rely_on(tmp_path):
    [finding], summary = found(a_csv(tmp_path / "old.csv", a_leak()))
    assert list(finding) == OF_A_FINDING
    assert list(summary) == OF_A_SUMMARY
    assert finding["meter_id"] == KITCHEN
    assert 30 <= finding["flow_l_per_h"] <= 72
    assert NOON_S <= finding["raised_at"] <= NOON_S + 25 * HOUR_S
    assert NOON_S + 30 * HOUR_S < finding["cleared_at"] < NOON_S + 34 * HOUR_S
    assert (summary["meters"], summary["findings"]) == (1, 1)
    assert summary["meter_years"] == pytest.approx(72 / 24 / 365.25, abs=1e-4)
    assert 0 < summary["us_per_reading"] < 5000
    assert 100 < summary["state_bytes_per_meter"] <= 4096


def test_a_quiet_meter_has_no_finding(tmp_path):
    findings, summary = found(a_csv(tmp_path / "old.csv", a_leak(l_per_h=0)))
    assert (findings, summary["findings"]) == ([], 0)


def test_without_json_people_get_a_table(tmp_path):
    status, out, _ = ran(a_csv(tmp_path / "old.csv", a_leak()), "--timezone", "UTC")
    heading, row, sentence = out.splitlines()
    assert status == 0
    assert heading.split()[:2] == ["meter", "kind"]
    assert KITCHEN in row
    assert "2026-11-1" in row
    assert sentence.startswith("1 findings in 0.01 meter-years of 1 meters, 433 readings;")


def iso(at_s, form):
    at = datetime.fromtimestamp(at_s, UTC)
    return {
        "utc": at.isoformat(),
        "zulu": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "bare": f"{at:%Y-%m-%d %H:%M:%S}",
        "sofia": at.astimezone(timezone(timedelta(hours=2))).isoformat(),
        "fraction": f"{at:%Y-%m-%dT%H:%M:%S}.250+00:00",
        "compact": f"{at:%Y-%m-%dT%H:%M:%S}+0000",
    }[form]


@pytest.mark.parametrize("form", ["utc", "zulu", "bare", "sofia", "fraction", "compact"])
def test_times_in_iso_8601_are_understood_and_told_in_kind(tmp_path, form):
    rows = [(meter_id, iso(at_s, form), litres) for meter_id, at_s, litres in a_leak()]
    [finding], _ = found(a_csv(tmp_path / "iso.csv", rows))
    [by_unix_s], _ = found(a_csv(tmp_path / "unix.csv", a_leak()))
    told = {name: finding[name] for name in ("raised_at", "started_at", "cleared_at")}
    assert {name: round(datetime.fromisoformat(at).timestamp()) for name, at in told.items()} == {
        name: by_unix_s[name] for name in told
    }


def shuffled(rows):
    return random.Random(3).sample(rows, len(rows))  # noqa: S311


TABLES = {
    "Unix s": lambda rows: rows,
    "text": lambda rows: rows.cast(pl.String),
    "times": lambda rows: rows.with_columns(pl.from_epoch("read_at", "s")),
    "times of a zone": lambda rows: rows.with_columns(
        pl.from_epoch("read_at", "s")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone("Europe/Sofia")
    ),
    "floats": lambda rows: rows.cast({"read_at": pl.Float64, "register": pl.Float64}),
    "decimals": lambda rows: rows.cast({"register": pl.Decimal(12, 3)}),
    "categories": lambda rows: rows.cast({"meter_id": pl.Categorical}),
    "more columns": lambda rows: rows.with_columns(note=pl.lit("x")).select(
        "register", "note", "meter_id", "read_at"
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_parquet_says_the_same_in_whatever_columns_it_keeps_it(tmp_path, kind):
    rows = pl.DataFrame(a_leak(), schema=HEADER.split(","), orient="row")
    TABLES[kind](rows).write_parquet(tmp_path / "old.parquet")
    [finding], _ = found(tmp_path / "old.parquet")
    [of_csv], _ = found(a_csv(tmp_path / "old.csv", a_leak()))
    assert (finding["kind"], finding["flow_l_per_h"]) == (of_csv["kind"], of_csv["flow_l_per_h"])


def test_rows_come_in_any_order_and_meters_in_one_file(tmp_path):
    rows = a_leak() + a_leak("m-garden", l_per_h=120) + a_leak("m-quiet", l_per_h=0)
    sorted_out = found(a_csv(tmp_path / "sorted.csv", rows))[0]
    any_out = found(a_csv(tmp_path / "any.csv", shuffled(rows)))[0]
    assert any_out == sorted_out
    assert [one["meter_id"] for one in any_out] == ["m-garden", KITCHEN]


def test_a_decimal_of_a_litre_counts(tmp_path):
    rows = [(meter_id, at_s, litres / 100) for meter_id, at_s, litres in a_leak()]
    [finding], _ = found(a_csv(tmp_path / "old.csv", rows))
    assert finding["flow_l_per_h"] == pytest.approx(1, abs=1)


def test_semicolons_and_decimal_commas_of_a_bulgarian_excel_are_read(tmp_path):
    rows = [(meter_id, at_s, f"{litres},5") for meter_id, at_s, litres in a_leak()]
    [finding], _ = found(a_csv(tmp_path / "old.csv", rows, separator=";"))
    assert finding["meter_id"] == KITCHEN


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("m-1,1795000600,12 m3", "line 3: register is '12 m3'; write a number such as 1234.5."),
        ("m-1,1795000600,inf", "line 3: register is 'inf'; write a number such as 1234.5."),
        ("m-1,21.11.2026 14:05,12", "line 3: read_at is '21.11.2026 14:05'; write Unix seconds"),
        ("m-1,2026-11-31 14:05,12", "line 3: read_at is '2026-11-31 14:05'; write Unix seconds"),
        ("m-1,1795000600000,12", "line 3: read_at is '1795000600000'; write Unix seconds"),
        ("m-1,9999-12-31T23:59:59Z,12", "line 3: read_at is '9999-12-31T23:59:59Z'; write Unix"),
        ("m-1,0001-01-01 00:00,12", "line 3: read_at is '0001-01-01 00:00'; write Unix seconds"),
        ("m-1,,12", "line 3: read_at is empty; write Unix seconds"),
        (",1795000600,12", "line 3: meter_id is empty; give every row its meter."),
        ("m-1,1795000600,12,5", "line 3: there are more cells than columns; write decimals"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_line_and_what_to_write(tmp_path, row, said):
    path = tmp_path / "bad.csv"
    path.write_text(f"{HEADER}\nm-1,1795000000,10\n{row}\nm-1,1795001200,14\n")
    assert refused(path).startswith(f"bad.csv, {said}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "meter_id,time,register\nm,1,2\n",
            "has no column read_at; it has meter_id, time, register",
        ),
        ("meter_id,read_at,register\n", "has no rows below its header"),
        ("", "is empty"),
        ("PK\x03\x04 a workbook", "is packed, or a workbook"),
        ("PAR1 but no more", "is neither CSV in UTF-8 nor Parquet"),
    ],
)
def test_a_file_that_is_no_table_of_readings_is_refused_with_the_reason(tmp_path, content, said):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    assert said in refused(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert refused(tmp_path / "none.csv") == f"{tmp_path / 'none.csv'} is not a file."


def test_a_main_too_large_for_one_home_is_not_passed_over_in_silence(tmp_path):
    rows = [("m-1", 1_763_740_800 + 3600 * hour, 9000 * hour) for hour in range(48)]
    _, _, told = ran(a_csv(tmp_path / "main.csv", rows), "--json")
    assert "47 registers are further on than a meter of this size can count" in told
    _, _, told = ran(a_csv(tmp_path / "main.csv", rows), "--households", "48", "--json")
    assert told == ""


def test_history_that_is_merely_dirty_is_replayed_and_said_to_be_so(tmp_path):
    rows = a_leak()
    meter_id, at_s, _ = rows[50]
    dirt = [
        (meter_id, at_s + 60, ""),
        (meter_id, at_s, 7),
        (meter_id, rows[-1][1] + 600, 3),
        rows[60],
    ]
    status, out, told = ran(a_csv(tmp_path / "old.csv", rows + dirt), "--json")
    assert status == 0
    assert len(out.splitlines()) == 2
    assert "1 rows have no register: left out." in told
    assert "1 readings have the time of another one of their meter" in told
    assert "1 registers are lower than the one before" in told


def test_a_reading_that_is_repeated_thousands_of_times_is_one(tmp_path):
    findings, summary = found(a_csv(tmp_path / "old.csv", [(KITCHEN, NOON_S, 7)] * 20_001))
    assert (findings, summary["meters"], summary["meter_years"]) == ([], 1, 0)


def test_what_is_clean_needs_no_comment(tmp_path):
    _, _, told = ran(a_csv(tmp_path / "old.csv", a_leak()), "--json")
    assert told == ""


def test_blank_lines_are_no_rows(tmp_path):
    path = a_csv(tmp_path / "old.csv", a_leak())
    path.write_text(path.read_text() + "\n\n")
    assert len(found(path)[0]) == 1


def test_a_main_of_many_homes_is_not_judged_like_a_home(tmp_path):
    path = a_csv(tmp_path / "old.csv", a_leak(hours=80, mended_after_h=80))
    of_a_main = {one["kind"] for one in found(path, "--households", 24)[0]}
    of_a_home = {one["kind"] for one in found(path, "--households", 1)[0]}
    assert of_a_home & JUDGED_BY_STILLNESS
    assert not of_a_main & JUDGED_BY_STILLNESS


def test_registers_of_electricity_are_no_water(tmp_path):
    assert found(a_csv(tmp_path / "old.csv", a_leak()), "--utility", "electricity")[0] == []


def test_a_time_zone_that_does_not_exist_is_named(tmp_path):
    status, _, sentence = ran(a_csv(tmp_path / "old.csv", a_leak()), "--timezone", "Europe/Sofiya")
    assert status != 0
    assert sentence == "Europe/Sofiya is no time zone; write one such as Europe/Sofia."


COOLING = {
    "label_id": "l-1",
    "group": "leak",
    "flow_low": 25,
    "flow_high": 65,
    "from_minute": None,
    "to_minute": None,
    "length_s": 30 * HOUR_S,
}


def labels(tmp_path, *lines):
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(lines))
    return path


def test_what_was_called_ordinary_is_not_found_and_at_other_meters_is(tmp_path):
    path = a_csv(tmp_path / "old.csv", a_leak() + a_leak("m-garden"))
    of_all = labels(tmp_path, COOLING)
    assert found(path, "--labels", of_all)[0] == []
    of_one = labels(tmp_path, COOLING | {"meter_id": KITCHEN})
    assert {one["meter_id"] for one in found(path, "--labels", of_one)[0]} == {"m-garden"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[{}]", "labels.json, 0 label_id: Field required. Write a list of objects"),
        ("nothing", "labels.json, the whole: Invalid JSON"),
    ],
)
def test_a_file_of_labels_that_cannot_be_read_is_refused_with_the_reason(tmp_path, content, said):
    path = labels(tmp_path)
    path.write_text(content)
    status, _, sentence = ran(a_csv(tmp_path / "old.csv", a_leak()), "--labels", path)
    assert status != 0
    assert sentence.startswith(said)


def test_silence_of_a_day_and_more_is_told_and_an_afternoon_is_not(tmp_path):
    rows = a_leak(l_per_h=0, hours=90)
    afternoon = [row for row in rows if not NOON_S < row[1] < NOON_S + 5 * HOUR_S]
    assert found(a_csv(tmp_path / "old.csv", afternoon))[0] == []
    days = [row for row in rows if not NOON_S < row[1] < NOON_S + 70 * HOUR_S]
    [finding], _ = found(a_csv(tmp_path / "old.csv", days))
    assert (finding["kind"], finding["started_at"]) == ("missing", NOON_S)
    assert finding["raised_at"] == NOON_S + 24 * HOUR_S
    assert finding["cleared_at"] == NOON_S + 70 * HOUR_S
