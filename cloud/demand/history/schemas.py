# SPDX-License-Identifier: EUPL-1.2
"""What the routes of series take and give."""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from cloud.demand.history.models import Level, Origin, Unit, Utility
from cloud.kit.schemas import Body, Identifier, Name, Text

SeriesId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]


class SeriesBody(Body):
    """What is said of a series; where it is follows from the level."""

    name: Name
    utility: Utility
    level: Level
    unit: Unit
    origin: Origin = "import"
    supplier_id: Identifier | None = None
    premises_id: Identifier | None = None
    service_point_id: Identifier | None = None
    district: Text | None = None
    place_id: Identifier | None = None
    source: Text | None = None
    licence: Text | None = None
    expected_every_h: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _has_its_place(self) -> Self:
        needed = {
            "service_point": ("service_point_id",),
            "building": ("premises_id",),
            "district": ("district",),
            "city": (),
        }[self.level]
        for name in ("service_point_id", "premises_id", "district"):
            if (getattr(self, name) is not None) != (name in needed):
                raise ValueError(
                    f"a series of a {self.level} has {' and '.join(needed) or 'no place'},"
                    f" and {name} goes with others"
                )
        if self.origin == "iskar" and self.level != "service_point":
            raise ValueError("series of buildings, districts and the city are made by themselves")
        return self


class Series(BaseModel):
    """A series that the caller may see."""

    series_id: str
    name: Name
    utility: Utility
    level: Level
    unit: Unit
    origin: Origin
    supplier_id: str | None
    premises_id: str | None
    service_point_id: str | None
    district: str | None
    place_id: str | None
    source: str | None
    licence: str | None
    expected_every_h: int | None


class SeriesInterval(BaseModel):
    """Use in the unit of the series; None where it is unknown."""

    interval_start: AwareDatetime
    usage: float | None


class SeriesUsage(BaseModel):
    """What a series used; days and months only as they were brought, hours as they are known."""

    series_id: str
    unit: Unit
    resolution: Literal["hour", "day", "month"]
    timezone: str
    intervals: list[SeriesInterval]


class Finding(BaseModel):
    """What is odd about what was brought: in how many hours (or days, or months), and where."""

    kind: str
    explanation: str
    hours: int
    first: AwareDatetime | None = None
    last: AwareDatetime | None = None
    starts: list[AwareDatetime] = []


class Imported(BaseModel):
    """What became of a file; ``import_id`` is None where nothing in it was new."""

    import_id: int | None
    resolution: Literal["hour", "day", "month"]
    rows: int
    repeated_rows: int
    intervals: int
    unknown: int
    added: int
    superseded: int
    withdrawn: int
    first: AwareDatetime
    last: AwareDatetime
    findings: list[Finding]


class Year(BaseModel):
    """How many of a year's intervals there should be, and how many of them are missing."""

    year: int
    intervals: int
    missing: int


class Coverage(BaseModel):
    """What of a data set is known, in one resolution; ``share`` is of all from first to until."""

    resolution: str
    first: AwareDatetime | None
    until: AwareDatetime | None
    share: float
    years: list[Year]


class Dataset(BaseModel):
    """A series of weather or of use: what it is, whose, on what terms, how complete, how fresh.

    ``age_h`` is since the end of its newest interval. ``is_late`` is None where nobody said how
    often it should come, or nothing came yet.
    """

    dataset_id: str
    kind: Literal["weather", "usage"]
    name: Name
    what: str
    level: str
    place: str | None
    supplier_id: str | None
    source: str | None
    licence: str | None
    unit: str | None
    coverage: list[Coverage]
    expected_every_h: float | None
    age_h: float | None
    is_late: bool | None
    findings: list[Finding]


class Datasets(BaseModel):
    """The data sets that the caller may see, as they are known ``as_of``."""

    as_of: AwareDatetime
    count: int
    items: list[Dataset]


def series_of(one: Any) -> Series:
    """Return a series as it is answered."""
    fields = {name: getattr(one, name) for name in Series.model_fields if name != "name"}
    return Series(name=Name(bg=one.name_bg, en=one.name_en), **fields)
