# SPDX-License-Identifier: EUPL-1.2
"""What weather is made of: places, the columns told of an hour or a day, and when it was known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]

HOUR_COLUMNS = (
    "temperature_c",
    "precipitation_mm",
    "humidity_pct",
    "wind_m_per_s",
    "irradiance_w_per_m2",
    "pressure_hpa",
    "snow_depth_cm",
)
DAY_COLUMNS = (
    "temperature_c",
    "temperature_min_c",
    "temperature_max_c",
    "precipitation_mm",
    "snowfall_cm",
    "snow_depth_cm",
    "snow_water_mm",
    "humidity_pct",
    "wind_m_per_s",
    "wind_max_m_per_s",
    "irradiance_w_per_m2",
    "pressure_hpa",
)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EPOCH = date(1970, 1, 1)


class Resolution(StrEnum):
    """What a row is about."""

    HOUR = "hour"
    DAY = "day"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that may be told of it."""
        return HOUR_COLUMNS if self is Resolution.HOUR else DAY_COLUMNS

    @property
    def step(self) -> timedelta:
        """Its length; days are days of the calendar, without a clock."""
        return HOUR if self is Resolution.HOUR else DAY


@dataclass(frozen=True, kw_only=True)
class Place:
    """A station, or the point of a grid.

    Attributes:
        source: who tells its weather; ``licence`` and ``attribution`` go with every answer.
        day_zone: the zone whose calendar its days follow.
        delay_h: how long after its end an hour or day is known, where a file doesn't say.
        feed: where its forecasts are fetched; None for nowhere.
    """

    place_id: str
    name_bg: str
    name_en: str
    latitude: float
    longitude: float
    elevation_m: float
    kind: Literal["station", "grid"]
    source: str
    licence: str
    attribution: str
    day_zone: str = "UTC"
    delay_h: float = 1.0
    feed: Literal["open-meteo"] | None = None
    place_key: int = 0

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its days."""
        return ZoneInfo(self.day_zone)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """``count`` hours (UTC) or days from ``start`` on; a day is told as midnight UTC."""

    resolution: Resolution
    start: datetime
    count: int

    @classmethod
    def between(cls, resolution: Resolution, since: datetime, until: datetime) -> "Grid":
        """Return the steps that begin in [since, until)."""
        step = resolution.step
        first = -((datetime(1970, 1, 1, tzinfo=UTC) - since) // step)
        last = -((datetime(1970, 1, 1, tzinfo=UTC) - until) // step)
        start = datetime(1970, 1, 1, tzinfo=UTC) + first * step
        return cls(resolution=resolution, start=start, count=max(0, last - first))

    @property
    def end(self) -> datetime:
        """The end of the last step."""
        return self.start + self.count * self.resolution.step

    def at(self, index: int) -> datetime:
        """Return the start of a step."""
        return self.start + index * self.resolution.step

    def wider(self, before: int, after: int) -> "Grid":
        """Return a grid with so many more steps on either side."""
        return Grid(
            resolution=self.resolution,
            start=self.at(-before),
            count=self.count + before + after,
        )


@dataclass(frozen=True, kw_only=True)
class Weather:
    """The weather of one place on a grid, as it was known at one instant.

    Attributes:
        columns: by name, each (count,); NaN where unknown.
        estimated: by name, (count,): True where a neighbour or interpolation speaks.
        forecast: by name, (count,): True where a forecast speaks.
        errors: by name, the root mean square error of the estimates, in the column's unit.
        newest: when the newest of what was used became known; None if nothing was.
    """

    grid: Grid
    columns: Mapping[str, Floats]
    estimated: Mapping[str, Bools] = field(default_factory=dict)
    forecast: Mapping[str, Bools] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    newest: datetime | None = None

    def get(self, name: str) -> Floats:
        """Return a column, all unknown where there is none."""
        return self.columns.get(name, np.full(self.grid.count, np.nan))


@dataclass(frozen=True, kw_only=True)
class Flag:
    """What a check found wrong with a stretch [since, until) of one column."""

    rule: str
    column: str
    since: datetime
    until: datetime
    explanation: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What somebody decided: a column is read ``steps`` later (earlier if negative), or not at all.

    ``since`` and ``until`` are of the times as they were told.
    """

    decision_id: int
    resolution: Resolution
    column: str
    kind: Literal["shift", "exclude"]
    steps: int
    since: datetime
    until: datetime
    reason: str
    decided_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Extent:
    """From when to when a place was observed at one resolution: its first and last step's start."""

    resolution: Resolution
    first: datetime
    last: datetime
    known_at: datetime  # of the last


def unknown(count: int, names: Sequence[str]) -> dict[str, Floats]:
    """Return columns of which nothing is known."""
    return {name: np.full(count, np.nan) for name in names}
