# SPDX-License-Identifier: EUPL-1.2
"""Entities: what Home Assistant is told of each register, leak or fault, node and gateway.

A payload here is a discovery message less its topic. Every entity has a message of its own, which
Home Assistant has understood since 2023; device discovery came two years later.
Source: Home Assistant documentation, MQTT, "Discovery payload"; Sensor and Binary sensor, "Device
class"; Developers, Sensor entity, "State classes".
"""

from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version

from edge_gateway.broker.guests import STATE_ROOT
from wire import reading_types
from wire.reading_types import ReadingType
from wire.status import OFFLINE, ONLINE

ON, OFF = "ON", "OFF"
RELEASE = version("iskar")
FAULT = "fault"
# What the leak rules watch, and what it is called when they notice something. Not a leak of gas: no
# meter is a safety device, and nobody may take this for one.
_CONCERNS = {
    reading_types.COLD_WATER: "leak",
    reading_types.HOT_WATER: "leak",
    reading_types.GAS: "unusual_use",
    reading_types.ELECTRICITY_IMPORT: "unusual_use",
}
_OF_THE_METER = ("missing", "stuck", "backflow")  # kinds of findings: its own faults, no use

Payload = dict[str, object]
Announcement = tuple[str, Payload]  # a topic, and what Home Assistant discovers there


@dataclass(frozen=True, slots=True)
class Shape:
    """How a quantity is shown: its unit is 10 to ``digits`` of ours."""

    device_class: str
    state_class: str
    unit: str
    digits: int


# By (utility, our unit). A meter's index is total_increasing: the statistics of Home Assistant
# then take a smaller count for a new meter, as they should.
_SHAPES = {
    ("water", "ml"): Shape("water", "total_increasing", "m³", 6),
    ("gas", "l"): Shape("gas", "total_increasing", "m³", 3),
    ("electricity", "Wh"): Shape("energy", "total_increasing", "kWh", 3),
    ("heat", "Wh"): Shape("energy", "total_increasing", "kWh", 3),
    ("water", "l/h"): Shape("volume_flow_rate", "measurement", "m³/h", 3),
    ("gas", "l/h"): Shape("volume_flow_rate", "measurement", "m³/h", 3),
    ("electricity", "W"): Shape("power", "measurement", "W", 0),
    ("heat", "W"): Shape("power", "measurement", "W", 0),
}


def shape(reading_type: ReadingType) -> Shape:
    """Return how a reading type is shown."""
    return _SHAPES[reading_type.utility, reading_type.unit]


def state(obis: str, register: int) -> str:
    """Return a register's count in the unit that is shown, without loss."""
    reading_type, _ = reading_types.parse(obis)
    return format(Decimal(register).scaleb(-shape(reading_type).digits), "f")


def slug(obis: str) -> str:
    """Return a channel's name in topics and ids, such as cold_water or cold_water_2."""
    reading_type, channel = reading_types.parse(obis)
    return f"{reading_type.name}_{channel}" if channel else str(reading_type.name)


def concerns(obis: str) -> tuple[str, ...]:
    """Return the names of what may be noticed behind this channel; none if nobody watches it."""
    reading_type, _ = reading_types.parse(obis)
    return (_CONCERNS[reading_type], FAULT) if reading_type in _CONCERNS else ()


def concern(obis: str, kind: str) -> str:
    """Return which of them a kind of finding belongs to."""
    return FAULT if kind in _OF_THE_METER else concerns(obis)[0]


class Entities:
    """The entities of one gateway: (topic, payload) of each, under one discovery prefix."""

    def __init__(self, gateway_id: str, prefix: str) -> None:
        self._gateway_id = gateway_id
        self._prefix = prefix

    def availability_topic(self, node_id: str | None = None) -> str:
        """Return where it is said whether the gateway, or a node of it, is there."""
        of_whom = self._gateway_id if node_id is None else f"{self._gateway_id}/{node_id}"
        return f"{STATE_ROOT}/{of_whom}/availability"

    def state_topic(self, node_id: str, name: str) -> str:
        """Return where the state of one of a node's entities is said."""
        return f"{STATE_ROOT}/{self._gateway_id}/{node_id}/{name}"

    def register(self, node_id: str, obis: str) -> Announcement:
        """Return the sensor of one channel."""
        shown = shape(reading_types.parse(obis)[0])
        return self._of_node(
            "sensor",
            node_id,
            slug(obis),
            device_class=shown.device_class,
            state_class=shown.state_class,
            unit_of_measurement=shown.unit,
            suggested_display_precision=min(shown.digits, 3),
        )

    def noticed(self, node_id: str, obis: str, name: str) -> Announcement:
        """Return the binary sensor of one concern behind one meter.

        Its class is problem, not moisture: what was noticed is flow through a meter, not wetness.
        """
        name = f"{slug(obis)}_{name}"
        return self._of_node(
            "binary_sensor",
            node_id,
            name,
            device_class="problem",
            value_template="{{ value_json.leak }}",
            json_attributes_topic=self.state_topic(node_id, name),
            **({"entity_category": "diagnostic"} if name.endswith(FAULT) else {}),
        )

    def last_reading(self, node_id: str) -> Announcement:
        """Return the sensor that tells when a node's meters were last read."""
        return self._of_node(
            "sensor",
            node_id,
            "last_reading",
            device_class="timestamp",
            entity_category="diagnostic",
        )

    def node_connection(self, node_id: str) -> Announcement:
        """Return the binary sensor that tells whether a node is there."""
        topic, payload = self._of_node("binary_sensor", node_id, "connection")
        payload |= _connectivity(self.availability_topic(node_id))
        payload["availability"] = [{"topic": self.availability_topic()}]
        return topic, payload

    def gateway_connection(self) -> Announcement:
        """Return the binary sensor that tells whether the gateway is there: its last will does."""
        return self._message(
            "binary_sensor",
            f"{self._gateway_id}_connection",
            name="Connection",
            device={
                "identifiers": [f"iskar_{self._gateway_id}"],
                "name": self._gateway_id,
                "manufacturer": "Iskar",
                "model": "Gateway",
                "sw_version": RELEASE,
            },
            **_connectivity(self.availability_topic()),
        )

    def _of_node(self, component: str, node_id: str, name: str, **others: object) -> Announcement:
        where = (self.availability_topic(), self.availability_topic(node_id))
        return self._message(
            component,
            f"{node_id}_{name}",
            name=name.replace("_", " ").capitalize(),
            state_topic=self.state_topic(node_id, name),
            availability=[{"topic": topic} for topic in where],
            availability_mode="all",
            device={
                "identifiers": [f"iskar_{node_id}"],
                "name": node_id,
                "manufacturer": "Iskar",
                "model": "Node",
                "via_device": f"iskar_{self._gateway_id}",
            },
            **others,
        )

    def _message(self, component: str, entity_id: str, **payload: object) -> Announcement:
        payload |= {
            "unique_id": f"iskar_{entity_id}",
            "origin": {"name": "Iskar", "sw_version": RELEASE},
            "qos": 1,
        }
        return f"{self._prefix}/{component}/iskar_{entity_id}/config", payload


def _connectivity(topic: str) -> Payload:
    return {
        "state_topic": topic,
        "payload_on": ONLINE,
        "payload_off": OFFLINE,
        "device_class": "connectivity",
        "entity_category": "diagnostic",
    }
