# SPDX-License-Identifier: EUPL-1.2
"""Premises and service points as the other modules see them."""

from dataclasses import dataclass

from wire import reading_types
from wire.reading_types import ReadingType


@dataclass(frozen=True, kw_only=True)
class Premises:
    """A building."""

    premises_id: str
    name_bg: str
    name_en: str
    kind: str
    address: str
    district: str
    latitude: float
    longitude: float
    households: int
    floor_area_m2: int


@dataclass(frozen=True, kw_only=True)
class ServicePoint:
    """Where one supply of a building is measured; a parent's register includes its children's."""

    service_point_id: str
    premises_id: str
    name_bg: str
    name_en: str
    reading_type: str
    parent_service_point_id: str | None
    supplier_id: str | None = None

    @property
    def type(self) -> ReadingType:
        """What is measured here."""
        return reading_types.named(self.reading_type)
