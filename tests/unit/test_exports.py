# SPDX-License-Identifier: EUPL-1.2
"""Exports: what other programs read is exact, and told as their formats have it."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cloud.exports import senml, tables
from tests.senml import resolved

MIDNIGHT = datetime(2026, 10, 24, 21, tzinfo=UTC)  # 25 October 2026 in Sofia, a day of 25 hours


def some_usage(*usage: int | None, unit: str = "ml", service_point: str = "sp-one") -> pl.DataFrame:
    starts = [MIDNIGHT + timedelta(hours=n) for n in range(len(usage))]
    return pl.DataFrame(
        {
            "service_point_id": service_point,
            "reading_type": "cold_water",
            "interval_start": starts,
            "interval_end": [start + timedelta(hours=1) for start in starts],
            "usage": usage,
            "unit": unit,
            "quality": ["missing" if one is None else "good" for one in usage],
            "is_final": True,
        },
        schema=tables.USAGE,
    )


def _csv_rows(frame: pl.DataFrame) -> list[list[str]]:
    return [line.split(",") for line in tables.csv(frame, header=False).decode().splitlines()]


def test_the_repeated_hour_is_told_apart_by_its_offset() -> None:
    starts = [row[2] for row in _csv_rows(some_usage(*range(25)))]
    assert starts[3:5] == ["2026-10-25T03:00:00.000+03:00", "2026-10-25T03:00:00.000+02:00"]
    assert len(set(starts)) == 25


def test_what_is_not_known_is_an_empty_cell_and_missing_never_zero() -> None:
    known, unknown = _csv_rows(some_usage(0, None))
    assert (known[4], known[6]) == ("0", "good")
    assert (unknown[4], unknown[6]) == ("", "missing")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_takes_no_text_for_a_formula(text: str) -> None:
    written = tables.csv(some_usage(1, service_point=text), header=False).decode()
    assert written.lstrip('"').startswith("'" + text)


def test_numbers_are_left_as_they_are() -> None:
    (row,) = _csv_rows(some_usage(-5))
    assert row[4] == "-5"


@pytest.mark.parametrize(
    ("count", "unit", "told"),
    [
        (1677, "ml", ("m3", "0.001677")),
        (2**53 - 1, "ml", ("m3", "9007199254.740991")),
        (12, "l", ("m3", "0.012")),
        (-1, "l", ("m3", "-0.001")),
        (0, "ml", ("m3", "0.000000")),
        (1500, "Wh", ("J", "5400000")),
    ],
)
def test_counts_are_told_in_units_of_senml_to_the_last_digit(
    count: int, unit: str, told: tuple[str, str]
) -> None:
    assert senml.in_senml(count, unit) == told


def test_a_table_resolves_to_a_record_of_measure_and_one_of_quality_for_each_row() -> None:
    pack = json.loads("[" + ",".join(senml.records(some_usage(1677, None), "hour")) + "]")
    name, start_s = "urn:iskar:service-point:sp-one:cold_water:usage:hour", MIDNIGHT.timestamp()
    assert resolved(pack) == [
        {"n": name, "u": "m3", "t": start_s, "v": 0.001677},
        {"n": f"{name}:quality", "t": start_s, "vs": "good"},
        {"n": f"{name}:quality", "t": start_s + 3600, "vs": "missing"},
    ]


# Source: RFC 8428, 5.1.2, 5.1.3, 5.1.5 and 5.1.6: packs, and what they resolve to.
DEVICE = "urn:dev:ow:10e2073a01080063"
EXAMPLES = {
    "base time, base unit and times before it": (
        [
            {"bn": f"{DEVICE[:-1]}:", "bt": 1276020076.001, "bu": "A", "bver": 5}
            | {"n": "voltage", "u": "V", "v": 120.1},
            {"n": "current", "t": -5, "v": 1.2},
            {"n": "current", "t": 0, "v": 1.7},
        ],
        [
            {"n": f"{DEVICE[:-1]}:voltage", "u": "V", "t": 1276020076.001, "v": 120.1},
            {"n": f"{DEVICE[:-1]}:current", "u": "A", "t": 1276020071.001, "v": 1.2},
            {"n": f"{DEVICE[:-1]}:current", "u": "A", "t": 1276020076.001, "v": 1.7},
        ],
    ),
    "a name made of the base alone, and units beside the base's": (
        [
            {"bn": DEVICE, "bt": 1320067464, "bu": "%RH", "v": 20.0, "t": 0},
            {"v": 24.30621, "u": "lon", "t": 0},
            {"v": 20.3, "t": 60},
        ],
        [
            {"n": DEVICE, "u": "%RH", "t": 1320067464, "v": 20.0},
            {"n": DEVICE, "u": "lon", "t": 1320067464, "v": 24.30621},
            {"n": DEVICE, "u": "%RH", "t": 1320067524, "v": 20.3},
        ],
    ),
    "two devices in one pack": (
        [
            {"bn": "2001:db8::2/", "bt": 1320078429, "n": "temperature", "v": 25.2, "u": "Cel"},
            {"bn": "2001:db8::1/", "n": "humidity", "v": 67, "u": "%RH"},
        ],
        [
            {"n": "2001:db8::2/temperature", "u": "Cel", "t": 1320078429, "v": 25.2},
            {"n": "2001:db8::1/humidity", "u": "%RH", "t": 1320078429, "v": 67},
        ],
    ),
    "other kinds of value": (
        [
            {"bn": f"{DEVICE}:", "n": "temp", "v": 23.1, "u": "Cel"},
            {"n": "label", "vs": "Machine Room"},
            {"n": "open", "vb": False},
            {"n": "nfv-reader", "vd": "aGkgCg"},
        ],
        [
            {"n": f"{DEVICE}:temp", "u": "Cel", "v": 23.1},
            {"n": f"{DEVICE}:label", "vs": "Machine Room"},
            {"n": f"{DEVICE}:open", "vb": False},
            {"n": f"{DEVICE}:nfv-reader", "vd": "aGkgCg"},
        ],
    ),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_our_reader_resolves_the_examples_of_the_rfc(example: str) -> None:
    pack, expected = EXAMPLES[example]
    assert resolved(pack) == expected


@pytest.mark.parametrize(
    "record",
    [
        {"n": "no value"},
        {"n": "-x", "v": 1},
        {"n": "x", "v": 1, "vs": "1"},
        {"n": "x", "v": 1, "t": 7},
    ],
)
def test_our_reader_refuses_what_the_rfc_forbids(record: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        resolved([record])
