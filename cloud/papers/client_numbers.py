# SPDX-License-Identifier: EUPL-1.2
"""Client numbers, for callers who see the service point; set and deleted by its owner."""

from collections.abc import Sequence

from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError
from cloud.papers import repository
from cloud.papers.models import ClientNumber
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_premises, one_service_point, visible_points


class NoSupplierError(CloudError):
    """A service point has no supplier whose client somebody could be."""

    status = 409
    code = "no-supplier"

    def __init__(self, service_point_id: str) -> None:
        super().__init__(
            f"Nobody has told yet who supplies service point {service_point_id}; the operator does."
        )


class ClientNumbers:
    """What suppliers call whoever pays: only that of the present supplier is shown."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of_premises(
        self, caller: Principal, premises_id: str
    ) -> list[tuple[ServicePoint, str | None]]:
        """Return the service points of a building, each with its client number or None."""
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            points = await visible_points(connection, [premises_id], caller)
            known = await numbers_of(connection, points)
        return [(one, known.get(one.service_point_id)) for one in points]

    async def put(self, caller: Principal, service_point_id: str, client_number: str) -> None:
        """Set the client number with the present supplier; harmless when repeated."""
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
        if point.supplier_id is None:
            raise NoSupplierError(service_point_id)
        one = ClientNumber(
            service_point_id=service_point_id,
            supplier_id=point.supplier_id,
            client_number=client_number,
            set_by=caller.owner,
            set_at=self._clock.now(),
        )
        async with self._database.transaction(as_system=True) as connection:
            if await repository.put_client_number(connection, one):
                await _record(connection, caller, "client_number.set", point)

    async def delete(self, caller: Principal, service_point_id: str) -> None:
        """Forget the client number with the present supplier; harmless when repeated."""
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
        if point.supplier_id is None:
            return
        async with self._database.transaction(as_system=True) as connection:
            if await repository.delete_client_number(
                connection, service_point_id, point.supplier_id
            ):
                await _record(connection, caller, "client_number.deleted", point)


async def numbers_of(connection: Connection, points: Sequence[ServicePoint]) -> dict[str, str]:
    """Return the client numbers with their present suppliers, by service point."""
    suppliers = {one.service_point_id: one.supplier_id for one in points}
    return {
        one.service_point_id: one.client_number
        for one in await repository.client_numbers(connection, suppliers)
        if one.supplier_id == suppliers[one.service_point_id]
    }


async def _record(
    connection: Connection, caller: Principal, action: str, point: ServicePoint
) -> None:
    # the number itself is a person's, so it isn't told
    await audit.record(
        connection,
        caller,
        action,
        f"service_point:{point.service_point_id}",
        premises_id=point.premises_id,
        supplier_id=point.supplier_id,
    )
