# SPDX-License-Identifier: EUPL-1.2
"""The city's tables hold what the first deployment is, and refuse what can't be."""

import gzip
import json
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from simulators import city as city_package
from simulators.city import CityError, ServicePoint, read_city
from simulators.meters.contact import MAX_PULSES_PER_S
from simulators.register_maps import read_register_maps
from tests.needs import shared_data

CITY = read_city()


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    for table in city_package.HERE.glob("*.csv"):
        shutil.copy(table, tmp_path)
    return tmp_path


def edit(tables: Path, name: str, old: str, new: str) -> None:
    text = (tables / name).read_text()
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    (tables / name).write_text(text.replace(old, new))


def test_there_are_five_kinds_of_premises_with_six_nodes_each():
    assert {p.kind for p in CITY.premises.values()} == {
        "production",
        "administrative",
        "residential",
        "commercial",
        "school",
    }
    assert Counter(n.premises_id for n in CITY.nodes.values()) == dict.fromkeys(CITY.premises, 6)


def test_every_utility_is_metered():
    assert {p.reading_type.name for p in CITY.service_points.values()} == {
        "cold_water",
        "hot_water",
        "gas",
        "electricity_import",
        "electricity_export",
        "heat",
    }


def test_electricity_meters_are_of_at_least_three_makes_and_agree_with_their_maps():
    modbus = [m for m in CITY.meters.values() if m.register_map is not None]
    maps = read_register_maps()
    assert all(m.make == maps[m.register_map or ""].make for m in modbus)
    assert len({m.make for m in modbus}) >= 3


def test_sub_meters_come_before_what_they_hang_on():
    order = list(CITY.service_points)
    for point_id, point in CITY.service_points.items():
        parent = point.parent_service_point_id
        assert parent is None or order.index(point_id) < order.index(parent)


def test_a_main_starts_above_the_sum_of_its_sub_meters():
    for main in CITY.service_points.values():
        subs = [
            p.start_register
            for p in CITY.service_points.values()
            if p.parent_service_point_id == main.service_point_id
        ]
        assert main.start_register >= sum(subs)


def test_pulses_fit_at_overload_flow():
    """Source: ISO 4064-1, overload flow Q4 = 1.25 Q3."""
    for point in CITY.service_points.values():
        q3_l_per_h = CITY.meters[point.meter_id].q3_l_per_h
        if q3_l_per_h is not None and point.per_pulse is not None:
            assert q3_l_per_h * 1.25 / 3.6 / point.per_pulse <= MAX_PULSES_PER_S


def test_premises_lie_in_their_districts():
    file = shared_data("city/geo_sofia/sofia_24_districts_official.geojson.gz")
    features = json.loads(gzip.decompress(file.read_bytes()))["features"]
    rings = {
        feature["properties"]["obns_cyr"]: [
            ring for polygon in feature["geometry"]["coordinates"] for ring in polygon
        ]
        for feature in features
    }
    for premises in CITY.premises.values():
        at = (premises.longitude, premises.latitude)
        assert within(at, rings[premises.district]), premises.premises_id


def within(at: tuple[float, float], rings: list[list[list[float]]]) -> bool:
    """Whether a line going east from ``at`` crosses the border an odd number of times."""
    x, y = at
    crossings = 0
    for ring in rings:
        for (x1, y1, *_), (x2, y2, *_) in pairwise(ring):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                crossings += 1
    return crossings % 2 == 1


def test_a_copy_of_the_tables_reads_like_the_tables(tables: Path):
    assert read_city(tables) == CITY


@pytest.mark.parametrize(
    ("place", "old", "new", "fault"),
    [
        (
            "service_points.csv, line 2, column own_use_per_day",
            "6500 l,",
            "6500 kWh,",
            "'6500 kWh' is not a number and one of the units ml, l, m3.",
        ),
        (
            "service_points.csv, line 2, column start_register",
            "48210.37 m3",
            "48210.3700001 m3",
            "'48210.3700001 m3' is not a whole number of ml.",
        ),
        (
            "service_points.csv, line 3, column parent_service_point_id",
            "iliyantsi-cold,w-1002",
            "iliyantsi-cald,w-1002",
            "'iliyantsi-cald' is no service point.",
        ),
        (
            "service_points.csv, line 3, column parent_service_point_id",
            "Cold water,,w-1001",
            "Cold water,iliyantsi-washing,w-1001",
            "'iliyantsi-cold' hangs on itself.",
        ),
        (
            "service_points.csv, line 3, column parent_service_point_id",
            "iliyantsi-cold,w-1002",
            "iliyantsi-gas,w-1002",
            "'iliyantsi-gas' is not measured in ml.",
        ),
        (
            "service_points.csv, line 19, column obis",
            "w-1010,8-1:1.0.0",
            "w-1010,8-2:1.0.0",
            "'8-2:1.0.0' appears a second time on n-mladost-03.",
        ),
        (
            "service_points.csv, line 9, column obis",
            "w-1004,8-0:1.0.0",
            "w-1004,8-0:2.0.0",
            "'8-0:2.0.0' is not a register.",
        ),
        (
            "meters.csv, line 17, column input",
            "1 l,1,,\nw-1010",
            "1 l,0,,\nw-1010",
            "'0' appears a second time on n-mladost-02.",
        ),
        (
            "meters.csv, line 7, column unit_id",
            "eastron_sdm630,2",
            "eastron_sdm630,248",
            "'248' is not a whole number from 1 to 247.",
        ),
        (
            "meters.csv, line 12, column pulse",
            ",,0,,,abb_b23,1\ne-2005",
            ",,0,10 l,0,,\ne-2005",
            "'10 l' is not a number and one of the units Wh, kWh, MWh.",
        ),
        (
            "meters.csv, line 13, column node_id",
            "e-2005,n-sredets-05",
            "e-2005,n-sredets-55",
            "'n-sredets-55' is in no row of its table.",
        ),
        (
            "nodes.csv, line 12, column node_id",
            "n-sredets-05,",
            "N_Sredets 05,",
            "'N_Sredets 05' is not 1 to 32 of a-z, 0-9 and -.",
        ),
        (
            "premises.csv, line 5, column kind",
            "commercial",
            "comercial",
            (
                "'comercial' is no kind of premises; known are administrative, commercial, "
                "production, residential, school."
            ),
        ),
        (
            "occupancy.csv, line 7, column day",
            "office,sunday",
            "office,saturday",
            "'saturday' appears a second time for office.",
        ),
    ],
)
def test_a_fault_is_named_with_its_place_and_rule(
    tables: Path, place: str, old: str, new: str, fault: str
):
    edit(tables, place.split(",")[0], old, new)
    with pytest.raises(CityError) as refusal:
        read_city(tables)
    assert str(refusal.value) == f"{place}: {fault}"


def test_other_columns_than_agreed_are_refused(tables: Path):
    edit(tables, "nodes.csv", "node_id,premises_id", "node,premises_id")
    with pytest.raises(CityError, match="line 1: the columns are node,premises_id,"):
        read_city(tables)


def test_a_row_with_a_cell_too_many_is_refused(tables: Path):
    edit(tables, "nodes.csv", "съблекални,changing rooms", "съблекални,changing,rooms")
    with pytest.raises(CityError, match="line 4: there are 6 cells where 5 belong"):
        read_city(tables)


def test_a_unit_is_converted_exactly(tables: Path):
    edit(tables, "service_points.csv", "48210.37 m3", "48210.370001 m3")
    point: ServicePoint = read_city(tables).service_points["iliyantsi-cold"]
    assert point.start_register == 48_210_370_001
