# SPDX-License-Identifier: EUPL-1.2
"""Builders of plans and register maps, valid by default."""

import tomllib
from typing import Any

from provisioning.plan import Plan
from provisioning.settings import RegisterMap, RegisterMaps

WIFI_PASSWORD = "correct-horse-battery"

REGISTER_MAPS_TOML = """
[abb_b23]
make = "ABB"
model = "B23"
function = 3
source = "extra columns are for people"
[abb_b23.registers."1-0:1.8.0"]
address = 20480
type = "u64"
word_order = "big"
scale = [10, 1]
[abb_b23.registers."1-0:1.7.0"]
address = 23316
type = "i32"
word_order = "big"
scale = [1, 100]
"""


def a_pulse_channel(**changes: Any) -> dict[str, Any]:
    return {
        "service_point_id": "sp-cold",
        "meter_id": "m-cold",
        "obis": "8-0:1.0.0",
        "kind": "pulse",
        "input": 0,
        "per_pulse": [1000, 1],
        "start": 123_456_789,
        **changes,
    }


def a_modbus_channel(**changes: Any) -> dict[str, Any]:
    return {
        "service_point_id": "sp-power",
        "meter_id": "m-power",
        "obis": "1-0:1.8.0",
        "kind": "modbus",
        "map": "abb_b23",
        "unit_id": 1,
        **changes,
    }


def a_node(node_id: str = "n-mladost-01", **changes: Any) -> dict[str, Any]:
    return {
        "node_id": node_id,
        "gateway_id": "gw-mladost",
        "wifi": {"ssid": "basement", "password": WIFI_PASSWORD},
        "channels": [a_pulse_channel()],
        **changes,
    }


def plan_rows(*nodes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "site": "sofia",
        "broker": {"host": "10.0.0.2"},
        "installed_at": "2026-11-21T09:00:00+02:00",
        "nodes": list(nodes) or [a_node()],
        **changes,
    }


def a_plan(*nodes: dict[str, Any], **changes: Any) -> Plan:
    return Plan.model_validate(plan_rows(*nodes, **changes))


def register_maps() -> RegisterMaps:
    tables = tomllib.loads(REGISTER_MAPS_TOML)
    return {name: RegisterMap.model_validate(table) for name, table in tables.items()}
