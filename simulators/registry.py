# SPDX-License-Identifier: EUPL-1.2
"""The city's tables as the cloud's registry and as the technicians' plan."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simulators.city import City, ServicePoint
from wire.reading_types import ELECTRICITY_IMPORT, POWER_IMPORT

SITE = "sofia"
Put = tuple[str, dict[str, object]]


def registry(city: City) -> Iterator[Put]:
    """Yield (path, body) of every put that makes the cloud know the city, in a valid order."""
    for premises in city.premises.values():
        yield (
            f"/api/v1/premises/{premises.premises_id}",
            {
                "name": {"bg": premises.name_bg, "en": premises.name_en},
                "kind": premises.kind,
                "address": premises.address_bg,
                "district": premises.district,
                "latitude": premises.latitude,
                "longitude": premises.longitude,
                "households": premises.households,
                "floor_area_m2": premises.floor_area_m2,
            },
        )
    for meter in city.meters.values():
        yield (
            f"/api/v1/meters/{meter.meter_id}",
            {
                "serial": meter.serial,
                "make": meter.make,
                "model": meter.model,
                "q3_l_per_h": meter.q3_l_per_h,
                "households": meter.households,
            },
        )
    for point in reversed(city.service_points.values()):  # mains before what hangs on them
        yield (
            f"/api/v1/service-points/{point.service_point_id}",
            {
                "premises_id": point.premises_id,
                "name": {"bg": point.name_bg, "en": point.name_en},
                "reading_type": point.reading_type.obis,
                "parent_service_point_id": point.parent_service_point_id,
            },
        )


def plan(
    city: City,
    *,
    broker_ports: Mapping[str, int],
    tls: bool,
    sample_interval_s: int,
    installed_at: str,
    start_of: Callable[[ServicePoint], int],
) -> dict[str, Any]:
    """Return the installation plan that ``iskar-field enrol-many`` takes.

    ``start_of`` gives the register that a pulse meter's dial showed with its counter at 0, in wire
    units; ``broker_ports`` is by gateway.
    """
    return {
        "site": SITE,
        "installed_at": installed_at,
        "nodes": [
            {
                "node_id": node.node_id,
                "gateway_id": city.gateway_of(node.node_id),
                "board": node.board,
                "sample_interval_s": sample_interval_s,
                "wifi": {"ssid": "iskar", "password": ""},
                "broker": {
                    "host": "127.0.0.1",
                    "port": broker_ports[city.gateway_of(node.node_id)],
                    "tls": tls,
                },
                "channels": [
                    _channel(city, point, start_of) for point in city.read_by(node.node_id)
                ],
            }
            for node in city.nodes.values()
        ],
    }


def _channel(
    city: City, point: ServicePoint, start_of: Callable[[ServicePoint], int]
) -> dict[str, object]:
    meter = city.meters[point.meter_id]
    channel: dict[str, object] = {
        "service_point_id": point.service_point_id,
        "meter_id": point.meter_id,
        "obis": point.obis,
    }
    if point.per_pulse is not None:
        return channel | {
            "kind": "pulse",
            "input": meter.input,
            "per_pulse": [point.per_pulse, 1],
            "start": start_of(point),
        }
    power = [POWER_IMPORT.obis] if point.reading_type is ELECTRICITY_IMPORT else []
    return channel | {
        "kind": "modbus",
        "map": meter.register_map,
        "unit_id": meter.unit_id,
        "also": power,
    }
