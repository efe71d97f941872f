# SPDX-License-Identifier: EUPL-1.2
"""Series of use as the other modules see them, and what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from cloud.demand.series import Floats, Ints

Level = Literal["service_point", "building", "district", "city"]
Utility = Literal["water", "gas", "electricity", "heat"]
Unit = Literal["l", "wh"]
Origin = Literal["iskar", "import"]
Resolution = Literal["hour", "day", "month"]

ISKAR = "iskar"  # summed here from meters
IMPORT = "import"  # brought along by a utility
MANY = ("district", "city")  # levels from which no building is to be told
# What each utility's amounts are in; gas is in litres from meters, and in either in files.
UNITS: dict[str, tuple[Unit, ...]] = {
    "water": ("l",),
    "gas": ("l", "wh"),
    "electricity": ("wh",),
    "heat": ("wh",),
}


@dataclass(frozen=True, kw_only=True)
class Series:
    """What somebody uses of one utility: where, whose it is, and in which unit it is told."""

    series_id: str
    name_bg: str
    name_en: str
    utility: Utility
    level: Level
    unit: Unit
    origin: Origin
    supplier_id: str | None = None
    premises_id: str | None = None
    service_point_id: str | None = None
    district: str | None = None
    place_id: str | None = None
    source: str | None = None
    licence: str | None = None
    expected_every_h: int | None = None
    coverage: dict[str, Any] | None = field(default=None, compare=False)

    @property
    def place(self) -> tuple[str, str, str]:
        """What is summed: there is one series of Iskar's own for each."""
        where = self.service_point_id or self.premises_id or self.district or ""
        return (self.utility, self.level, where)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one import tells of a series: Unix s of starts, and amounts, NaN for unknown."""

    series_id: str
    import_id: int
    resolution: Resolution
    start_s: Ints
    amounts: Floats


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Days or months of a series in order, as they were brought; none of them is in the hours."""

    resolution: Resolution
    starts: Sequence[datetime]
    amounts: Floats
