# SPDX-License-Identifier: EUPL-1.2
"""What provisioning writes is what the firmware reads."""

import json

from firmware.settings import Settings
from provisioning import settings
from tests.field_builders import (
    WIFI_PASSWORD,
    a_modbus_channel,
    a_node,
    a_plan,
    a_pulse_channel,
    register_maps,
)


def read_by_the_firmware(node):
    plan = a_plan(node)
    written = settings.encode(settings.node_settings(plan, plan.nodes[0], register_maps(), 7))
    return Settings(json.loads(written))


def test_the_firmware_takes_the_settings_that_provisioning_writes():
    taken = read_by_the_firmware(
        a_node(channels=[a_pulse_channel(), a_modbus_channel(also=["1-0:1.7.0"])])
    )
    assert (taken.node_id, taken.site, taken.gateway_id) == ("n-mladost-01", "sofia", "gw-mladost")
    assert (taken.first_boot, taken.sample_interval_s) == (7, 30)
    assert (taken.ssid, taken.password) == ("basement", WIFI_PASSWORD)
    assert (taken.host, taken.port, taken.has_tls) == ("10.0.0.2", 8883, True)
    assert taken.server_name == "gw-mladost"


def test_an_open_network_is_taken_too():
    node = a_node(wifi={"ssid": "open", "password": ""})
    assert read_by_the_firmware(node).password == ""
