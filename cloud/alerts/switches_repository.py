# SPDX-License-Identifier: EUPL-1.2
"""The table rule_switches: a row for each rule that is off at a service point."""

from collections.abc import Collection
from datetime import datetime

from cloud.kit.database import Connection, rows, run


async def off(connection: Connection, service_point_ids: Collection[str]) -> list[tuple[str, str]]:
    """Return (service point, kind) of every rule that is off at these points, in order."""
    found = await rows(
        connection,
        "select service_point_id, kind from rule_switches"
        " where service_point_id = any(%(ids)s) order by service_point_id, kind",
        ids=list(service_point_ids),
    )
    return [(one["service_point_id"], one["kind"]) for one in found]


async def off_at(connection: Connection, service_point_id: str) -> dict[str, datetime]:
    """Return since when rules are off at a service point, by kind."""
    found = await rows(
        connection,
        "select kind, switched_off_at from rule_switches"
        " where service_point_id = %(service_point_id)s",
        service_point_id=service_point_id,
    )
    return {one["kind"]: one["switched_off_at"] for one in found}


async def switch_off(
    connection: Connection, service_point_id: str, kind: str, who: str, now: datetime
) -> bool:
    """Switch a rule off; tell whether it was on."""
    added = await run(
        connection,
        "insert into rule_switches (service_point_id, kind, switched_off_by, switched_off_at)"
        " values (%(service_point_id)s, %(kind)s, %(who)s, %(now)s) on conflict do nothing",
        service_point_id=service_point_id,
        kind=kind,
        who=who,
        now=now,
    )
    return added > 0


async def switch_on(connection: Connection, service_point_id: str, kind: str) -> bool:
    """Switch a rule on; tell whether it was off."""
    removed = await run(
        connection,
        "delete from rule_switches"
        " where service_point_id = %(service_point_id)s and kind = %(kind)s",
        service_point_id=service_point_id,
        kind=kind,
    )
    return removed > 0
