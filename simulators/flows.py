# SPDX-License-Identifier: EUPL-1.2
"""What passes each service point: its own use and that of every sub-meter behind it.

A main is the sum of what hangs on it by construction, so its register can't fall behind theirs.
"""

from collections.abc import Callable, Mapping

from simulators.city import City, ServicePoint
from simulators.register_maps import read_register_maps


def with_sub_meters(city: City, own: Callable[[ServicePoint], int]) -> dict[str, int]:
    """Return what passes each service point, given what each uses itself.

    The city lists sub-meters before what they hang on, so one pass is enough.
    """
    passed: dict[str, int] = dict.fromkeys(city.service_points, 0)
    for point_id, point in city.service_points.items():
        passed[point_id] += own(point)
        if point.parent_service_point_id is not None:
            passed[point.parent_service_point_id] += passed[point_id]
    return passed


def family(city: City, main: ServicePoint) -> list[ServicePoint]:
    """Return a service point and all that hang on it, directly or not."""
    found = {main.service_point_id}
    for point_id, point in reversed(city.service_points.items()):
        if point.parent_service_point_id in found:
            found.add(point_id)
    return [city.service_points[point_id] for point_id in found]


def start_registers(city: City) -> Mapping[str, int]:
    """Return the registers that the tables name, by service point."""
    return {point_id: point.start_register for point_id, point in city.service_points.items()}


def shown_by(city: City, point: ServicePoint) -> Callable[[int], int]:
    """Return how the meter of ``point`` shows a register: in pulses, or as its map can say it."""
    if (per_pulse := point.per_pulse) is not None:
        return lambda register: register // per_pulse * per_pulse
    name = city.meters[point.meter_id].register_map
    assert name is not None  # noqa: S101 - a meter has a pulse or a map: the tables saw to it
    return read_register_maps()[name].registers[point.reading_type.obis].shown
