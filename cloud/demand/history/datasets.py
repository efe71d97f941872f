# SPDX-License-Identifier: EUPL-1.2
"""The register of data sets: every series of weather and of use that the platform holds.

"Five data sets on the platform" is a target of the city; this counts them, and says of each what it
is, whose, on what terms it may be used, how complete it is and whether it still comes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from cloud.demand.history import repository, schemas
from cloud.demand.history.models import ISKAR, Series
from cloud.demand.history.service import DemandHistory
from cloud.demand.history.sight import seen_since
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.schemas import Name

OWN_SOURCE = "Iskar: meters read here"
PER_H = {"hour": 1.0, "day": 24.0, "month": 744.0}


class WeatherSets(Protocol):
    """What knows the data sets of weather: ``cloud.demand.history.weathering`` brings it."""

    async def datasets(self) -> list[schemas.Dataset]:
        """Return them without age, by id."""


class Datasets:
    """The register, as each caller may see it."""

    def __init__(
        self, database: Database, clock: Clock, history: DemandHistory, weather: WeatherSets
    ) -> None:
        self._database = database
        self._clock = clock
        self._history = history
        self._weather = weather

    async def all(self, caller: Principal) -> schemas.Datasets:
        """Return weather, which is open to all, and the series of use that the caller sees."""
        found = await self._history.series(caller)
        async with self._database.transaction(as_system=True) as connection:
            odd = await repository.newest_findings(connection, [one.series_id for one in found])
        now = self._clock.now()
        may_see_hours = caller.role is not Role.MUNICIPALITY
        sets = [
            _dataset(
                one,
                _since(odd.get(one.series_id, []), seen_since(caller, one)),
                tells_all=may_see_hours,
            )
            for one in found
        ]
        items = [aged(one, now) for one in [*await self._weather.datasets(), *sets]]
        return schemas.Datasets(as_of=now, count=len(items), items=items)


def _since(
    findings: Sequence[Mapping[str, Any]], begun: datetime | None
) -> list[Mapping[str, Any]]:
    """Return the findings that tell nothing of the time before: of when others were away, say."""
    return [
        one
        for one in findings
        if begun is None or ("first" in one and datetime.fromisoformat(one["first"]) >= begun)
    ]


def _dataset(
    one: Series, findings: Sequence[Mapping[str, Any]], *, tells_all: bool
) -> schemas.Dataset:
    told = (one.coverage or {}).get("resolutions", [])
    is_own = one.origin == ISKAR
    return schemas.Dataset(
        dataset_id=f"usage:{one.series_id}",
        kind="usage",
        name=Name(bg=one.name_bg, en=one.name_en),
        what=one.utility,
        level=one.level,
        place=one.premises_id or one.district,
        supplier_id=one.supplier_id,
        source=one.source or (OWN_SOURCE if is_own else None),
        licence=one.licence,
        unit=one.unit,
        coverage=[coverage_of(each) for each in told] if tells_all or not is_own else [],
        expected_every_h=one.expected_every_h,
        age_h=None,
        is_late=None,
        findings=[schemas.Finding(**each) for each in findings],
    )


def coverage_of(told: Mapping[str, Any]) -> schemas.Coverage:
    """Return a coverage as it is answered."""
    counted = f"{told['resolution']}s"
    years = [
        schemas.Year(year=one["year"], intervals=one[counted], missing=one["missing"])
        for one in told["years"]
    ]
    return schemas.Coverage(**{**told, "years": years})


def aged(one: schemas.Dataset, now: datetime) -> schemas.Dataset:
    """Return a data set with how old its newest interval is, and whether the next is late."""
    ends = [each.until for each in one.coverage if each.until is not None]
    if not ends:
        return one
    age_h = (now - max(ends)).total_seconds() / 3600
    late = None
    if one.expected_every_h is not None:
        # The next interval has to end first, and then to come.
        length_h = min(PER_H[each.resolution] for each in one.coverage)
        late = age_h > one.expected_every_h + length_h
    return one.model_copy(update={"age_h": round(age_h, 2), "is_late": late})
