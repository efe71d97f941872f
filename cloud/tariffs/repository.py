# SPDX-License-Identifier: EUPL-1.2
"""The tables tariffs, tariff_versions and tariff_assignments."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from psycopg.errors import ForeignKeyViolation
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from cloud.kit.database import Connection, row, rows, run
from cloud.kit.errors import UnknownReferenceError
from cloud.tariffs.models import Assignment


async def tariffs(
    connection: Connection, tariff_ids: Collection[str] | None = None
) -> list[DictRow]:
    """Return these tariffs without their versions, or all for None, by id."""
    return await rows(
        connection,
        "select * from tariffs where %(all)s or tariff_id = any(%(ids)s) order by tariff_id",
        all=tariff_ids is None,
        ids=list(tariff_ids or ()),
    )


async def versions(
    connection: Connection, tariff_ids: Collection[str], *, only_standing: bool
) -> list[DictRow]:
    """Return the versions of these tariffs in order of time, the latest record last."""
    return await rows(
        connection,
        "select * from tariff_versions where tariff_id = any(%(ids)s)"
        " and not (%(only_standing)s and superseded_at is not null)"
        " order by tariff_id, valid_from, version_id",
        ids=list(tariff_ids),
        only_standing=only_standing,
    )


async def put_tariff(connection: Connection, fields: dict[str, str]) -> None:
    """Add a tariff, or change its names; its supplier must exist."""
    try:
        await run(
            connection,
            "insert into tariffs values (%(tariff_id)s, %(supplier_id)s, %(utility)s, %(name_bg)s,"
            " %(name_en)s) on conflict (tariff_id) do update set name_bg = excluded.name_bg,"
            " name_en = excluded.name_en, supplier_id = excluded.supplier_id",
            **fields,
        )
    except ForeignKeyViolation as error:
        raise UnknownReferenceError("supplier", fields["supplier_id"]) from error


async def add_version(
    connection: Connection,
    *,
    tariff_id: str,
    valid_from: date,
    content: dict[str, Any],
    recorded_by: str,
    recorded_at: datetime,
) -> int:
    """Add a version and return its id."""
    added = await row(
        connection,
        "insert into tariff_versions (tariff_id, valid_from, content, recorded_by, recorded_at)"
        " values (%(tariff_id)s, %(valid_from)s, %(content)s, %(recorded_by)s, %(recorded_at)s)"
        " returning version_id",
        tariff_id=tariff_id,
        valid_from=valid_from,
        content=Jsonb(content),
        recorded_by=recorded_by,
        recorded_at=recorded_at,
    )
    assert added is not None  # noqa: S101 - an insert returns its row
    return int(added["version_id"])


async def supersede(
    connection: Connection, version_ids: Collection[int], by: str, at: datetime
) -> None:
    """Note that other versions took the place of these, or nothing did."""
    await run(
        connection,
        "update tariff_versions set superseded_by = %(by)s, superseded_at = %(at)s"
        " where version_id = any(%(ids)s::int[])",
        ids=list(version_ids),
        by=by,
        at=at,
    )


async def assignments(
    connection: Connection, service_point_ids: Collection[str], *, only_standing: bool
) -> list[Assignment]:
    """Return the assignments at these service points in order of time."""
    found = await rows(
        connection,
        "select * from tariff_assignments where service_point_id = any(%(ids)s)"
        " and not (%(only_standing)s and withdrawn_at is not null)"
        " order by service_point_id, since, assignment_id",
        ids=list(service_point_ids),
        only_standing=only_standing,
    )
    for fields in found:
        del fields["assignment_id"]
    return [Assignment(**fields) for fields in found]


async def withdraw(
    connection: Connection, service_point_id: str, since: date, by: str, at: datetime
) -> None:
    """Note that what was assigned from ``since`` on doesn't count any more."""
    await run(
        connection,
        "update tariff_assignments set withdrawn_by = %(by)s, withdrawn_at = %(at)s"
        " where service_point_id = %(service_point_id)s and since = %(since)s"
        " and withdrawn_at is null",
        service_point_id=service_point_id,
        since=since,
        by=by,
        at=at,
    )


async def assign(
    connection: Connection,
    *,
    service_point_id: str,
    tariff_id: str | None,
    since: date,
    assigned_by: str,
    assigned_at: datetime,
) -> None:
    """Add an assignment; its tariff must exist."""
    try:
        await run(
            connection,
            "insert into tariff_assignments (service_point_id, tariff_id, since, assigned_by,"
            " assigned_at) values (%(service_point_id)s, %(tariff_id)s, %(since)s,"
            " %(assigned_by)s, %(assigned_at)s)",
            service_point_id=service_point_id,
            tariff_id=tariff_id,
            since=since,
            assigned_by=assigned_by,
            assigned_at=assigned_at,
        )
    except ForeignKeyViolation as error:
        raise UnknownReferenceError("tariff", str(tariff_id)) from error
