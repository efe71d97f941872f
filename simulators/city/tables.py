# SPDX-License-Identifier: EUPL-1.2
"""The rows of the city's tables as objects, each checked on its own."""

from dataclasses import dataclass, fields

from simulators.city.cells import CityError, Row
from simulators.draws import FIXTURES
from wire import reading_types
from wire.errors import WireError
from wire.fields import MAX_REGISTER
from wire.reading_types import ReadingType

KINDS = ("production", "administrative", "residential", "commercial", "school")
DAYS = ("working", "saturday", "sunday", "school_holiday")
COURSES = ("steady", *FIXTURES)
MAX_FLOW_L_PER_H = 1_000_000
PULSE_INPUTS = 2
HOURS = tuple(f"{hour:02}" for hour in range(24))


@dataclass(frozen=True, kw_only=True)
class Premises:
    """One building and its gateway."""

    premises_id: str
    gateway_id: str
    kind: str
    name_bg: str
    name_en: str
    address_bg: str
    address_en: str
    district: str  # as the municipality writes it
    latitude: float
    longitude: float
    households: int
    floor_area_m2: int


@dataclass(frozen=True, kw_only=True)
class Node:
    """One of our ESP32, and where it hangs."""

    node_id: str
    premises_id: str
    board: str
    place_bg: str
    place_en: str


@dataclass(frozen=True, kw_only=True)
class Meter:
    """One instrument: read by pulses on an input, or by a register map on the Modbus line."""

    meter_id: str
    node_id: str
    make: str
    model: str
    serial: str
    q3_l_per_h: int | None  # permanent flow of a water meter (ISO 4064)
    households: int  # behind it; 0 where nobody lives
    pulse: str  # as typed, such as "10 l"; empty for a Modbus meter
    input: int | None
    register_map: str | None
    unit_id: int | None


@dataclass(frozen=True, kw_only=True)
class ServicePoint:
    """Where supply is measured, by which register of which meter, and how much is used there.

    ``own_use_per_day`` is the mean of a year, without what its sub-meters measure; like
    ``start_register`` and ``per_pulse`` it is in the wire unit of the reading type.
    """

    service_point_id: str
    premises_id: str
    name_bg: str
    name_en: str
    parent_service_point_id: str | None
    meter_id: str
    obis: str  # with the node's channel
    profile: str
    own_use_per_day: int
    start_register: int
    per_pulse: int | None  # None for a Modbus meter

    @property
    def reading_type(self) -> ReadingType:
        """What is measured; its ``obis`` has channel 0."""
        return reading_types.parse(self.obis)[0]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How use follows people and weather: relative weights, of which only the ratios count."""

    profile: str
    schedule: str
    course: str  # within the hour: steady, or as draws of one kind of user
    always: float
    occupied: float  # times occupancy
    darkness: float  # times occupancy, when the sun is down
    heating: float  # per K below the heating limit
    cooling: float  # times occupancy, per K above the cooling limit
    sunlight: float  # at full sun, less occupancy: what a roof exports
    spread_percent: float  # how far one hour is from another like it


def premises(row: Row) -> Premises:
    """Return a checked row of premises.csv."""
    return Premises(
        premises_id=row["premises_id"].identifier(),
        gateway_id=row["gateway_id"].identifier(),
        kind=row["kind"].one_of(KINDS, "kind of premises"),
        **{name: row[name].text() for name in _TEXTS_OF_PREMISES},
        latitude=row["latitude"].decimal(-90, 90),
        longitude=row["longitude"].decimal(-180, 180),
        households=row["households"].integer(0, 100_000),
        floor_area_m2=row["floor_area_m2"].integer(1, 10_000_000),
    )


_TEXTS_OF_PREMISES = ("name_bg", "name_en", "address_bg", "address_en", "district")


def node(row: Row) -> Node:
    """Return a checked row of nodes.csv."""
    return Node(
        node_id=row["node_id"].identifier(),
        premises_id=row["premises_id"].identifier(),
        board=row["board"].text(),
        place_bg=row["place_bg"].text(),
        place_en=row["place_en"].text(),
    )


def meter(row: Row) -> Meter:
    """Return a checked row of meters.csv."""
    pulsed = bool(row["pulse"].content)
    for column in ("register_map", "unit_id") if pulsed else ("input",):
        if row[column].content:
            raise row[column].refused("stands beside a pulse" if pulsed else "needs a pulse")
    return Meter(
        meter_id=row["meter_id"].identifier(),
        node_id=row["node_id"].identifier(),
        make=row["make"].text(),
        model=row["model"].text(),
        serial=row["serial"].text(),
        q3_l_per_h=(
            row["q3_l_per_h"].integer(1, MAX_FLOW_L_PER_H) if row["q3_l_per_h"].content else None
        ),
        households=row["households"].integer(0, 100_000),
        pulse=row["pulse"].content,
        input=row["input"].integer(0, PULSE_INPUTS - 1) if pulsed else None,
        register_map=None if pulsed else row["register_map"].text(),
        unit_id=None if pulsed else row["unit_id"].integer(1, 247),
    )


def service_point(row: Row, per_pulse: int | None) -> ServicePoint:
    """Return a checked row of service_points.csv whose meter gives ``per_pulse``."""
    reading_type = reading_type_of(row)
    start_register = row["start_register"].quantity(reading_type)
    if start_register > MAX_REGISTER:
        raise row["start_register"].refused(f"is over {MAX_REGISTER} {reading_type.unit}")
    parent = row["parent_service_point_id"]
    return ServicePoint(
        service_point_id=row["service_point_id"].identifier(),
        premises_id=row["premises_id"].identifier(),
        name_bg=row["name_bg"].text(),
        name_en=row["name_en"].text(),
        parent_service_point_id=parent.identifier() if parent.content else None,
        meter_id=row["meter_id"].identifier(),
        obis=row["obis"].content,
        profile=row["profile"].text(),
        own_use_per_day=row["own_use_per_day"].quantity(reading_type),
        start_register=start_register,
        per_pulse=per_pulse,
    )


def reading_type_of(row: Row) -> ReadingType:
    """Return what a row of service_points.csv measures: a register, never a flow or power."""
    try:
        reading_type, _ = reading_types.parse(row["obis"].content)
    except WireError as error:
        raise row["obis"].refused("is no OBIS code of the wire") from error
    if reading_type.kind != reading_types.REGISTER:
        raise row["obis"].refused("is not a register")
    return reading_type


def profile(row: Row) -> Profile:
    """Return a checked row of profiles.csv."""
    return Profile(
        profile=row["profile"].text(),
        schedule=row["schedule"].text(),
        course=row["course"].one_of(COURSES, "course"),
        **{name: row[name].decimal(0, 1000) for name in _WEIGHTS},
        spread_percent=row["spread_percent"].decimal(0, 90),
    )


_WEIGHTS = ("always", "occupied", "darkness", "heating", "cooling", "sunlight")


def occupancy(row: Row) -> tuple[str, str, tuple[float, ...]]:
    """Return schedule, day and the share of people present in each local hour."""
    return (
        row["schedule"].text(),
        row["day"].one_of(DAYS, "kind of day"),
        tuple(row[hour].integer(0, 100) / 100 for hour in HOURS),
    )


COLUMNS: dict[str, tuple[str, ...]] = {
    "premises": tuple(field.name for field in fields(Premises)),
    "nodes": tuple(field.name for field in fields(Node)),
    "meters": tuple(field.name for field in fields(Meter)),
    "service_points": tuple(
        field.name for field in fields(ServicePoint) if field.name != "per_pulse"
    ),
    "profiles": tuple(field.name for field in fields(Profile)),
    "occupancy": ("schedule", "day", *HOURS),
}

__all__ = ["COLUMNS", "CityError", "Meter", "Node", "Premises", "Profile", "ServicePoint"]
