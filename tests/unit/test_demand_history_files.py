# SPDX-License-Identifier: EUPL-1.2
"""Files of history: hours, their parts, days and months, in any unit, and refused by row."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from cloud.demand.files import UnreadableFileError
from cloud.demand.history.files import Brought, FileUnit, read_history

SOFIA = ZoneInfo("Europe/Sofia")


def read(folder: Path, *lines: str, unit: FileUnit = "l", name: str = "usage.csv") -> Brought:
    path = folder / name
    path.write_text("\n".join(["interval_start,usage", *lines]) + "\n")
    return read_history(path, "wh" if unit in ("kwh", "wh", "mwh", "mw") else "l", unit, SOFIA)


def at(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp())  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("unit", "told"),
    [("l", 2), ("m3", 2000), ("wh", 2), ("kwh", 2000), ("mwh", 2e6), ("l/s", 7200), ("mw", 2e6)],
)
def test_an_hour_is_told_in_any_unit(tmp_path: Path, unit: FileUnit, told: float) -> None:
    brought = read(tmp_path, "2026-01-31T00:00Z,2", "2026-01-31T01:00Z,2", unit=unit)
    assert brought.amounts.tolist() == pytest.approx([told, told])
    assert brought.start_s.tolist() == [at(2026, 1, 31), at(2026, 1, 31, 1)]


def test_rates_of_days_and_months_count_their_hours(tmp_path: Path) -> None:
    days = read(tmp_path, "2026-03-28,1", "2026-03-29,1", "2026-03-30,1", unit="l/s")
    assert days.amounts.tolist() == [24 * 3600, 23 * 3600, 24 * 3600]
    months = read(tmp_path, "2026-01,1", "2026-02,1", "2026-12,1", unit="l/s")
    assert months.amounts.tolist() == [31 * 86400, 28 * 86400, 31 * 86400]


def test_quarters_are_summed_by_hours_also_in_the_hour_that_comes_twice(tmp_path: Path) -> None:
    lines = [
        f"2026-10-25 {hour}:{minute:02},1"
        for hour in ("02", "03", "03", "04")
        for minute in (0, 15, 30, 45)
    ]
    brought = read(tmp_path, *lines)
    assert brought.resolution == "hour"
    assert brought.amounts.tolist() == [4, 4, 4, 4]
    assert np.diff(brought.start_s).tolist() == [3600] * 3


def test_an_hour_of_which_a_quarter_is_missing_is_unknown(tmp_path: Path) -> None:
    lines = [f"2026-01-31 00:{minute:02},1" for minute in (0, 15, 45)]
    brought = read(
        tmp_path, *lines, *(f"2026-01-31 01:{minute:02},1" for minute in (0, 15, 30, 45))
    )
    assert np.isnan(brought.amounts[0])
    assert brought.amounts[1] == 4


def test_rows_come_in_any_order_and_repeated_ones_count_once(tmp_path: Path) -> None:
    brought = read(
        tmp_path,
        "2026-01-31 02:00,3",
        "2026-01-31 00:00,1",
        "2026-01-31 01:00,2",
        "2026-01-31 01:00,2",
    )
    assert brought.amounts.tolist() == [1, 2, 3]
    assert (brought.rows, brought.repeated) == (4, 1)


def test_the_hour_that_the_clock_leaves_out_is_told_of(tmp_path: Path) -> None:
    brought = read(tmp_path, *(f"2026-03-29 0{hour}:00,1" for hour in range(6)))
    assert brought.left_out == 1
    assert len(brought.amounts) == 5


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["2026-01-01 00:00,many", "2026-01-01 01:00,1,2"[:-2]], "row 2: 'many' is no number"),
        (["2026-01-01 00:00,inf", "2026-01-01 01:00,1"], "row 2: 'inf' is no number"),
        (["2026-01-01 00:00,1", "1.1.2026,1"], "row 3: 1.1.2026 is no interval_start"),
        (["2026-01-01 00:00,1", ",1"], "row 3: nothing is no interval_start"),
        (["2026-01-01 00:00,1", "2026-01-01 01:00Z,1"], "some have none"),
        (["2026-13-01 00:00,1", "2026-01-01 01:00,1"], "is no time"),
        (["2026-01-01,1", "2026-01-08,1"], "168 hours apart"),
        (["2026-01-01,1"], "one interval only"),
        (["2026-01-01,1", "2026-01-01,2", "2026-01-02,2"], "rows 2 and 3: 2026-01-01"),
        (["2026-01-01 00:10,1", "2026-01-01 01:10,1"], "row 2: 2026-01-01"),
        (["2026-01-01T00:00Z,1", "2026-01-02T00:00Z,1"], "is not the local midnight"),
        (["2026-01-02,1", "2026-02-02,1"], "is not the local midnight"),
        (["0001-01-01,1", "2026-01-02,1"], "not between 1900"),
        (["2026-01-01,1e16", "2026-01-02,1"], "row 2 tells more than can be"),
        ([], "holds no rows"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused_by_row(tmp_path: Path, lines: list[str], told: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"usage\.csv") as refused:
        read(tmp_path, *lines)
    assert told in str(refused.value)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="can't be read"):
        read(tmp_path, name="usage.parquet")


def test_water_is_not_told_in_kilowatt_hours(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("interval_start,usage\n2026-01-01,1\n2026-01-02,1\n")
    with pytest.raises(UnreadableFileError, match="kwh can't be told in l"):
        read_history(path, "l", "kwh", SOFIA)


MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
TWO_HOURS = [MIDNIGHT, MIDNIGHT + timedelta(hours=1)]


def parquet(folder: Path, **columns: Any) -> Brought:
    path = folder / "usage.parquet"
    pl.DataFrame(columns).write_parquet(path)
    return read_history(path, "l", "l", SOFIA)


@pytest.mark.parametrize(
    ("starts", "usage", "told"),
    [
        (TWO_HOURS, [[1.0], [2.0]], "usage is List"),
        (TWO_HOURS, [{"a": 1}, {"a": 2}], "usage is Struct"),
        (TWO_HOURS, [b"1", b"2"], "usage is Binary"),
        (TWO_HOURS, [True, False], "usage is Boolean"),
        (TWO_HOURS, TWO_HOURS, "usage is Datetime"),
        ([1, 2], [1.0, 2.0], "interval_start is Int64"),
        ([MIDNIGHT, MIDNIGHT + timedelta(microseconds=500)], [1.0, 2.0], "row 3: 2026-01-01"),
        (pl.Series([2**62, 2**62 + 1]).cast(pl.Datetime("us")), [1.0, 2.0], "between 1900"),
        (["2026-01-01" + " " * 10_000] * 2, [1.0, 2.0], "row 2 has no interval_start but a text"),
    ],
)  # fmt: skip
def test_parquet_of_other_types_is_refused(
    tmp_path: Path, starts: Any, usage: Any, told: str
) -> None:
    with pytest.raises(UnreadableFileError) as refused:
        parquet(tmp_path, interval_start=starts, usage=usage)
    assert told in str(refused.value)


def test_columns_that_nobody_asked_for_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[str]] = []
    whole = pl.read_parquet

    def spy(path: Path, **asked: Any) -> pl.DataFrame:
        read.append(asked["columns"])
        return whole(path, **asked)

    monkeypatch.setattr(pl, "read_parquet", spy)
    parquet(tmp_path, interval_start=TWO_HOURS, usage=[1.0, float("nan")], bomb=[0, 0])
    assert read == [["interval_start", "usage"]]
