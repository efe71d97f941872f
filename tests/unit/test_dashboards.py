# SPDX-License-Identifier: EUPL-1.2
"""Boards as Grafana will read them."""

import json
import subprocess
import sys

import pytest

from dashboards.build import BOARDS, board_json
from dashboards.panels import DATASOURCE_TYPE, DATASOURCE_UID
from dashboards.queries import sql
from wire import quality, reading_types

SCHEMA_OF_GRAFANA_11_6 = 41


@pytest.fixture(params=list(BOARDS))
def board(request):
    return json.loads(board_json(request.param))


def test_the_same_code_gives_the_same_bytes():
    for name in BOARDS:
        assert board_json(name) == board_json(name)


def test_a_board_is_of_the_schema_that_it_was_written_for(board):
    assert board["schemaVersion"] == SCHEMA_OF_GRAFANA_11_6
    assert board["uid"]
    assert board["timezone"] == "Europe/Sofia"


def test_panels_have_ids_of_their_own_titles_and_explanations(board):
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    assert all(panel["description"] for panel in panels)


def test_panels_lie_on_the_grid_without_covering_each_other(board):
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells


def test_every_panel_asks_our_data_source_one_raw_query(board):
    source = {"type": DATASOURCE_TYPE, "uid": DATASOURCE_UID}
    for panel in board["panels"]:
        (target,) = panel["targets"]
        assert panel["datasource"] == target["datasource"] == source
        assert target["rawQuery"]
        assert target["format"] in ("time_series", "table")


def test_a_utility_is_queried_by_its_registers_alone():
    assert "in ('cold_water', 'hot_water')" in sql("use_by_day", "water")
    assert f"in ('{reading_types.ELECTRICITY_IMPORT.name}')" in sql("use_by_day", "electricity")


def test_qualities_are_those_of_the_wire():
    text = sql("quality")
    for bit, name in quality.NAMES:
        assert f"({bit}, '{name}')" in text


def test_the_command_writes_the_board_and_says_where(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "dashboards", "build", "--out", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == str(tmp_path / "municipal.json")
    assert (tmp_path / "municipal.json").read_text() == board_json("municipal") + "\n"
