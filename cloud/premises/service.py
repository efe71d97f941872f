# SPDX-License-Identifier: EUPL-1.2
"""The registry of premises and service points."""

from collections.abc import Collection

from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.auth.sight import Sight
from cloud.kit.database import Connection, Database
from cloud.kit.errors import InvalidRequestError, NotFoundError
from cloud.premises import repository
from cloud.premises.models import Premises, ServicePoint


class PremisesRegistry:
    """Buildings and their service points; what a caller may not see isn't found."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_premises(self, caller: Principal, building: Premises) -> None:
        """Register a building; harmless when repeated."""
        async with self._database.transaction() as connection:
            known = await repository.premises(connection, [building.premises_id])
            fields = audit.changed(known[0] if known else None, building)
            if fields:
                await repository.put_premises(connection, building)
                await audit.record(
                    connection,
                    caller,
                    "premises.changed" if known else "premises.registered",
                    f"premises:{building.premises_id}",
                    premises_id=building.premises_id,
                    fields=fields,
                )

    async def put_supplier(self, caller: Principal, supplier_id: str, name: str) -> None:
        """Register a utility; harmless when repeated."""
        async with self._database.transaction() as connection:
            if await repository.put_supplier(connection, supplier_id, name):
                about = f"supplier:{supplier_id}"
                await audit.record(connection, caller, "supplier.registered", about, name=name)

    async def put_service_point(self, caller: Principal, point: ServicePoint) -> None:
        """Register a service point; harmless when repeated."""
        if point.parent_service_point_id == point.service_point_id:
            raise InvalidRequestError("A service point can't be its own parent.")
        async with self._database.transaction() as connection:
            before = await repository.service_points_named(connection, [point.service_point_id])
            for known in before:
                if known.reading_type != point.reading_type:
                    raise InvalidRequestError(
                        f"Service point {point.service_point_id} measures {known.reading_type};"
                        f" register another one for {point.reading_type}."
                    )
            fields = audit.changed(before[0] if before else None, point)
            if fields:
                await repository.put_service_point(connection, point)
                await audit.record(
                    connection,
                    caller,
                    "service_point.changed" if before else "service_point.registered",
                    f"service_point:{point.service_point_id}",
                    premises_id=point.premises_id,
                    fields=fields,
                    reading_type=point.reading_type,
                    supplier_id=point.supplier_id,
                )


async def visible_premises(connection: Connection, caller: Principal) -> list[Premises]:
    """Return the premises that ``caller`` may see."""
    return await repository.premises_seen(connection, Sight.of(caller))


async def one_premises(connection: Connection, premises_id: str, caller: Principal) -> Premises:
    """Return the premises if ``caller`` may see them, or raise NotFoundError."""
    found = await repository.premises(connection, [premises_id])
    suppliers = await repository.suppliers_in(connection, premises_id)
    if not found or not Sight.of(caller).sees_premises(premises_id, suppliers):
        raise NotFoundError("premises", premises_id)
    return found[0]


async def all_premises_ids(connection: Connection) -> list[str]:
    """Return every building, whoever asks: for other modules, not for callers."""
    return [one.premises_id for one in await repository.premises(connection, None)]


async def service_points(
    connection: Connection, premises_ids: Collection[str]
) -> list[ServicePoint]:
    """Return the service points of these premises, whoever asks: not for callers."""
    return await repository.service_points(connection, premises_ids)


async def visible_points(
    connection: Connection, premises_ids: Collection[str], caller: Principal
) -> list[ServicePoint]:
    """Return the service points of these premises that ``caller`` may see."""
    sight = Sight.of(caller)
    return [
        point
        for point in await repository.service_points(connection, premises_ids)
        if sight.sees_point(point.premises_id, point.service_point_id, point.supplier_id)
    ]


async def one_service_point(
    connection: Connection, service_point_id: str, caller: Principal
) -> ServicePoint:
    """Return the service point if ``caller`` may see it, or raise NotFoundError."""
    return await point_behind(
        connection, service_point_id, caller, "service point", service_point_id
    )


async def point_behind(
    connection: Connection, service_point_id: str, caller: Principal, kind: str, name: str
) -> ServicePoint:
    """Return the service point of the ``kind`` of thing ``name``, or raise NotFoundError of that.

    For what is about a service point, such as an alert: who may not see the one, can't the other.
    """
    found = (await points_by_id(connection, [service_point_id])).get(service_point_id)
    if found is None or not Sight.of(caller).sees_point(
        found.premises_id, found.service_point_id, found.supplier_id
    ):
        raise NotFoundError(kind, name)
    return found


async def points_by_id(
    connection: Connection, service_point_ids: Collection[str]
) -> dict[str, ServicePoint]:
    """Return these service points by id, whoever asks: for other modules, not for callers."""
    found = await repository.service_points_named(connection, service_point_ids)
    return {point.service_point_id: point for point in found}


async def premises_by_id(
    connection: Connection, premises_ids: Collection[str]
) -> dict[str, Premises]:
    """Return these premises by id, whoever asks: for other modules, not for callers."""
    found = await repository.premises(connection, premises_ids)
    return {premises.premises_id: premises for premises in found}


async def supplier_names(connection: Connection, supplier_ids: Collection[str]) -> dict[str, str]:
    """Return the names of these utilities, by id."""
    return await repository.suppliers_named(connection, supplier_ids)


async def add_supplier(connection: Connection, supplier_id: str, name: str) -> None:
    """Register a utility that other modules name; one that is known keeps its name."""
    await repository.add_supplier(connection, supplier_id, name)
