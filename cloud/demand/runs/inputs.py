# SPDX-License-Identifier: EUPL-1.2
"""What runs are made from: groups of series that learn together, their use and their weather.

All of it as it was known at an instant: who asks again for that instant gets the same.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Protocol

import numpy as np

from cloud.demand.history.models import IMPORT, Series
from cloud.demand.series import HOUR, Hours, Usage, Weather
from cloud.kit.errors import NotFoundError

MAX_SERIES = 250  # of a group: what one program holds in memory at a time
LEARNT = timedelta(days=3 * 366)  # three winters; what is older is another city
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Series of one utility, level, unit and weather that share a model."""

    group_id: str
    series: tuple[Series, ...]
    place_id: str | None  # whose weather they go by; None for none

    @property
    def series_ids(self) -> tuple[str, ...]:
        """Their ids, in order."""
        return tuple(one.series_id for one in self.series)


@dataclass(frozen=True, kw_only=True)
class Sky:
    """Weather as it was known, and of what the hours to come are made.

    ``newest`` is when the newest of it became known; None where that isn't told.
    """

    weather: Weather
    newest: datetime | None = None
    forecast_share: float = 0.0
    climatology_share: float = 0.0


class History(Protocol):
    """What knows series and their use: ``cloud.demand.history.service``."""

    async def all(self, series_ids: Collection[str] | None = None) -> list[Series]:
        """Return these series, or all."""

    async def usage(
        self,
        series_ids: Sequence[str],
        since: datetime,
        until: datetime,
        known_at: datetime | None = None,
    ) -> Usage:
        """Return the hours in [since, until), as known then."""


class Skies(Protocol):
    """What knows the weather of places."""

    async def place_of(self, series: Series) -> str | None:
        """Return whose weather a series goes by; None where there is none at all."""

    async def over(
        self, place_id: str | None, hours: Hours, issued_at: datetime, known_at: datetime
    ) -> Sky:
        """Return the weather of these hours, as known then; shares are of those after issuing.

        Of no place, what can be told of the calendar alone.
        """


def grouped(series: Iterable[Series], places: Mapping[str, str | None]) -> list[Group]:
    """Return the groups of series, in order of their ids; large ones in parts.

    ``places`` are whose weather each goes by.
    """

    def kind(one: Series) -> tuple[str, ...]:
        return (one.utility, one.level, one.unit, places[one.series_id] or "")

    groups = []
    for (*names, place_id), found in groupby(
        sorted(series, key=lambda one: (kind(one), one.series_id)), key=kind
    ):
        members = tuple(found)
        for number, first in enumerate(range(0, len(members), MAX_SERIES), 1):
            groups.append(
                Group(
                    group_id="/".join([*names, place_id or "-", str(number)]),
                    series=members[first : first + MAX_SERIES],
                    place_id=place_id or None,
                )
            )
    return groups


def group_of(groups: Iterable[Group], group_id: str) -> Group:
    """Return the group of this id, or raise NotFoundError."""
    for group in groups:
        if group.group_id == group_id:
            return group
    raise NotFoundError("group", group_id)


def whole_hour(at: datetime) -> datetime:
    """Return the hour that holds ``at``: where a forecast issued then begins."""
    return EPOCH + (at - EPOCH) // HOUR * HOUR


def is_brought(one: Series, least_h: int, now: datetime) -> bool:
    """Tell whether a series was brought with so many hours, as the register counts them.

    Who brings a history looks for its forecasts, and shouldn't wait for the next fit; what grows
    hour by hour does. Only hours of this year and the two before count: a fit knows all of these.
    """
    if one.origin != IMPORT:
        return False
    told = (one.coverage or {}).get("resolutions", ())
    years = [year for part in told if part["resolution"] == "hour" for year in part["years"]]
    recent = [year for year in years if year["year"] >= now.year - 2]
    return sum(int(year["hours"] - year["missing"]) for year in recent) >= least_h


async def known_usage(
    history: History,
    series_ids: Sequence[str],
    since: datetime,
    until: datetime,
    known_at: datetime,
) -> Usage:
    """Return use as known then, from the first hour that is known of any of them."""
    told = await history.usage(series_ids, since, until, known_at)
    first = np.flatnonzero(~np.isnan(told.amounts).all(axis=0))
    return told.between(int(first[0]), told.hours.count) if first.size else told


async def known_sky(
    skies: Skies, place_id: str | None, usage: Usage, horizon_h: int, known_at: datetime
) -> Sky:
    """Return the weather of the hours of ``usage`` and so many more, as known then."""
    hours = usage.hours.between(0, usage.hours.count + horizon_h)
    return await skies.over(place_id, hours, usage.hours.end, known_at)
