# SPDX-License-Identifier: EUPL-1.2
"""Formats of weather: units are honoured, what is missing is missing, sums lie in their hour."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from cloud.weather.models import Resolution
from cloud.weather.sources import FORMATS, Given, Told, UnreadableWeatherError, ogimet
from tests import needs

AN_ANSWER: dict[str, Any] = {
    "latitude": 42.7,
    "longitude": 23.3,
    "utc_offset_seconds": 0,
    "timezone": "GMT",
    "elevation": 558.0,
    "hourly_units": {
        "time": "iso8601",
        "temperature_2m": "°C",
        "precipitation": "mm",
        "wind_speed_10m": "km/h",
        "snow_depth": "m",
    },
    "hourly": {
        "time": ["2026-01-31T00:00", "2026-01-31T01:00", "2026-01-31T02:00"],
        "temperature_2m": [-1.5, None, 0.5],
        "precipitation": [0.1, 0.2, 0.3],
        "wind_speed_10m": [3.6, 7.2, 36.0],
        "snow_depth": [0.25, 0.25, 0.26],
    },
}


def _read(form: str, text: str | bytes, part: str | None = None) -> Told:
    content = text if isinstance(text, bytes) else text.encode()
    [told] = FORMATS[form](Given(name="a file", content=content, part=part))
    return told


def _rows(told: Told) -> list[dict[str, Any]]:
    return told.rows.sort("at").to_dicts()


def test_open_meteos_sums_are_moved_to_the_hour_they_fell_in() -> None:
    rows = _rows(_read("open-meteo", json.dumps(AN_ANSWER)))
    assert [(one["at"].isoformat()[:13], one["precipitation_mm"]) for one in rows] == [
        ("2026-01-30T23", 0.1),
        ("2026-01-31T00", 0.2),
        ("2026-01-31T01", 0.3),
        ("2026-01-31T02", None),
    ]
    assert [one["temperature_c"] for one in rows] == [None, -1.5, None, 0.5]
    assert [one["wind_m_per_s"] for one in rows[1:]] == pytest.approx([1, 2, 10])
    assert rows[1]["snow_depth_cm"] == 25


def test_open_meteos_other_units_and_zones_come_to_the_same() -> None:
    answer = json.loads(json.dumps(AN_ANSWER))
    answer["utc_offset_seconds"] = 7200
    answer["hourly_units"] |= {"temperature_2m": "°F", "precipitation": "inch"}
    answer["hourly_units"]["wind_speed_10m"] = "kn"
    answer["hourly"] |= {"temperature_2m": [32, 212, None], "precipitation": [1, 0, 0]}
    rows = _rows(_read("open-meteo", json.dumps(answer)))
    assert rows[1]["at"] == datetime(2026, 1, 30, 22, tzinfo=UTC)
    assert [one["temperature_c"] for one in rows[1:3]] == pytest.approx([0, 100])
    assert rows[0]["precipitation_mm"] == pytest.approx(25.4)
    assert rows[1]["wind_m_per_s"] == pytest.approx(3.6 * 0.514444, abs=1e-4)


def test_open_meteos_days_have_extremes_and_mean_radiation() -> None:
    answer = {
        "utc_offset_seconds": 7200,
        "daily_units": {
            "time": "iso8601",
            "temperature_2m_max": "°C",
            "shortwave_radiation_sum": "MJ/m²",
        },
        "daily": {
            "time": ["2026-01-31"],
            "temperature_2m_max": [4.5],
            "shortwave_radiation_sum": [8.64],
        },
    }
    told = _read("open-meteo", json.dumps(answer))
    assert told.resolution is Resolution.DAY
    [row] = _rows(told)
    assert row["at"] == datetime(2026, 1, 31, tzinfo=UTC)
    assert (row["temperature_max_c"], row["irradiance_w_per_m2"]) == pytest.approx((4.5, 100))


@pytest.mark.parametrize(
    "answer",
    [
        {"error": True, "reason": "Daily API request limit exceeded."},
        {"hourly": {"time": ["2026-01-31T00:00"]}},  # without units
        {**AN_ANSWER, "hourly_units": {**AN_ANSWER["hourly_units"], "precipitation": "furlong"}},
        {**AN_ANSWER, "utc_offset_seconds": 1800},
        [1],
        {},
    ],
)
def test_an_answer_that_is_none_is_refused(answer: object) -> None:
    with pytest.raises(UnreadableWeatherError):
        _read("open-meteo", json.dumps(answer))


def test_meteostats_old_hours_have_no_header_and_snow_in_millimetres() -> None:
    text = "2026-01-31,5,-3.2,-4.0,94,0.4,120,,7.2,,1021.0,,\n2026-01-31,6,,,,,,,,,,,\n"
    rows = _rows(_read("meteostat-hourly", gzip.compress(text.encode())))
    assert rows[0] == {
        "at": datetime(2026, 1, 31, 5, tzinfo=UTC),
        "humidity_pct": 94,
        "precipitation_mm": 0.4,
        "wind_m_per_s": pytest.approx(2),
        "temperature_c": -3.2,
        "snow_depth_cm": pytest.approx(12),
    }
    assert rows[1]["temperature_c"] is None


def test_meteostats_new_days_have_a_header_and_snow_in_centimetres() -> None:
    text = (
        "year,month,day,temp,temp_source,tmin,tmax,prcp,snwd,wspd,pres\n"
        "2026,1,5,-3.2,dwd_daily,-9.0,1.1,0.0,12,7.2,1021\n"
    )
    [row] = _rows(_read("meteostat-daily", text))
    assert row["at"] == datetime(2026, 1, 5, tzinfo=UTC)
    assert (row["temperature_c"], row["temperature_min_c"], row["snow_depth_cm"]) == (-3.2, -9, 12)


def _gsod(**changes: str) -> str:
    fields = {
        "STATION": "15614099999",
        "DATE": "2026-01-31",
        "TEMP": "  32.0",
        "STP": "946.2",
        "WDSP": "  9.7",
        "MXSPD": " 999.9",
        "MAX": "  50.0",
        "MIN": "9999.9",
        "PRCP": " 0.39",
        "PRCP_ATTRIBUTES": "G",
        "SNDP": "999.9",
    } | changes
    quoted = ",".join(f'"{one}"' for one in fields.values())
    return ",".join(f'"{one}"' for one in fields) + "\n" + quoted + "\n"


def test_gsod_comes_in_fahrenheit_knots_and_inches_and_nines_are_missing() -> None:
    [row] = _rows(_read("gsod", _gsod()))
    assert row["temperature_c"] == pytest.approx(0)
    assert row["temperature_max_c"] == pytest.approx(10)
    assert row["temperature_min_c"] is None
    assert row["wind_m_per_s"] == pytest.approx(4.99, abs=0.01)
    assert row["wind_max_m_per_s"] is None
    assert row["precipitation_mm"] == pytest.approx(9.906)
    assert row["snow_depth_cm"] is None
    assert row["pressure_hpa"] == pytest.approx(946.2)


@pytest.mark.parametrize("flag", ["A", "C", "E", "H", "I", ""])
def test_gsods_rain_of_part_of_a_day_is_not_the_days(flag: str) -> None:
    told = _read("gsod", _gsod(PRCP_ATTRIBUTES=flag))
    assert _rows(told)[0]["precipitation_mm"] is None
    assert list(told.notes.values()) == [1]


A_SYNOP = (
    "15614,2026,01,31,06,00,AAXX 31061 15614 11458 83604 11032 21054 39462 40238 60105 333 4/012="
)


def test_a_synop_report_is_decoded_and_its_hour_of_rain_is_the_one_before() -> None:
    before, row = _rows(_read("ogimet-synop", A_SYNOP))
    assert before["precipitation_mm"] == 10
    assert before["at"] == datetime(2026, 1, 31, 5, tzinfo=UTC)
    assert (row["temperature_c"], row["wind_m_per_s"]) == (-3.2, 4)
    assert row["pressure_hpa"] == pytest.approx(946.2)
    assert row["snow_depth_cm"] == 12
    assert 80 < row["humidity_pct"] < 90  # -3.2 °C, dew point -5.4 °C


def test_synop_knots_traces_and_longer_sums() -> None:
    notes: Counter[str] = Counter()
    told = ogimet.decoded("AAXX 31064 15614 11458 83610 10032 29045 69935 333 60061=", notes)
    assert told["wind_m_per_s"] == pytest.approx(5.144, abs=0.001)
    assert told["humidity_pct"] == 45
    assert told["precipitation_mm"] == pytest.approx(0.3)
    assert sum(notes.values()) == 1


@pytest.mark.parametrize(
    "report",
    ["AAXX 31061 15614 NIL=", "", "AAXX", "AAXX 31061 15614 11458 /////", "AAXX 3 1 2 3 4 5 6 7 8"],
)
def test_a_synop_report_that_says_nothing_tells_nothing(report: str) -> None:
    assert ogimet.decoded(report, Counter()) == {}


def test_our_own_columns_carry_offsets_corrections_and_forecasts() -> None:
    text = (
        "interval_start,known_at,is_forecast,temperature_c\n"
        "2026-01-31T02:00+02:00,2026-01-31 01:10:30Z,false,1.5\n"
        "2026-01-31T02:00+02:00,2026-02-01T00:00Z,false,2.5\n"
        "2026-02-02 00:00,2026-01-31,true,3\n"
    )
    observed, run = FORMATS["own"](Given(name="x", content=text.encode()))
    assert [one["temperature_c"] for one in observed.rows.to_dicts()] == [1.5, 2.5]
    assert observed.rows["at"].to_list() == [datetime(2026, 1, 31, tzinfo=UTC)] * 2
    assert observed.rows["known_at"][0] == datetime(2026, 1, 31, 1, 10, 30, tzinfo=UTC)
    assert run.is_forecast
    assert run.rows["known_at"].to_list() == [datetime(2026, 1, 31, tzinfo=UTC)]


HOURS = "interval_start,temperature_c\n2026-01-31T01:00Z,1\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty|can't be read: empty CSV"),
        ("interval_start,temperature_c\n", "holds no row"),
        ("hour,temperature_c\n5,1\n", r"no column interval_start .* it has hour, temperature_c"),
        ("interval_start,colour\n2026-01-31T02:00Z,1\n", "nothing that is known here: temper"),
        ("interval_start;temperature_c\n2026-01-31T02:00Z;1\n", "semicolons; separate by commas"),
        (HOURS + "2026-01-31T02:00Z,warm\n", "row 2 is 'warm', not a number; leave it empty"),
        (HOURS + '2026-01-31T02:00Z,"1,5"\n', "row 2 is '1,5', not a number; write decimals with"),
        (HOURS + "2026-01-31T02:00Z,1,5\n", "more fields than the header; decimals are written"),
        (HOURS + "2026-01-31T02:00Z,1e9\n", r"row 2 is 1e\+09, which no weather is; leave"),
        (HOURS + "2026-01-31T02:00Z,-9999\n", "row 2 is -9999, which no weather is"),
        (HOURS + "2026-01-31T02:30Z,1\n", "row 2 is '2026-01-31T02:30Z', not a whole hour"),
        ("day,temperature_c\n2026-01-31T02:00Z,1\n", "not a day; write it as 2026-01-31"),
    ],
)
def test_a_bad_file_is_refused_by_what_is_wrong_and_how_to_mend_it(text: str, said: str) -> None:
    with pytest.raises(UnreadableWeatherError, match=said):
        _read("own", text)


@pytest.mark.parametrize(
    "stamp",
    [
        "yesterday",
        "31.01.2026 02:00",
        "2026-01-31 2:00",  # an hour that isn't read as two would be midnight
        "2026-01-31 02:00 PM",
        "2026-01-31 02:00 EET",
        "2026-01-31T02:00 Europe/Sofia",
        "2026-01-31T02:00+25:00",
        "2026-02-31T02:00Z",
        "2026-01-31T25:00Z",
        "2026-01-31xyz",
    ],
)
def test_a_time_that_is_not_understood_is_refused_and_not_taken_for_utc(stamp: str) -> None:
    with pytest.raises(UnreadableWeatherError, match=r"row 2 is .* write 2026-01-31 for days"):
        _read("own", f"{HOURS}{stamp},1\n")


@pytest.mark.parametrize(
    ("stamp", "hour"),
    [
        ("2026-01-31T02:00+02:00", 0),
        ("2026-01-31 02:00+02", 0),
        ("2026-01-31T02:00-0330", None),
        ("2026-01-31T02:00:00.000Z", 2),
        ("2026-01-31 02:00 UTC", 2),
        ("2026-01-31 02:00", 2),
    ],
)
def test_offsets_are_read_as_they_are_written(stamp: str, hour: int | None) -> None:
    text = f"interval_start,temperature_c\n{stamp},1\n"
    if hour is None:
        with pytest.raises(UnreadableWeatherError, match="not a whole hour"):
            _read("own", text)
    else:
        [row] = _rows(_read("own", text))
        assert row["at"] == datetime(2026, 1, 31, hour, tzinfo=UTC)


def test_columns_that_are_not_known_are_told_and_not_passed_over_in_silence() -> None:
    told = _read("own", "day,temperature_c,precipitation\n2026-01-31,1,2\n2026-02-01,1,2\n")
    assert told.notes == {"column precipitation is not known here": 2}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HOURS.encode("utf-16"), "UTF-16; save it as CSV in UTF-8"),
        (b"PK\x03\x04", "workbook or a ZIP"),
        (b"PAR1junk", "can't be read"),
        (b"\x1f\x8bjunk", "can't be unpacked"),
    ],
)
def test_a_file_of_another_kind_is_named(content: bytes, said: str) -> None:
    with pytest.raises(UnreadableWeatherError, match=said):
        _read("own", content)


def test_the_public_repositories_files_are_read_as_they_are() -> None:
    stations = needs.shared_data("weather_sofia/sofia_rila_daily.csv.gz").read_bytes()
    musala = _read("sofia-stations", stations, "musala_2925m")
    assert len(musala.rows) == 9617
    assert musala.rows["temperature_c"].min() == -29.6
    with pytest.raises(UnreadableWeatherError, match="murgash_1687m"):
        _read("sofia-stations", stations)
    grid = needs.shared_data("weather_sofia/sofia_daily_1940.parquet").read_bytes()
    era5 = _read("sofia-era5", grid)
    assert len(era5.rows) == 31607
    assert era5.rows["at"][0] == datetime(1940, 1, 1, tzinfo=UTC)
