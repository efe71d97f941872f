# SPDX-License-Identifier: EUPL-1.2
"""The table client_numbers."""

from collections.abc import Collection

from cloud.kit.database import Connection, rows, run
from cloud.papers.models import ClientNumber


async def client_numbers(
    connection: Connection, service_point_ids: Collection[str]
) -> list[ClientNumber]:
    """Return the client numbers at these service points, of whatever supplier."""
    found = await rows(
        connection,
        "select service_point_id, supplier_id, client_number, set_by, set_at from client_numbers"
        " where service_point_id = any(%(ids)s)",
        ids=list(service_point_ids),
    )
    return [ClientNumber(**fields) for fields in found]


async def put_client_number(connection: Connection, one: ClientNumber) -> bool:
    """Set a client number; tell whether that changed anything."""
    changed = await run(
        connection,
        "insert into client_numbers values (%(service_point_id)s, %(supplier_id)s,"
        " %(client_number)s, %(set_by)s, %(set_at)s)"
        " on conflict (service_point_id, supplier_id) do update"
        " set client_number = excluded.client_number, set_by = excluded.set_by,"
        " set_at = excluded.set_at"
        " where client_numbers.client_number <> excluded.client_number",
        **vars(one),
    )
    return changed > 0


async def delete_client_number(
    connection: Connection, service_point_id: str, supplier_id: str
) -> bool:
    """Forget a client number; tell whether there was one."""
    deleted = await run(
        connection,
        "delete from client_numbers where service_point_id = %(service_point_id)s"
        " and supplier_id = %(supplier_id)s",
        service_point_id=service_point_id,
        supplier_id=supplier_id,
    )
    return deleted > 0
