# SPDX-License-Identifier: EUPL-1.2
"""Tariffs: recorded by operators, superseded rather than changed, and assigned to service points.

What things cost by them: ``cloud.tariffs.costs``.
"""

from collections.abc import Sequence
from datetime import date

from cloud.kit import audit
from cloud.kit.audit import SYSTEM
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database, lock
from cloud.kit.errors import InvalidRequestError, NotFoundError, UnknownReferenceError
from cloud.premises.service import add_supplier, one_service_point
from cloud.tariffs import documents, repository, views
from cloud.tariffs.book import PriceBook
from cloud.tariffs.models import Assignment
from cloud.tariffs.schemas import Tariff, TariffBody, TariffFile, TariffSummary


class Tariffs:
    """The tariffs that are recorded; those that ship with the program are shown beside them."""

    def __init__(self, database: Database, clock: Clock, book: PriceBook) -> None:
        self._database = database
        self._clock = clock
        self._book = book

    async def put(self, caller: Principal, tariff_id: str, body: TariffBody) -> Tariff:
        """Record a tariff as ``body`` has it; repeating it changes nothing.

        A version that is told otherwise than before is superseded by what is told now, one that is
        not told any more by nothing.
        """
        async with self._database.transaction(as_system=True) as connection:
            return await self._put(connection, caller, tariff_id, body)

    async def take_in(self, file: TariffFile) -> Tariff:
        """Record a tariff from a file, and its supplier if it is a new one."""
        async with self._database.transaction(as_system=True) as connection:
            return await self._take_in(connection, None, file)

    async def _take_in(
        self, connection: Connection, caller: Principal | None, file: TariffFile
    ) -> Tariff:
        await add_supplier(connection, file.supplier_id, file.supplier)
        return await self._put(connection, caller, file.tariff_id, file)

    async def _put(
        self, connection: Connection, caller: Principal | None, tariff_id: str, body: TariffBody
    ) -> Tariff:
        await lock(connection, f"tariff:{tariff_id}")
        before = await repository.tariffs(connection, [tariff_id])
        for known in before:
            if known["utility"] != body.utility:
                raise InvalidRequestError(
                    f"Tariff {tariff_id} is for {known['utility']}; record another one for"
                    f" {body.utility}."
                )
        fields = {
            "tariff_id": tariff_id,
            "supplier_id": body.supplier_id,
            "utility": body.utility,
            "name_bg": body.name.bg,
            "name_en": body.name.en,
        }
        await repository.put_tariff(connection, fields)
        added, superseded = await self._record(connection, caller, tariff_id, body)
        if added or superseded or before != [fields]:
            await audit.record(
                connection,
                caller,
                "tariff.recorded",
                f"tariff:{tariff_id}",
                supplier_id=body.supplier_id,
                added=[day.isoformat() for day in added],
                superseded=[day.isoformat() for day in superseded],
            )
        versions = await repository.versions(connection, [tariff_id], only_standing=False)
        return views.recorded(fields, versions)

    async def _record(
        self, connection: Connection, caller: Principal | None, tariff_id: str, body: TariffBody
    ) -> tuple[list[date], list[date]]:
        """Record the versions that are told anew; return the first days of added and superseded."""
        by = caller.subject if caller else SYSTEM
        now = self._clock.now()
        standing = {
            row["valid_from"]: row
            for row in await repository.versions(connection, [tariff_id], only_standing=True)
        }
        told = {one.valid_from: documents.content_of(one) for one in body.versions}
        kept = {day for day, row in standing.items() if told.get(day) == row["content"]}
        added, gone = sorted(set(told) - kept), sorted(set(standing) - kept)
        ids = [standing[day]["version_id"] for day in gone]
        await repository.supersede(connection, ids, by, now)
        for day in added:
            await repository.add_version(
                connection,
                tariff_id=tariff_id,
                valid_from=day,
                content=told[day],
                recorded_by=by,
                recorded_at=now,
            )
        return added, gone

    async def all(self) -> list[TariffSummary]:
        """Return all tariffs by id, also those that only ship with the program."""
        async with self._database.transaction() as connection:
            ids = {fields["tariff_id"] for fields in await repository.tariffs(connection)}
            found = await self._book.tariffs(connection, ids | documents.shipped().keys())
        return [
            views.summary(found[tariff_id], is_shipped=tariff_id not in ids)
            for tariff_id in sorted(found)
        ]

    async def one(self, tariff_id: str) -> Tariff:
        """Return a tariff with all its versions, or raise NotFoundError."""
        async with self._database.transaction() as connection:
            for fields in await repository.tariffs(connection, [tariff_id]):
                rows = await repository.versions(connection, [tariff_id], only_standing=False)
                return views.recorded(fields, rows)
        file = documents.shipped().get(tariff_id)
        if file is None:
            raise NotFoundError("tariff", tariff_id)
        return views.shipped(file)

    async def assign(
        self, caller: Principal, service_point_id: str, tariff_id: str | None, since: date
    ) -> list[Assignment]:
        """Give a service point a tariff from a local day on, and return all it ever had.

        It has it until the day of the next assignment, if there is one. Repeating it changes
        nothing. A tariff that ships with the program is recorded by that.
        """
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
        by, now = caller.subject, self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            if tariff_id is not None:
                await self._check_fits(connection, caller, tariff_id, point.type.utility)
            await lock(connection, f"tariffs-of:{service_point_id}")
            standing = await repository.assignments(
                connection, [service_point_id], only_standing=True
            )
            if (since, tariff_id) not in {(one.since, one.tariff_id) for one in standing}:
                await repository.withdraw(connection, service_point_id, since, by, now)
                await repository.assign(
                    connection,
                    service_point_id=service_point_id,
                    tariff_id=tariff_id,
                    since=since,
                    assigned_by=by,
                    assigned_at=now,
                )
                await audit.record(
                    connection,
                    caller,
                    "tariff.assigned",
                    f"service_point:{service_point_id}",
                    premises_id=point.premises_id,
                    tariff_id=tariff_id,
                    since=since.isoformat(),
                )
            return await repository.assignments(connection, [service_point_id], only_standing=False)

    async def _check_fits(
        self, connection: Connection, caller: Principal, tariff_id: str, utility: str
    ) -> None:
        known = (await self._book.tariffs(connection, [tariff_id])).get(tariff_id)
        if known is None:
            raise UnknownReferenceError("tariff", tariff_id)
        if known.utility != utility:
            raise InvalidRequestError(
                f"Tariff {tariff_id} is for {known.utility}, not for {utility}."
            )
        if not await repository.tariffs(connection, [tariff_id]):
            await self._take_in(connection, caller, documents.shipped()[tariff_id])

    async def assignments(self, caller: Principal, service_point_id: str) -> Sequence[Assignment]:
        """Return which tariffs a service point had, withdrawn assignments too."""
        async with self._database.transaction() as connection:
            await one_service_point(connection, service_point_id, caller)
            return await repository.assignments(connection, [service_point_id], only_standing=False)
