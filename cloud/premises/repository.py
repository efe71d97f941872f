# SPDX-License-Identifier: EUPL-1.2
"""The tables premises, service_points and suppliers."""

from collections.abc import Collection

from psycopg.errors import ForeignKeyViolation

from cloud.kit.auth.sight import Sight
from cloud.kit.database import Connection, rows, run
from cloud.kit.errors import UnknownReferenceError
from cloud.premises.models import Premises, ServicePoint


async def premises(
    connection: Connection, premises_ids: Collection[str] | None = None
) -> list[Premises]:
    """Return these premises, or all for None, by name."""
    found = await rows(
        connection,
        "select * from premises where %(all)s or premises_id = any(%(premises_ids)s)"
        " order by name_en, premises_id",
        all=premises_ids is None,
        premises_ids=list(premises_ids or ()),
    )
    return [Premises(**fields) for fields in found]


async def premises_seen(connection: Connection, sight: Sight) -> list[Premises]:
    """Return the premises that ``sight`` takes in, by name."""
    found = await rows(
        connection,
        "select * from premises where %(all)s or premises_id = any(%(premises_ids)s)"
        " or premises_id in (select premises_id from service_points"
        " where supplier_id = %(supplier_id)s) order by name_en, premises_id",
        all=sight.sees_all,
        premises_ids=list(sight.premises_ids),
        supplier_id=sight.supplier_id,
    )
    return [Premises(**fields) for fields in found]


async def suppliers_in(connection: Connection, premises_id: str) -> list[str]:
    """Return who supplies service points of a building."""
    found = await rows(
        connection,
        "select distinct supplier_id from service_points where premises_id = %(premises_id)s"
        " and supplier_id is not null",
        premises_id=premises_id,
    )
    return [fields["supplier_id"] for fields in found]


async def service_points(
    connection: Connection, premises_ids: Collection[str]
) -> list[ServicePoint]:
    """Return the service points of these premises, by id."""
    found = await rows(
        connection,
        "select * from service_points where premises_id = any(%(premises_ids)s)"
        " order by service_point_id",
        premises_ids=list(premises_ids),
    )
    return [ServicePoint(**fields) for fields in found]


async def service_points_named(
    connection: Connection, service_point_ids: Collection[str]
) -> list[ServicePoint]:
    """Return these service points."""
    found = await rows(
        connection,
        "select * from service_points where service_point_id = any(%(service_point_ids)s)",
        service_point_ids=list(service_point_ids),
    )
    return [ServicePoint(**fields) for fields in found]


async def put_premises(connection: Connection, building: Premises) -> None:
    """Add a building, or change what is known of it."""
    await run(
        connection,
        "insert into premises values (%(premises_id)s, %(name_bg)s, %(name_en)s, %(kind)s,"
        " %(address)s, %(district)s, %(latitude)s, %(longitude)s, %(households)s,"
        " %(floor_area_m2)s)"
        " on conflict (premises_id) do update set name_bg = excluded.name_bg,"
        " name_en = excluded.name_en, kind = excluded.kind, address = excluded.address,"
        " district = excluded.district, latitude = excluded.latitude,"
        " longitude = excluded.longitude, households = excluded.households,"
        " floor_area_m2 = excluded.floor_area_m2",
        **vars(building),
    )


async def put_service_point(connection: Connection, point: ServicePoint) -> None:
    """Add a service point, or change it; its premises and parent must exist."""
    try:
        await run(
            connection,
            "insert into service_points values (%(service_point_id)s, %(premises_id)s,"
            " %(name_bg)s, %(name_en)s, %(reading_type)s, %(parent_service_point_id)s,"
            " %(supplier_id)s)"
            " on conflict (service_point_id) do update set premises_id = excluded.premises_id,"
            " name_bg = excluded.name_bg, name_en = excluded.name_en,"
            " reading_type = excluded.reading_type,"
            " parent_service_point_id = excluded.parent_service_point_id,"
            " supplier_id = excluded.supplier_id",
            **vars(point),
        )
    except ForeignKeyViolation as error:
        if "parent" in str(error.diag.constraint_name):
            raise UnknownReferenceError(
                "service point", str(point.parent_service_point_id)
            ) from error
        if "supplier" in str(error.diag.constraint_name):
            raise UnknownReferenceError("supplier", str(point.supplier_id)) from error
        raise UnknownReferenceError("premises", point.premises_id) from error


async def suppliers_named(connection: Connection, supplier_ids: Collection[str]) -> dict[str, str]:
    """Return the names of these utilities, by id."""
    found = await rows(
        connection,
        "select supplier_id, name from suppliers where supplier_id = any(%(ids)s)",
        ids=list(supplier_ids),
    )
    return {fields["supplier_id"]: fields["name"] for fields in found}


async def put_supplier(connection: Connection, supplier_id: str, name: str) -> bool:
    """Add a utility, or change its name; tell whether that changed anything."""
    changed = await run(
        connection,
        "insert into suppliers (supplier_id, name) values (%(supplier_id)s, %(name)s)"
        " on conflict (supplier_id) do update set name = excluded.name"
        " where suppliers.name <> excluded.name",
        supplier_id=supplier_id,
        name=name,
    )
    return changed > 0


async def add_supplier(connection: Connection, supplier_id: str, name: str) -> None:
    """Add a utility; one that is known keeps its name."""
    await run(
        connection,
        "insert into suppliers (supplier_id, name) values (%(supplier_id)s, %(name)s)"
        " on conflict do nothing",
        supplier_id=supplier_id,
        name=name,
    )
