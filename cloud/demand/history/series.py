# SPDX-License-Identifier: EUPL-1.2
"""Which series are kept: those that operators and utilities ask for, and those made by themselves.

Made by themselves, every night: of each utility one for each building that has a main meter, one
for each district and one for the city. A service point gets one when somebody asks for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from cloud.demand.history import repository
from cloud.demand.history.models import IMPORT, ISKAR, UNITS, Level, Series, Utility
from cloud.demand.history.names import free_id, latin
from cloud.demand.history.service import DemandHistory
from cloud.kit import audit
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database, lock
from cloud.kit.errors import InvalidRequestError, NotFoundError
from cloud.premises.models import Premises, ServicePoint
from cloud.premises.service import (
    all_premises_ids,
    points_by_id,
    premises_by_id,
    service_points,
)
from cloud.readings.service import main_points

LATE_AFTER_H = 3  # by then gateways have sent an hour, and it is reviewed
WORDS = {  # of names, by utility: Bulgarian, English
    "water": ("вода", "water"),
    "gas": ("газ", "gas"),
    "electricity": ("ток", "electricity"),
    "heat": ("топлинна енергия", "heat"),
}
THE_CITY = ("Градът", "The city")


class SeriesKeeper:
    """Puts, deletes and makes series."""

    def __init__(self, database: Database, clock: Clock, history: DemandHistory) -> None:
        self._database = database
        self._clock = clock
        self._history = history

    async def own(self, caller: Principal, series_id: str) -> Series:
        """Return a series that ``caller`` may change, or raise NotFoundError."""
        found = await self._history.one(caller, series_id)
        if caller.role is not Role.OPERATOR and (
            caller.supplier_id is None or found.supplier_id != caller.supplier_id
        ):
            raise NotFoundError("series", series_id)
        return found

    async def put(self, caller: Principal, series: Series) -> Series:
        """Keep a series, or change its names, whose it is and what is said of it."""
        if caller.role is not Role.OPERATOR:
            if caller.supplier_id is None:
                raise NotFoundError("series", series.series_id)
            if series.supplier_id not in (None, caller.supplier_id) or series.origin != IMPORT:
                raise InvalidRequestError(
                    f"A utility keeps series of its own that it brings: {caller.supplier_id}'s."
                )
            series = replace(series, supplier_id=caller.supplier_id)
        async with self._database.transaction(as_system=True) as connection:
            await lock(connection, f"demand:{series.series_id}")
            series = await self._checked(connection, caller, series)
            before = await repository.all_series(connection, [series.series_id])
            self._check_same(caller, before, series)
            fields = audit.changed(before[0] if before else None, series)
            fields = [name for name in fields if name != "coverage"]
            if fields:
                await repository.put_series(connection, series, caller.subject, self._clock.now())
                await audit.record(
                    connection,
                    caller,
                    "demand_series.changed" if before else "demand_series.registered",
                    f"series:{series.series_id}",
                    premises_id=series.premises_id,
                    fields=fields,
                )
            [kept] = await repository.all_series(connection, [series.series_id])
        return kept

    def _check_same(self, caller: Principal, before: list[Series], series: Series) -> None:
        for known in before:
            if caller.role is not Role.OPERATOR and known.supplier_id != caller.supplier_id:
                raise NotFoundError("series", series.series_id)
            for name in repository.FIXED:
                if getattr(known, name) != getattr(series, name):
                    raise InvalidRequestError(
                        f"The series {series.series_id} has the {name} {getattr(known, name)};"
                        " make another one."
                    )

    async def _checked(self, connection: Connection, caller: Principal, series: Series) -> Series:
        """Return a series whose place fits its level, or raise InvalidRequestError."""
        if series.unit not in UNITS[series.utility]:
            raise InvalidRequestError(
                f"{series.utility} is told in {' or '.join(UNITS[series.utility])}, not"
                f" {series.unit}."
            )
        if series.service_point_id is not None:
            point = (await points_by_id(connection, [series.service_point_id])).get(
                series.service_point_id
            )
            hidden = caller.role is not Role.OPERATOR and (
                point is None or point.supplier_id != caller.supplier_id
            )
            if point is None or hidden or point.type.utility != series.utility:
                raise InvalidRequestError(
                    f"There is no service point {series.service_point_id} of {series.utility}."
                )
            return replace(series, premises_id=point.premises_id)
        if series.premises_id is not None and caller.role is not Role.OPERATOR:
            there = await service_points(connection, [series.premises_id])
            if caller.supplier_id not in {point.supplier_id for point in there}:
                raise InvalidRequestError(f"There are no premises {series.premises_id}.")
        return series

    async def delete(self, caller: Principal, series_id: str) -> None:
        """Delete a series and all that was brought for it."""
        series = await self.own(caller, series_id)
        if series.origin == ISKAR and series.level != "service_point":
            raise InvalidRequestError(
                f"The series {series_id} is made by itself as long as meters hang there."
            )
        async with self._database.transaction(as_system=True) as connection:
            await lock(connection, f"demand:{series_id}")
            await repository.delete_series(connection, series_id)
            await audit.record(
                connection,
                caller,
                "demand_series.deleted",
                f"series:{series_id}",
                premises_id=series.premises_id,
                supplier_id=series.supplier_id,
            )

    async def make(self) -> list[str]:
        """Make the series that there are by themselves; return the ids of those that are new.

        One whose meters are gone stays, with its history. Suppliers follow the service points.
        """
        async with self._database.transaction(as_system=True) as connection:
            await lock(connection, "demand:make")
            premises = await premises_by_id(connection, await all_premises_ids(connection))
            points = main_points(await service_points(connection, sorted(premises)))
            known = await repository.all_series(connection)
            kept = {one.place: one for one in known if one.origin == ISKAR}
            taken = {one.series_id for one in known}
            made = []
            for wish in _wanted(premises, points):
                standing = kept.get(wish.place)
                if standing is None:
                    wanted = replace(wish, series_id=free_id(wish.series_id, taken))
                    taken.add(wanted.series_id)
                    made.append(wanted.series_id)
                elif standing.supplier_id != wish.supplier_id:
                    wanted = replace(standing, supplier_id=wish.supplier_id)
                else:
                    continue
                now = self._clock.now()
                await repository.put_series(connection, wanted, audit.SYSTEM, now)
        return made


def _wanted(premises: Mapping[str, Premises], points: Sequence[ServicePoint]) -> Iterator[Series]:
    """Yield the series that there should be, with the ids that they would like."""
    of_place: dict[tuple[str, str | None, str | None], set[str | None]] = {}
    for point in points:
        utility, building = point.type.utility, premises[point.premises_id]
        for place in (
            (utility, building.premises_id, None),
            (utility, None, building.district),
            (utility, None, None),
        ):
            of_place.setdefault(place, set()).add(point.supplier_id)
    for (utility, premises_id, district), suppliers in of_place.items():
        level: Level = "city"
        names, wish = THE_CITY, f"city-{utility}"
        if premises_id is not None:
            building = premises[premises_id]
            names, level = (building.name_bg, building.name_en), "building"
            wish = f"{premises_id}-{utility}"
        elif district is not None:
            names, level = (district, district), "district"
            wish = f"district-{latin(district)}-{utility}"
        words = WORDS[utility]
        yield Series(
            series_id=wish,
            name_bg=f"{names[0]}: {words[0]}",
            name_en=f"{names[1]}: {words[1]}",
            utility=cast("Utility", utility),
            level=level,
            unit=UNITS[utility][0],
            origin="iskar",
            supplier_id=next(iter(suppliers)) if len(suppliers) == 1 else None,
            premises_id=premises_id,
            district=district,
            expected_every_h=LATE_AFTER_H,
        )
