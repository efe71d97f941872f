# SPDX-License-Identifier: EUPL-1.2
"""What the weather's routes take and answer."""

from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from cloud.kit.schemas import Body, Identifier, Name, Text


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name} is no time zone; try Europe/Sofia") from error


class PlaceBody(Body):
    """What is said of a place, as it is added."""

    place_id: Identifier
    name_bg: Text
    name_en: Text
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    elevation_m: Annotated[float, Field(ge=-430, le=8850)]
    kind: Literal["station", "grid"]
    source: Text
    licence: Text
    attribution: Text
    day_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    delay_h: Annotated[float, Field(ge=0, le=24 * 60)] = 1.0
    feed: Literal["open-meteo"] | None = None


class Extent(BaseModel):
    """From when to when was observed at one resolution: the first and the last step's start."""

    resolution: Literal["hour", "day"]
    first: AwareDatetime
    last: AwareDatetime
    known_at: AwareDatetime  # of the last


class Place(BaseModel):
    """A station or the point of a grid, and what is there of its weather."""

    place_id: str
    name: Name
    latitude: float
    longitude: float
    elevation_m: float
    kind: Literal["station", "grid"]
    source: str
    licence: str
    attribution: str
    day_zone: str
    observed: list[Extent]


class _Answer(BaseModel):
    """What every answer about a place's weather says besides."""

    place_id: str
    licence: str
    attribution: str
    as_known_at: AwareDatetime | None  # None: now
    newest_known_at: AwareDatetime | None  # of what was used; None: nothing was


class Hours(_Answer):
    """Hours in columns: each has as many entries as ``interval_start``, null where unknown.

    ``estimated`` and ``forecast`` name by column the indices that were not observed; ``errors`` are
    the root mean square errors of estimates.
    """

    interval_start: list[AwareDatetime]
    columns: dict[str, list[float | None]]
    estimated: dict[str, list[int]]
    forecast: dict[str, list[int]]
    errors: dict[str, float]


class Days(_Answer):
    """Days in columns, as ``Hours``."""

    day_zone: str
    day: list[date]
    columns: dict[str, list[float | None]]
    estimated: dict[str, list[int]]
    forecast: dict[str, list[int]]
    errors: dict[str, float]


class Flag(BaseModel):
    """What the last check found wrong with a stretch of one column."""

    rule: str
    column: str
    since: AwareDatetime
    until: AwareDatetime
    explanation: str


class DegreeDays(_Answer):
    """Degree days of each day, and their sum over the days that are known."""

    heating_base_c: float
    heating_threshold_c: float
    cooling_base_c: float
    cooling_threshold_c: float
    day: list[date]
    heating_c_d: list[float | None]
    cooling_c_d: list[float | None]
    heating_sum_c_d: float
    cooling_sum_c_d: float
    unknown_days: int
    estimated_days: int


class SnowWater(_Answer):
    """The water in the snow, reckoned from temperature and precipitation: an index, no measurement.

    ``unknown_days`` are those since the last day without snow whose weather isn't known.
    """

    melt_factor_mm_per_c_d: float
    day: list[date]
    snow_water_mm: list[float | None]
    melt_mm: list[float | None]
    unknown_days: list[int]
