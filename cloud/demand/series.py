# SPDX-License-Identifier: EUPL-1.2
"""Series on a grid of hours: all that the models see, and never more than was known.

Time runs in UTC, so that no hour is missing or doubled; the calendar that people live by is read
from the zone. An array's last axis is always hours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

HOUR = timedelta(hours=1)
DAY_H = 24
WEEK_H = 168


@dataclass(frozen=True, kw_only=True)
class Hours:
    """``count`` whole hours from ``start`` (UTC) on, and the zone whose calendar they follow."""

    start: datetime
    count: int
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta() or self.start.timestamp() % 3600:
            raise ValueError(f"Hours begin on a whole hour of UTC, not at {self.start}.")
        if self.count < 0:
            raise ValueError(f"There can't be {self.count} hours.")

    @property
    def end(self) -> datetime:
        """The end of the last hour."""
        return self.at(self.count)

    def at(self, index: int) -> datetime:
        """Return the start of the hour at ``index``, which may lie outside."""
        return self.start + index * HOUR

    def index(self, at: datetime) -> int:
        """Return the index of the hour that holds ``at``; it may lie outside."""
        return (at - self.start) // HOUR

    def between(self, first: int, last: int) -> Self:
        """Return the hours from index ``first`` to before ``last``; they may lie outside."""
        return replace(self, start=self.at(first), count=max(0, last - first))

    @cached_property
    def offsets_s(self) -> Ints:
        """What the zone is ahead of UTC, for each hour."""
        # Zones change their offset twice a year: only days in which they do are asked by the hour.
        asked = np.append(np.arange(0, self.count, DAY_H), self.count)
        at_days = [self._offset_s(int(index)) for index in asked]
        offsets = np.repeat(np.array(at_days[:-1], dtype=np.int64), np.diff(asked))
        for day in np.flatnonzero(np.diff(at_days)):
            for index in range(asked[day], asked[day + 1]):
                offsets[index] = self._offset_s(index)
        return offsets

    def _offset_s(self, index: int) -> int:
        return int(
            (self.at(index).astimezone(self.zone).utcoffset() or timedelta()).total_seconds()
        )

    @cached_property
    def _local_hours(self) -> Ints:
        start_h = int(self.start.timestamp()) // 3600
        return start_h + np.arange(self.count) + self.offsets_s // 3600

    @cached_property
    def hour_of_day(self) -> Ints:
        """0 to 23, by the local clock."""
        return self._local_hours % DAY_H

    @cached_property
    def day(self) -> Ints:
        """The local date as days since 1970-01-01."""
        return self._local_hours // DAY_H

    @cached_property
    def weekday(self) -> Ints:
        """0 is Monday, 6 Sunday, by the local date."""
        return (self.day + 3) % 7  # 1970-01-01 was a Thursday

    @cached_property
    def year_fraction(self) -> Floats:
        """How much of the year is over by the local date, 0 to under 1."""
        days = self.day.astype("datetime64[D]")
        years = days.astype("datetime64[Y]")
        of_year = (days - years.astype("datetime64[D]")).astype(np.int64)
        lengths = ((years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")).astype(int)
        return np.asarray((of_year + self.hour_of_day / DAY_H) / lengths, dtype=np.float64)

    def dates(self) -> list[date]:
        """Return the local dates touched, in order, each once."""
        return [date(1970, 1, 1) + timedelta(days=int(day)) for day in np.unique(self.day)]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What several series used in each hour.

    Attributes:
        series_ids: names of the series, in the order of ``amounts``.
        hours: the grid.
        amounts: (series, hours), in whatever unit a series has; NaN where unknown.
    """

    series_ids: tuple[str, ...]
    hours: Hours
    amounts: Floats

    def __post_init__(self) -> None:
        expected = (len(self.series_ids), self.hours.count)
        if self.amounts.shape != expected:
            raise ValueError(f"Amounts are {self.amounts.shape}, not {expected}.")

    def until(self, index: int) -> Self:
        """Return what was known before the hour at ``index``: a copy that holds nothing else."""
        return self.between(0, index)

    def between(self, first: int, last: int) -> Self:
        """Return the hours from ``first`` to before ``last``; outside of the grid all is NaN."""
        return replace(
            self, hours=self.hours.between(first, last), amounts=_cut(self.amounts, first, last)
        )

    def of(self, rows: Sequence[int]) -> Self:
        """Return the series at these rows only."""
        names = tuple(self.series_ids[row] for row in rows)
        return replace(self, series_ids=names, amounts=self.amounts[list(rows)])


@dataclass(frozen=True, kw_only=True)
class Weather:
    """The weather of one place in each hour, as it was known when the forecast was issued.

    Attributes:
        hours: the grid; for a forecast it reaches to the end of the horizon.
        columns: by name (``COLUMNS``), each (hours,); NaN where unknown.
    """

    hours: Hours
    columns: Mapping[str, Floats]

    def __post_init__(self) -> None:
        for name, told in self.columns.items():
            if name not in COLUMNS:
                raise ValueError(f"{name} is no column of weather; known are {', '.join(COLUMNS)}.")
            if told.shape != (self.hours.count,):
                raise ValueError(f"{name} has the shape {told.shape}, not ({self.hours.count},).")

    def between(self, first: int, last: int) -> Self:
        """Return the hours from ``first`` to before ``last``; outside of the grid all is NaN."""
        cut = {name: _cut(told, first, last) for name, told in self.columns.items()}
        return replace(self, hours=self.hours.between(first, last), columns=cut)

    def over(self, hours: Hours) -> Self:
        """Return the weather over exactly these hours, unknown where this one doesn't reach."""
        first = self.hours.index(hours.start)
        return self.between(first, first + hours.count)

    def get(self, name: str) -> Floats:
        """Return a column, all unknown where there is none of this name."""
        return self.columns.get(name, np.full(self.hours.count, np.nan))


COLUMNS = (
    "temperature_c",
    "precipitation_mm",
    "humidity_pct",
    "wind_m_per_s",
    "irradiance_w_per_m2",
    "holiday",  # 1 on a public holiday, 0 on others
    "supply_precipitation_mm",  # where the water comes from, far off (for Sofia: in Rila)
)


def _cut(told: Floats, first: int, last: int) -> Floats:
    """Return a copy of the last axis from ``first`` to before ``last``, with NaN around it."""
    count = told.shape[-1]
    cut = np.full((*told.shape[:-1], max(0, last - first)), np.nan)
    low, high = max(first, 0), min(last, count)
    if low < high:
        cut[..., low - first : high - first] = told[..., low:high]
    return cut
