# SPDX-License-Identifier: EUPL-1.2
"""What the registry of premises takes and gives."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cloud.kit.schemas import Body, Identifier, Integer, Name, Text
from wire import reading_types
from wire.errors import WireError


def _register_type(name: str) -> str:
    try:
        reading_type = reading_types.named(name)
    except WireError as error:
        raise ValueError(str(error)) from error
    if reading_type.kind != reading_types.REGISTER:
        raise ValueError(f"{name} is not a register; a service point measures a register")
    return name


RegisterType = Annotated[str, Field(max_length=40), AfterValidator(_register_type)]
Kind = Literal["production", "administrative", "residential", "commercial", "school"]


class PremisesBody(Body):
    """A building."""

    name: Name
    kind: Kind
    address: Text
    district: Text
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    households: Integer
    floor_area_m2: Integer


class Premises(PremisesBody):
    """A building with its id."""

    premises_id: str


class ServicePointBody(Body):
    """Where one supply of a building is measured."""

    premises_id: Identifier
    name: Name
    reading_type: RegisterType
    parent_service_point_id: Identifier | None = None
    supplier_id: Identifier | None = None


class ServicePoint(ServicePointBody):
    """A service point with its id."""

    service_point_id: str


class SupplierBody(Body):
    """A utility: who supplies service points."""

    name: Text


class Supplier(SupplierBody):
    """A utility with its id."""

    supplier_id: str
