# SPDX-License-Identifier: EUPL-1.2
import json
from pathlib import Path

import pytest

from provisioning import settings
from provisioning.errors import PlanError
from tests.field_builders import (
    REGISTER_MAPS_TOML,
    WIFI_PASSWORD,
    a_modbus_channel,
    a_node,
    a_plan,
    a_pulse_channel,
    register_maps,
)

ROOT = Path(__file__).parents[2]


def settings_of(node, *, first_boot=1):
    plan = a_plan(node)
    return settings.node_settings(plan, plan.nodes[0], register_maps(), first_boot)


def test_a_pulse_meter_becomes_the_entry_of_the_contract():
    assert settings_of(a_node()) == {
        "ver": 1,
        "node_id": "n-mladost-01",
        "site": "sofia",
        "gateway_id": "gw-mladost",
        "first_boot": 1,
        "sample_interval_s": 30,
        "wifi": {"ssid": "basement", "password": WIFI_PASSWORD},
        "broker": {"host": "10.0.0.2", "port": 8883, "tls": True, "server_name": "gw-mladost"},
        "modbus": {"baud": 9600, "parity": "N", "timeout_ms": 500},
        "channels": [
            {
                "obis": "8-0:1.0.0",
                "kind": "pulse",
                "input": 0,
                "per_pulse": [1000, 1],
                "start": 123_456_789,
            }
        ],
    }


def test_a_modbus_meter_is_expanded_from_its_map():
    node = a_node(channels=[a_modbus_channel(also=["1-0:1.7.0"])])
    assert settings_of(node)["channels"] == [
        {
            "obis": "1-0:1.8.0",
            "kind": "modbus",
            "unit_id": 1,
            "function": 3,
            "address": 20480,
            "type": "u64",
            "word_order": "big",
            "scale": [10, 1],
        },
        {
            "obis": "1-0:1.7.0",
            "kind": "modbus",
            "unit_id": 1,
            "function": 3,
            "address": 23316,
            "type": "i32",
            "word_order": "big",
            "scale": [1, 100],
        },
    ]


def test_what_a_second_meter_measures_also_is_put_on_its_channel():
    second = a_modbus_channel(obis="1-2:1.8.0", also=["1-0:1.7.0"])
    codes = [entry["obis"] for entry in settings_of(a_node(channels=[second]))["channels"]]
    assert codes == ["1-2:1.8.0", "1-2:1.7.0"]


def test_a_node_may_have_a_broker_of_its_own():
    node = a_node(broker={"host": "10.0.0.9", "port": 1883, "tls": False, "server_name": "gw-x"})
    assert settings_of(node)["broker"] == {
        "host": "10.0.0.9",
        "port": 1883,
        "tls": False,
        "server_name": "gw-x",
    }


def test_first_boot_is_what_the_cloud_said():
    assert settings_of(a_node(), first_boot=42)["first_boot"] == 42


def test_equal_settings_are_equal_bytes():
    reordered = dict(reversed(settings_of(a_node()).items()))
    assert settings.encode(reordered) == settings.encode(settings_of(a_node()))


def test_a_quantity_that_the_meter_lacks_is_refused_with_those_it_has():
    node = a_node(channels=[a_modbus_channel(obis="1-0:2.8.0")])
    with pytest.raises(PlanError, match=r"ABB B23 has no electricity_export .*has 1-0:1\.8\.0"):
        settings_of(node)


def test_an_unknown_map_is_refused_with_those_there_are():
    with pytest.raises(PlanError, match=r"no register map abb_b99; there are abb_b23"):
        settings_of(a_node(channels=[a_modbus_channel(map="abb_b99")]))


def test_more_registers_than_a_telegram_holds_are_refused():
    channels = [
        a_modbus_channel(
            service_point_id=f"sp-{n}",
            meter_id=f"m-{n}",
            unit_id=n,
            obis=f"1-{n}:1.8.0",
            also=["1-0:1.7.0"],
        )
        for n in range(1, 10)
    ]
    with pytest.raises(PlanError, match=r"18 registers; a telegram holds 16"):
        settings_of(a_node(channels=channels))


def test_register_maps_are_read_from_toml(tmp_path):
    path = tmp_path / "maps.toml"
    path.write_text(REGISTER_MAPS_TOML)
    maps = settings.read_register_maps(path)
    assert maps["abb_b23"].registers["1-0:1.8.0"].scale == (10, 1)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[a", "not TOML"),
        ("[a]\nmake='A'\nmodel='B'\nfunction=6\nregisters={}", "a.function"),
        (REGISTER_MAPS_TOML.replace("[10, 1]", "[10, 0]"), "scale"),
    ],
)
def test_a_broken_register_map_is_refused_with_the_place(tmp_path, content, complaint):
    path = tmp_path / "maps.toml"
    path.write_text(content)
    with pytest.raises(PlanError, match=complaint):
        settings.read_register_maps(path)


def test_settings_survive_json_unchanged():
    wanted = settings_of(a_node(channels=[a_pulse_channel(), a_modbus_channel()]))
    assert json.loads(settings.encode(wanted)) == wanted


def test_the_register_maps_that_we_ship_are_readable():
    maps = settings.read_register_maps(ROOT / "hardware" / "register_maps.toml")
    assert len({register_map.make for register_map in maps.values()}) >= 3
    assert all("1-0:1.8.0" in register_map.registers for register_map in maps.values())
