# SPDX-License-Identifier: EUPL-1.2
import json
from pathlib import Path
from typing import Any

import pytest

from provisioning.errors import PlanError
from provisioning.plan import read_plan
from tests.field_builders import (
    WIFI_PASSWORD,
    a_modbus_channel,
    a_node,
    a_pulse_channel,
    plan_rows,
)


def refused(folder: Path, rows: Any) -> str:
    """Return the sentence with which the plan is refused."""
    path = folder / "plan.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(PlanError) as refusal:
        read_plan(path)
    return str(refusal.value)


def test_a_plan_reads_back_as_it_was_written(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_rows(a_node("n-1"))))
    assert read_plan(path).node("n-1").channels[0].obis == "8-0:1.0.0"


def test_every_fault_is_named_with_its_place(tmp_path):
    node = a_node(channels=[a_pulse_channel(input=2), a_modbus_channel(unit_id=0)])
    sentence = refused(tmp_path, plan_rows(node))
    assert "2 fault(s)" in sentence
    assert "nodes[0].channels[0].pulse.input" in sentence
    assert "nodes[0].channels[1].modbus.unit_id" in sentence


def test_a_wrong_wifi_password_is_refused_without_being_shown(tmp_path):
    node = a_node(wifi={"ssid": "basement", "password": "short"})
    sentence = refused(tmp_path, plan_rows(node))
    assert "8 to 63 characters" in sentence
    assert "short" not in sentence


def test_a_fault_elsewhere_does_not_show_the_wifi_password(tmp_path):
    assert WIFI_PASSWORD not in refused(tmp_path, plan_rows(a_node(board=3)))


@pytest.mark.parametrize(
    ("channels", "complaint"),
    [
        ([a_pulse_channel(), a_pulse_channel(service_point_id="b", input=1)], "OBIS code"),
        ([a_pulse_channel(), a_pulse_channel(obis="9-0:1.0.0")], "pulse input 0"),
        (
            [a_modbus_channel(), a_modbus_channel(obis="1-1:1.8.0", meter_id="m-other")],
            "unit_id 1",
        ),
        ([a_pulse_channel(obis="8-0:2.0.0")], "no register"),
        ([a_pulse_channel(obis="8-0:9.9.9")], "no reading type"),
        ([], "at least one meter"),
    ],
)
def test_channels_that_exclude_each_other_are_refused(tmp_path, channels, complaint):
    assert complaint in refused(tmp_path, plan_rows(a_node(channels=channels)))


def test_one_meter_may_give_two_registers_on_one_unit_id(tmp_path):
    exported = a_modbus_channel(service_point_id="sp-export", obis="1-0:2.8.0")
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_rows(a_node(channels=[a_modbus_channel(), exported]))))
    assert len(read_plan(path).nodes[0].channels) == 2


def test_two_nodes_may_not_measure_one_service_point(tmp_path):
    sentence = refused(tmp_path, plan_rows(a_node("n-1"), a_node("n-2")))
    assert "service_point_id sp-cold appears 2 times" in sentence


def test_a_node_without_a_broker_is_refused(tmp_path):
    assert "no broker" in refused(tmp_path, {**plan_rows(a_node()), "broker": None})


@pytest.mark.parametrize("content", ["", "[]", "{", '{"site": "sofia"}', "\u0000", "null"])
def test_a_file_that_is_no_plan_is_refused_by_name(tmp_path, content):
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(PlanError, match=r"plan\.json"):
        read_plan(path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(PlanError, match=r"nowhere\.json can't be read: No such file"):
        read_plan(tmp_path / "nowhere.json")


def test_an_unknown_node_is_answered_with_those_there_are(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_rows(a_node("n-1"))))
    with pytest.raises(PlanError, match=r"no node n-2; it has n-1"):
        read_plan(path).node("n-2")
