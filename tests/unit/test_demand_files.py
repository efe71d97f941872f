# SPDX-License-Identifier: EUPL-1.2
"""Files that analysts bring: read with their own clocks, refused with the place to mend."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cloud.demand import files
from cloud.demand.files import UnreadableFileError, instant, read_usage, read_weather, zone_of

SOFIA = ZoneInfo("Europe/Sofia")


def a_file(folder: Path, *lines: str, header: str = "series_id,interval_start,usage") -> Path:
    path = folder / "usage.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_stamps_with_offsets_are_instants(tmp_path):
    path = a_file(tmp_path, "a,2026-03-29T02:00+02:00,1", "a,2026-03-29T04:00:00+0300,2")
    usage = read_usage(path, SOFIA)
    assert usage.hours.start == datetime(2026, 3, 29, 0, tzinfo=UTC)
    assert list(usage.amounts[0]) == [1, 2]


def test_the_hour_that_comes_twice_is_first_summer_then_winter(tmp_path):
    path = a_file(tmp_path, "a,2026-10-25 03:00,1", "a,2026-10-25 03:00,2", "a,2026-10-25 04:00,3")
    usage = read_usage(path, SOFIA)
    assert usage.hours.start == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert list(usage.amounts[0]) == [1, 2, 3]


def test_without_a_zone_stamps_are_a_grid_of_their_own(tmp_path):
    usage = read_usage(
        a_file(tmp_path, "a,2026-03-29 03:00,1", "b,2026-03-29 05:00,2"), zone_of(None)
    )
    assert usage.hours.hour_of_day.tolist() == [3, 4, 5]
    assert usage.series_ids == ("a", "b")
    assert np.isnan(usage.amounts[1, 0])
    assert usage.amounts[1, 2] == 2


def test_a_file_of_one_series_needs_no_name_of_it(tmp_path):
    path = a_file(tmp_path, "2026-03-29 03:00,1", header="interval_start,usage")
    usage = read_usage(path, zone_of(None))
    assert usage.series_ids == ("usage",)
    assert usage.amounts.tolist() == [[1]]


def test_unknown_usage_is_unknown_and_not_zero(tmp_path):
    usage = read_usage(
        a_file(tmp_path, "a,2026-03-29 03:00,", "a,2026-03-29 04:00,NA"), zone_of(None)
    )
    assert np.isnan(usage.amounts).all()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a,2026-03-29 03:00,many", "'many', not a number"),
        ("a,29.03.2026 03:00,1", "'29.03.2026 03:00' is no time"),
        ("a,2026-03-29 03:30,1", "no whole hour"),
        (",2026-03-29 03:00,1", "series_id is empty"),
        ("a,,1", "is no time"),
        ("a,2026-03-29 03:00,inf", "infinite"),
        ('a,2026-03-29 03:00,"12,5"', "'12,5', not a number; write 12.5"),
        ("a,2026-03-29 03:00,12,5", "write decimals with a point"),
        ("a,2026-03-29 03:00+02:00,1\na,2026-03-29 04:00,1", "some have none"),
        ("a,0026-03-29 03:00,1\na,2026-03-29 04:00,1", "one of them is wrong"),
        ("a,2026-03-29 03:00,1e300", "over 1e\\+18"),
        ("a,2026-03-29 03:00 PM,1", "is no time"),
        ("a,2026-03-29 03:00:30,1", "is no time"),
        ("a,2026-03-29 03:00+99:99,1", "is no time"),
        ("a,2026-03-29 03:00,1,2", "more fields than the header"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path, line, told):
    with pytest.raises(UnreadableFileError, match=told):
        read_usage(a_file(tmp_path, line), zone_of(None))


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path):
    path = a_file(tmp_path, "2026-03-29 03:00,1", header="interval_start,temp")
    with pytest.raises(UnreadableFileError, match="no column temperature_c; it has interval_start"):
        read_weather(path, zone_of(None))
    with pytest.raises(UnreadableFileError, match="can't be read"):
        read_weather(tmp_path / "nothing.csv", zone_of(None))
    with pytest.raises(UnreadableFileError, match="Sofia/Europe is no time zone"):
        zone_of("Sofia/Europe")


def test_a_file_of_a_spreadsheet_has_semicolons_and_decimal_commas(tmp_path):
    path = tmp_path / "usage.csv"
    lines = ("series_id; interval_start; usage", "а;2026-01-01 00:00;1,5", "а;2026-01-01 01:00;-2")
    path.write_text("\r\n".join(lines), encoding="utf-8-sig")
    usage = read_usage(path, SOFIA)
    assert usage.series_ids == ("а",)
    assert usage.amounts[0].tolist() == [1.5, -2]


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16"])
def test_a_file_in_another_encoding_is_refused_with_the_way_to_save_it(tmp_path, encoding):
    path = tmp_path / "usage.csv"
    path.write_text("series_id,interval_start,usage\nвода,2026-01-01 00:00,1\n", encoding=encoding)
    with pytest.raises(UnreadableFileError, match="save it as CSV UTF-8"):
        read_usage(path, SOFIA)


def test_an_hour_that_comes_twice_is_first_winter_where_the_newest_stands_first(tmp_path):
    path = a_file(tmp_path, "a,2026-10-25 04:00,3", "a,2026-10-25 03:00,2", "a,2026-10-25 03:00,1")
    assert list(read_usage(path, SOFIA).amounts[0]) == [1, 2, 3]


def test_a_file_of_nothing_but_the_hour_that_is_left_out_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match="holds no hour"):
        read_usage(a_file(tmp_path, "a,2026-03-29 03:00,1"), SOFIA)


@pytest.mark.parametrize("name", ["Europe", "x" * 5000, "../../etc/passwd", ""])
def test_a_zone_that_is_a_folder_or_no_name_is_refused(name):
    with pytest.raises(UnreadableFileError, match="is no time zone"):
        zone_of(name)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59-05:00", "soon"])
def test_an_instant_beyond_the_calendar_is_refused(text):
    with pytest.raises(UnreadableFileError, match="is no time"):
        instant(text, SOFIA)


def test_more_than_fits_into_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_MAX_AMOUNTS", 47)
    path = a_file(tmp_path, "a,2026-01-01 00:00,1", "b,2026-01-01 23:00,1")
    with pytest.raises(UnreadableFileError, match="2 series from 2026-01-01 00:00:00"):
        read_usage(path, zone_of(None))


def test_rows_out_of_order_and_told_twice_are_as_in_order_and_once_and_a_missing_one_is_unknown(
    tmp_path,
):
    rows = [f"a,2026-03-{1 + hour // 24:02} {hour % 24:02}:00,{hour}" for hour in range(48)]
    whole = read_usage(a_file(tmp_path, *rows), SOFIA)
    mixed = read_usage(a_file(tmp_path, *reversed(rows), *rows[:5]), SOFIA)
    assert mixed.hours == whole.hours
    assert (mixed.amounts == whole.amounts).all()
    without = read_usage(a_file(tmp_path, *rows[:30], *rows[31:]), SOFIA)
    assert np.flatnonzero(np.isnan(without.amounts[0])).tolist() == [30]
