# SPDX-License-Identifier: EUPL-1.2
"""Meters wired to a gateway: on record in the cloud, and in a file that the gateway reads."""

import pytest

from edge_gateway.wired import register_maps as gateway_maps
from edge_gateway.wired import wiring
from provisioning.cloud import Cloud
from provisioning.errors import PlanError
from provisioning.wired import enrol_meters
from tests.fakes.field_cloud import TOKEN, FakeFieldCloud
from tests.field_builders import a_modbus_channel, a_plan, register_maps


def a_meter(number, **changes):
    row = a_modbus_channel(
        service_point_id=f"sp-{number}",
        meter_id=f"m-{number}",
        obis=f"1-{number}:1.8.0",
        unit_id=number,
        **changes,
    )
    del row["kind"]
    return row


def a_wired_plan(**changes):
    lines = [
        {"port": "/dev/serial/by-id/usb-*", "parity": "E", "meters": [a_meter(1), a_meter(2)]},
        {"host": "10.0.0.9", "meters": [a_meter(3, also=["1-3:1.7.0"])]},
    ]
    wired = {"node_id": "gw-mladost-meters", "gateway_id": "gw-mladost", "lines": lines}
    return a_plan(wired=[wired], **changes)


@pytest.fixture
def registry():
    with FakeFieldCloud() as fake:
        fake.gateways["gw-mladost"] = {}
        with Cloud(fake.url, TOKEN) as cloud:
            yield fake, cloud


def test_the_gateway_reads_what_the_plan_says_and_the_cloud_knows_the_meters(tmp_path, registry):
    fake, cloud = registry
    assert enrol_meters(a_wired_plan(), "gw-mladost", tmp_path, register_maps(), cloud)
    wired = wiring.read(tmp_path)
    assert (wired.node_id, wired.interval_s) == ("gw-mladost-meters", 30)
    assert [(line.name, line.parity) for line in wired.lines] == [
        ("/dev/serial/by-id/usb-*", "E"),
        ("10.0.0.9:502", "N"),
    ]
    maps = gateway_maps.read()
    meters = [meter for line in wired.lines for meter in wiring.meters_of(line, maps)]
    codes = [[channel.obis for channel in meter.channels] for meter in meters]
    assert codes == [["1-1:1.8.0"], ["1-2:1.8.0"], ["1-3:1.8.0", "1-3:1.7.0"]]
    assert set(fake.nodes) == {"gw-mladost-meters"}
    assert set(fake.installations) == {"sp-1", "sp-2", "sp-3"}
    assert not enrol_meters(a_wired_plan(), "gw-mladost", tmp_path, register_maps(), cloud)


@pytest.mark.parametrize(
    ("gateway_id", "changes", "sentence"),
    [
        ("gw-lozenets", {}, "no meters wired to gateway gw-lozenets"),
        ("gw-mladost", {"installed_at": None}, "does not say since when"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_registered(
    tmp_path, registry, gateway_id, changes, sentence
):
    fake, cloud = registry
    with pytest.raises(PlanError, match=sentence):
        enrol_meters(a_wired_plan(**changes), gateway_id, tmp_path, register_maps(), cloud)
    assert fake.nodes == {}
    assert list(tmp_path.iterdir()) == []


def test_two_rows_of_one_meter_are_read_as_one(tmp_path, registry):
    _, cloud = registry
    export = a_meter(1) | {"service_point_id": "sp-export", "obis": "1-1:1.7.0"}
    lines = [{"host": "10.0.0.9", "meters": [a_meter(1), export]}]
    wired = {"node_id": "gw-mladost-meters", "gateway_id": "gw-mladost", "lines": lines}
    enrol_meters(a_plan(wired=[wired]), "gw-mladost", tmp_path, register_maps(), cloud)
    (line,) = wiring.read(tmp_path).lines
    assert [one.registers for one in line.meters] == [("1-1:1.8.0", "1-1:1.7.0")]
