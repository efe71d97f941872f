# SPDX-License-Identifier: EUPL-1.2
"""The tables meters, gateways, nodes, installations and certificates."""

from collections.abc import Collection
from datetime import datetime

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from cloud.kit.database import Connection, row, rows, run
from cloud.kit.errors import InvalidRequestError, UnknownReferenceError
from cloud.meters.models import Channel, Installation, Meter


async def put_meter(connection: Connection, meter: Meter) -> None:
    """Add a meter, or change what is known of it; a serial belongs to one meter only."""
    try:
        await run(
            connection,
            "insert into meters (meter_id, serial, make, model, q3_l_per_h, households,"
            " register_modulus, max_per_h) values (%(meter_id)s, %(serial)s, %(make)s, %(model)s,"
            " %(q3_l_per_h)s, %(households)s, %(register_modulus)s, %(max_per_h)s)"
            " on conflict (meter_id) do update set serial = excluded.serial, make = excluded.make,"
            " model = excluded.model, q3_l_per_h = excluded.q3_l_per_h,"
            " households = excluded.households, register_modulus = excluded.register_modulus,"
            " max_per_h = excluded.max_per_h",
            **vars(meter),
        )
    except UniqueViolation as error:
        raise InvalidRequestError(
            f"Serial {meter.serial} of {meter.make} already belongs to another meter."
        ) from error


async def meters(connection: Connection, meter_ids: Collection[str]) -> list[Meter]:
    """Return these meters."""
    found = await rows(
        connection, "select * from meters where meter_id = any(%(ids)s)", ids=list(meter_ids)
    )
    return [Meter(**fields) for fields in found]


async def put_gateway(connection: Connection, gateway_id: str, site: str, name: str) -> bool:
    """Add a gateway, or change what is known of it; tell whether that changed anything."""
    changed = await run(
        connection,
        "insert into gateways values (%(gateway_id)s, %(site)s, %(name)s)"
        " on conflict (gateway_id) do update set site = excluded.site, name = excluded.name"
        " where (gateways.site, gateways.name) <> (excluded.site, excluded.name)",
        gateway_id=gateway_id,
        site=site,
        name=name,
    )
    return changed > 0


async def gateway_exists(connection: Connection, gateway_id: str) -> bool:
    """Tell whether a gateway is registered."""
    return bool(
        await row(connection, "select 1 from gateways where gateway_id = %(id)s", id=gateway_id)
    )


async def put_node(
    connection: Connection, node_id: str, gateway_id: str, board: str
) -> tuple[bool, bool]:
    """Add a node or move it; tell whether that changed anything, and whether its gateway."""
    before = await gateways_of(connection, [node_id])
    try:
        changed = await run(
            connection,
            "insert into nodes values (%(node_id)s, %(gateway_id)s, %(board)s)"
            " on conflict (node_id) do update set gateway_id = excluded.gateway_id,"
            " board = excluded.board where (nodes.gateway_id, nodes.board) <>"
            " (excluded.gateway_id, excluded.board)",
            node_id=node_id,
            gateway_id=gateway_id,
            board=board,
        )
    except ForeignKeyViolation as error:
        raise UnknownReferenceError("gateway", gateway_id) from error
    return changed > 0, before.get(node_id) != gateway_id


async def gateways_of(connection: Connection, node_ids: Collection[str]) -> dict[str, str]:
    """Return each known node's gateway."""
    found = await rows(
        connection,
        "select node_id, gateway_id from nodes where node_id = any(%(ids)s)",
        ids=list(node_ids),
    )
    return {fields["node_id"]: fields["gateway_id"] for fields in found}


async def add_installation(connection: Connection, one: Installation) -> int:
    """Record that a meter was put up and return the id; everything it names must be registered."""
    try:
        added = await row(
            connection,
            "insert into installations (service_point_id, meter_id, node_id, obis, valid_from,"
            " valid_to, start_register, final_register) values (%(service_point_id)s,"
            " %(meter_id)s, %(node_id)s, %(obis)s, %(valid_from)s, %(valid_to)s,"
            " %(start_register)s, %(final_register)s) returning installation_id",
            **vars(one),
        )
    except ForeignKeyViolation as error:
        constraint = str(error.diag.constraint_name)
        if "service_point" in constraint:
            raise UnknownReferenceError("service point", one.service_point_id) from error
        if "meter" in constraint:
            raise UnknownReferenceError("meter", one.meter_id) from error
        raise UnknownReferenceError("node", one.node_id) from error
    assert added is not None  # noqa: S101 - an insert returns its row
    return int(added["installation_id"])


async def change_installation(connection: Connection, one: Installation) -> None:
    """Correct from when to when a meter hangs, and what it showed then."""
    await run(
        connection,
        "update installations set valid_from = %(valid_from)s, valid_to = %(valid_to)s,"
        " start_register = %(start_register)s, final_register = %(final_register)s"
        " where installation_id = %(installation_id)s",
        **vars(one),
    )


async def installations(
    connection: Connection,
    *,
    node_ids: Collection[str] = (),
    service_point_ids: Collection[str] = (),
    meter_ids: Collection[str] = (),
) -> list[Installation]:
    """Return all installations of these, past and undone ones too, oldest first."""
    found = await rows(
        connection,
        "select * from installations where node_id = any(%(node_ids)s)"
        " or service_point_id = any(%(service_point_ids)s) or meter_id = any(%(meter_ids)s)"
        " order by valid_from, installation_id",
        node_ids=list(node_ids),
        service_point_ids=list(service_point_ids),
        meter_ids=list(meter_ids),
    )
    return [Installation(**fields) for fields in found]


async def readers_elsewhere(
    connection: Connection, node_id: str, obis: str, service_point_id: str
) -> list[Installation]:
    """Return where else than at a service point a register of a node was or is read."""
    found = await rows(
        connection,
        "select * from installations where node_id = %(node_id)s and obis = %(obis)s"
        " and service_point_id <> %(service_point_id)s order by valid_from",
        node_id=node_id,
        obis=obis,
        service_point_id=service_point_id,
    )
    return [Installation(**fields) for fields in found]


async def nodes_and_channels(connection: Connection, gateway_id: str) -> dict[str, list[Channel]]:
    """Return every node of a gateway with the registers it reads now."""
    found = await rows(
        connection,
        "select n.node_id, i.obis, i.meter_id, i.service_point_id, m.q3_l_per_h, m.households"
        " from nodes n left join installations i on i.node_id = n.node_id and i.valid_to is null"
        " left join meters m using (meter_id) where n.gateway_id = %(gateway_id)s"
        " order by n.node_id, i.obis",
        gateway_id=gateway_id,
    )
    channels: dict[str, list[Channel]] = {}
    for fields in found:
        of_node = channels.setdefault(fields["node_id"], [])
        if fields["obis"] is not None:
            of_node.append(Channel(**fields))
    return channels


async def boards_of(connection: Connection, gateway_id: str) -> dict[str, str]:
    """Return the board of each node of a gateway, by node in order."""
    found = await rows(
        connection,
        "select node_id, board from nodes where gateway_id = %(gateway_id)s order by node_id",
        gateway_id=gateway_id,
    )
    return {fields["node_id"]: fields["board"] for fields in found}


async def certificates(
    connection: Connection, *, subject: str, subject_kind: str, usage: str, valid_at: datetime
) -> list[str]:
    """Return the certificates issued so far that are still valid then, as PEM, newest first."""
    found = await rows(
        connection,
        "select certificate_pem from certificates where subject = %(subject)s"
        " and subject_kind = %(subject_kind)s and usage = %(usage)s and not_after > %(valid_at)s"
        " order by issued_at desc",
        subject=subject,
        subject_kind=subject_kind,
        usage=usage,
        valid_at=valid_at,
    )
    return [fields["certificate_pem"] for fields in found]


async def add_certificate(
    connection: Connection,
    *,
    serial: str,
    subject: str,
    subject_kind: str,
    usage: str,
    issued_at: datetime,
    not_after: datetime,
    certificate_pem: str,
) -> None:
    """Keep a record of a certificate that was issued; one handed out again changes nothing."""
    await run(
        connection,
        "insert into certificates values (%(serial)s, %(subject)s, %(subject_kind)s, %(usage)s,"
        " %(issued_at)s, %(not_after)s, %(certificate_pem)s) on conflict (serial) do nothing",
        serial=serial,
        subject=subject,
        subject_kind=subject_kind,
        usage=usage,
        issued_at=issued_at,
        not_after=not_after,
        certificate_pem=certificate_pem,
    )
