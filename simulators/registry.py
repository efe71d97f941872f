# SPDX-License-Identifier: EUPL-1.2
"""The city's tables as the cloud's registry and as the technicians' plan."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simulators.city import City

SITE = "sofia"
Put = tuple[str, dict[str, object]]
SUPPLIERS = {
    "water": ("sofiyska-voda", "Sofiyska Voda"),
    "electricity": ("electrohold", "Electrohold"),
    "gas": ("overgas", "Overgas"),
    "heat": ("toplofikatsia-sofia", "Toplofikatsia Sofia"),
}


def registry(city: City) -> Iterator[Put]:
    """Yield (path, body) of every put that makes the cloud know the city, in a valid order."""
    for supplier_id, name in SUPPLIERS.values():
        yield f"/api/v1/suppliers/{supplier_id}", {"name": name}
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
                "reading_type": point.reading_type.name,
                "parent_service_point_id": point.parent_service_point_id,
                "supplier_id": SUPPLIERS[point.reading_type.utility][0],
            },
        )


def plan(
    city: City,
    *,
    broker_ports: Mapping[str, int],
    tls: bool,
    sample_interval_s: int,
    installed_at: str,
    channels: Callable[[str], list[dict[str, Any]]],
) -> dict[str, Any]:
    """Return the installation plan that ``iskar-field enrol-many`` takes.

    ``channels`` gives what a technician wrote down at a node's meters; ``broker_ports`` is by
    gateway.
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
                "channels": channels(node.node_id),
            }
            for node in city.nodes.values()
        ],
    }
