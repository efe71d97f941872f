# SPDX-License-Identifier: EUPL-1.2
"""What we announce to Home Assistant, held to what its documentation says it takes.

Sources, all of Home Assistant's documentation: MQTT, "Discovery topic" and "Discovery payload";
MQTT sensor and MQTT binary sensor, "Configuration"; Sensor and Binary sensor, "Device class";
for developers: Sensor entity, "Available device classes" and "Available state classes".
"""

import json
import re

import pytest

from edge_gateway.neighbours.homeassistant import entities
from edge_gateway.neighbours.homeassistant.entities import Entities
from wire import reading_types

TOPIC = re.compile(r"homeassistant/(sensor|binary_sensor)/[a-zA-Z0-9_-]+/config")
OF_BOTH = {
    "availability": list,
    "availability_mode": str,
    "device": dict,
    "device_class": str,
    "entity_category": str,
    "json_attributes_topic": str,
    "name": str,
    "origin": dict,
    "qos": int,
    "state_topic": str,
    "unique_id": str,
    "value_template": str,
}
OPTIONS = {
    "sensor": OF_BOTH
    | {"state_class": str, "suggested_display_precision": int, "unit_of_measurement": str},
    "binary_sensor": OF_BOTH | {"payload_off": str, "payload_on": str},
}
OF_A_DEVICE = {"identifiers", "manufacturer", "model", "name", "sw_version", "via_device"}
TOTALS, MEASUREMENT, NONE = {"total", "total_increasing"}, {"measurement"}, {None}
SENSOR_CLASSES = {  # units and state classes that each allows
    "energy": ({"Wh", "kWh", "MWh", "MJ", "GJ"}, TOTALS),
    "gas": ({"m³", "ft³", "CCF"}, TOTALS),
    "power": ({"W", "kW"}, MEASUREMENT),
    "timestamp": (NONE, NONE),
    "volume_flow_rate": ({"m³/h", "ft³/min", "L/min", "gal/min"}, MEASUREMENT),
    "water": ({"L", "gal", "m³", "ft³", "CCF"}, TOTALS),
}
BINARY_SENSOR_CLASSES = {"connectivity", "problem"}
OURS = Entities("gw-1", "homeassistant")
CODES = [one.on_channel(channel) for one in reading_types.ALL for channel in (0, 2)]
ANNOUNCED = [
    OURS.gateway_connection(),
    OURS.node_connection("n-1"),
    OURS.last_reading("n-1"),
    *(OURS.register("n-1", code) for code in CODES),
    *(OURS.noticed("n-1", code, name) for code in CODES for name in entities.concerns(code)),
]


@pytest.mark.parametrize(("topic", "payload"), ANNOUNCED, ids=[one[0] for one in ANNOUNCED])
def test_an_announcement_is_one_that_home_assistant_documents(topic, payload):
    found = TOPIC.fullmatch(topic)
    assert found is not None
    options = OPTIONS[found[1]]
    assert payload.keys() <= options.keys()
    assert {"state_topic", "unique_id"} <= payload.keys()
    assert all(isinstance(content, options[name]) for name, content in payload.items())
    assert json.loads(json.dumps(payload)) == payload


@pytest.mark.parametrize(("topic", "payload"), ANNOUNCED, ids=[one[0] for one in ANNOUNCED])
def test_class_unit_and_statistics_fit_each_other(topic, payload):
    if "/binary_sensor/" in topic:
        assert payload["device_class"] in BINARY_SENSOR_CLASSES
        return
    units, state_classes = SENSOR_CLASSES[payload["device_class"]]
    assert payload.get("unit_of_measurement") in units
    assert payload.get("state_class") in state_classes


@pytest.mark.parametrize(
    "payload", [one[1] for one in ANNOUNCED], ids=[one[0] for one in ANNOUNCED]
)
def test_every_entity_belongs_to_a_device_and_goes_with_its_gateway(payload):
    device = payload["device"]
    assert device.keys() <= OF_A_DEVICE
    assert device["identifiers"]
    assert payload["origin"]["name"]
    if device["model"] == "Node":
        assert {"topic": OURS.availability_topic()} in payload["availability"]
        assert payload.get("availability_mode") == "all"
        assert device["via_device"] in OURS.gateway_connection()[1]["device"]["identifiers"]


def test_no_two_entities_share_a_name():
    assert len({topic for topic, _ in ANNOUNCED}) == len(ANNOUNCED)
    assert len({payload["unique_id"] for _, payload in ANNOUNCED}) == len(ANNOUNCED)


@pytest.mark.parametrize(
    ("code", "register", "shown"),
    [
        ("8-0:1.0.0", 1_234_567_890, "1234.567890"),  # ml, as m³
        ("9-0:1.0.0", 1, "0.000001"),
        ("7-0:3.0.0", 1500, "1.500"),  # l, as m³
        ("1-0:1.8.0", 9_007_199_254_740_991, "9007199254740.991"),  # Wh, as kWh: 2^53 - 1
        ("6-0:1.0.0", 0, "0.000"),
        ("1-0:1.7.0", -230, "-230"),  # W
        ("8-0:2.0.0", 90, "0.090"),  # l/h, as m³/h
    ],
)
def test_a_count_is_shown_exactly_in_its_unit(code, register, shown):
    assert entities.state(code, register) == shown
