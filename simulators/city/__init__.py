# SPDX-License-Identifier: EUPL-1.2
"""The city as data: tables that a person can read and edit, and the objects they become.

``read_city()`` checks every cell and every reference, and refuses with file, line, column, content
and rule. The tables are described in README.md.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from simulators.city import tables
from simulators.city.cells import Cell, CityError, Row, read_rows
from simulators.city.tables import Meter, Node, Premises, Profile, ServicePoint

HERE = Path(__file__).parent
Schedules = dict[str, dict[str, tuple[float, ...]]]  # schedule, kind of day, local hour: share

__all__ = [
    "City",
    "CityError",
    "Meter",
    "Node",
    "Premises",
    "Profile",
    "Schedules",
    "ServicePoint",
    "read_city",
]


@dataclass(frozen=True, kw_only=True)
class City:
    """Everything by its id. ``service_points`` has sub-meters before what they hang on."""

    premises: dict[str, Premises]
    nodes: dict[str, Node]
    meters: dict[str, Meter]
    service_points: dict[str, ServicePoint]
    profiles: dict[str, Profile]
    schedules: Schedules

    def node_of(self, point: ServicePoint) -> Node:
        """Return the node that reads a service point."""
        return self.nodes[self.meters[point.meter_id].node_id]

    def gateway_of(self, node_id: str) -> str:
        """Return the id of the gateway that a node speaks to."""
        return self.premises[self.nodes[node_id].premises_id].gateway_id

    def read_by(self, node_id: str) -> list[ServicePoint]:
        """Return the service points that a node reads."""
        points = self.service_points.values()
        return [point for point in points if self.meters[point.meter_id].node_id == node_id]


def read_city(directory: Path = HERE) -> City:
    """Return the city described by the tables in ``directory``, or raise CityError."""
    rows = {
        name: list(read_rows(directory / f"{name}.csv", columns))
        for name, columns in tables.COLUMNS.items()
    }
    city = City(
        premises=_by_id(rows["premises"], "premises_id", tables.premises),
        nodes=_by_id(rows["nodes"], "node_id", tables.node),
        meters=_by_id(rows["meters"], "meter_id", tables.meter),
        service_points=_service_points(rows),
        profiles=_by_id(rows["profiles"], "profile", tables.profile),
        schedules=_schedules(rows["occupancy"]),
    )
    _check_references(city, rows)
    _check_installations(city, rows)
    return city


Entry = TypeVar("Entry")


def _by_id(rows: list[Row], column: str, build: Callable[[Row], Entry]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for row in rows:
        if row[column].content in found:
            raise row[column].refused("appears a second time")
        found[row[column].content] = build(row)
    return found


def _service_points(rows: dict[str, list[Row]]) -> dict[str, ServicePoint]:
    """Build the points, which need their meters' pulses, and put children before parents."""
    pulses = {row["meter_id"].content: row["pulse"] for row in rows["meters"]}

    def build(row: Row) -> ServicePoint:
        pulse = pulses.get(row["meter_id"].content)
        per_pulse = None
        if pulse is not None and pulse.content:
            per_pulse = pulse.quantity(tables.reading_type_of(row))
            if not per_pulse:
                raise pulse.refused("is nothing")
        return tables.service_point(row, per_pulse)

    points = _by_id(rows["service_points"], "service_point_id", build)
    parents = {
        row["service_point_id"].content: row["parent_service_point_id"]
        for row in rows["service_points"]
    }
    depth = {point_id: _depth(point_id, points, parents) for point_id in points}
    return {point_id: points[point_id] for point_id in sorted(points, key=lambda i: -depth[i])}


def _depth(point_id: str, points: dict[str, ServicePoint], parents: dict[str, Cell]) -> int:
    depth, current = 0, points[point_id]
    while current.parent_service_point_id is not None:
        cell = parents[current.service_point_id]
        parent = points.get(current.parent_service_point_id)
        if parent is None:
            raise cell.refused("is no service point")
        if parent.premises_id != current.premises_id:
            raise cell.refused("belongs to other premises")
        if parent.reading_type.unit != current.reading_type.unit:
            raise cell.refused(f"is not measured in {current.reading_type.unit}")
        depth, current = depth + 1, parent
        if depth > len(points):
            raise cell.refused("hangs on itself")
    return depth


def _schedules(rows: list[Row]) -> Schedules:
    schedules: Schedules = {}
    for row in rows:
        schedule, day, shares = tables.occupancy(row)
        if day in schedules.setdefault(schedule, {}):
            raise row["day"].refused(f"appears a second time for {schedule}")
        schedules[schedule][day] = shares
    for row in rows:
        days = schedules[row["schedule"].content]
        for day in tables.DAYS[:3]:  # a school holiday is a working day where it has no row
            if day not in days:
                raise row["schedule"].refused(f"has no row for {day}")
    return schedules


class _Sized(Protocol):
    def __contains__(self, key: object, /) -> bool: ...


def _check_references(city: City, rows: dict[str, list[Row]]) -> None:
    references: Iterable[tuple[str, str, _Sized]] = (
        ("nodes", "premises_id", city.premises),
        ("meters", "node_id", city.nodes),
        ("service_points", "premises_id", city.premises),
        ("service_points", "meter_id", city.meters),
        ("service_points", "profile", city.profiles),
        ("profiles", "schedule", city.schedules),
    )
    for table, column, known in references:
        for row in rows[table]:
            if row[column].content not in known:
                raise row[column].refused("is in no row of its table")


def _check_installations(city: City, rows: dict[str, list[Row]]) -> None:
    """A node tells its meters apart by input, unit id and OBIS code; each only once."""
    for cells in (_inputs(city, rows), _codes(city, rows)):
        seen: set[tuple[str, ...]] = set()
        for key, cell in cells:
            if key in seen:
                raise cell.refused(f"appears a second time on {key[0]}")
            seen.add(key)
    for row in rows["service_points"]:
        point = city.service_points[row["service_point_id"].content]
        if city.node_of(point).premises_id != point.premises_id:
            raise row["meter_id"].refused("is read by a node of other premises")


def _inputs(city: City, rows: dict[str, list[Row]]) -> Iterator[tuple[tuple[str, ...], Cell]]:
    for row in rows["meters"]:
        column = "unit_id" if city.meters[row["meter_id"].content].input is None else "input"
        yield (row["node_id"].content, column, row[column].content), row[column]


def _codes(city: City, rows: dict[str, list[Row]]) -> Iterator[tuple[tuple[str, ...], Cell]]:
    for row in rows["service_points"]:
        node_id = city.meters[row["meter_id"].content].node_id
        yield (node_id, row["obis"].content), row["obis"]
