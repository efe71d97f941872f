# SPDX-License-Identifier: EUPL-1.2
"""The table accesses."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from cloud.kit.auth.rights import Grant
from cloud.kit.database import Connection, rows, run
from cloud.privacy.looks import Look

# Whose look it was, as people are told: their part and the utility they worked for. A list shows a
# building to those who could see it then.
_SHOWN = """
    select accesses.hour, accesses.subject, accesses.role, sights.premises_id,
        accesses.premises_id as looked_at, accesses.service_point_id, accesses.kind,
        accesses.looks, suppliers.name as organisation, users.email
    from jsonb_to_recordset(%(sights)s)
        as sights (premises_id text, service_point_ids text[], since timestamptz)
    join accesses on (accesses.premises_id = sights.premises_id
        or accesses.premises_id = '' and (
            accesses.role = any(%(see_all)s)
            or exists (select from service_points
                where service_points.premises_id = sights.premises_id
                and service_points.supplier_id = accesses.supplier_id)
            or exists (select from grants where grants.premises_id = sights.premises_id
                and accesses.subject = 'user:' || grants.user_id
                and grants.granted_at < accesses.hour + interval '1 hour'
                and (grants.revoked_at is null or grants.revoked_at > accesses.hour))))
    and (sights.service_point_ids is null
        or accesses.service_point_id = any(array_append(sights.service_point_ids, '')))
    and (sights.since is null or accesses.hour >= date_trunc('hour', sights.since))
    left join suppliers on suppliers.supplier_id = accesses.supplier_id
    left join users on accesses.subject = 'user:' || users.user_id
"""
KEY = ("hour", "subject", "premises_id", "looked_at", "service_point_id", "kind")
_AFTER = """
    where (accesses.hour, accesses.subject, sights.premises_id, accesses.premises_id,
        accesses.service_point_id, accesses.kind)
    < (%(hour)s::timestamptz, %(subject)s, %(premises_id)s, %(looked_at)s, %(service_point_id)s,
        %(kind)s)
"""

_NEWEST_FIRST = """
    order by accesses.hour desc, accesses.subject desc, sights.premises_id desc,
        accesses.premises_id desc, accesses.service_point_id desc, accesses.kind desc
"""


async def add(connection: Connection, counted: Mapping[Look, int]) -> None:
    """Add these looks to those of their hours; ids become the buildings they belong to.

    A series of many buildings is nobody's, and a message that is about no building, a test, was no
    look: neither is kept.
    """
    await run(
        connection,
        "insert into accesses (hour, subject, premises_id, service_point_id, kind, role,"
        " supplier_id, looks)"
        " select looked.hour, looked.subject, coalesce(points.premises_id, series.premises_id,"
        " messages.premises_id,"
        " case looked.id_name when 'premises_id' then looked.id else '' end),"
        " coalesce(points.service_point_id, ''), looked.kind, min(looked.role),"
        " min(looked.supplier_id), sum(looked.looks)"
        " from jsonb_to_recordset(%(looks)s) as looked (hour timestamptz, subject text,"
        " role text, supplier_id text, kind text, id_name text, id text, looks int)"
        " left join alerts on looked.id_name = 'alert_id' and alerts.alert_id = looked.id"
        " left join demand_series series on looked.id_name = 'series_id'"
        " and series.series_id = looked.id"
        " left join webhook_messages messages on looked.id_name = 'message_id'"
        " and messages.message_id = looked.id"
        " left join service_points points on points.service_point_id = case looked.id_name"
        " when 'service_point_id' then looked.id"
        " else coalesce(alerts.service_point_id, series.service_point_id,"
        " messages.service_point_id) end"
        " where looked.id_name not in ('series_id', 'message_id')"
        " or coalesce(series.premises_id, messages.premises_id) is not null"
        " group by 1, 2, 3, 4, 5"
        " on conflict (hour, subject, premises_id, service_point_id, kind)"
        " do update set looks = accesses.looks + excluded.looks",
        looks=Jsonb(
            [
                {
                    "hour": look.hour.isoformat(),
                    "subject": look.subject,
                    "role": look.role,
                    "supplier_id": look.supplier_id,
                    **vars(look.target),
                    "looks": count,
                }
                for look, count in counted.items()
            ]
        ),
    )


async def page(
    connection: Connection,
    sights: Sequence[Grant],
    *,
    see_all: Collection[str],
    before: Sequence[Any] | None,
    limit: int,
) -> list[DictRow]:
    """Return who looked at what these sights are of, the newest first; ``before`` is a KEY."""
    return await rows(
        connection,
        f"{_SHOWN} {_AFTER if before else ''} {_NEWEST_FIRST} limit %(limit)s",
        sights=Jsonb(
            [
                {
                    "premises_id": one.premises_id,
                    "service_point_ids": one.service_point_ids and sorted(one.service_point_ids),
                    "since": one.since and one.since.isoformat(),
                }
                for one in sights
            ]
        ),
        see_all=list(see_all),
        limit=limit,
        **dict(zip(KEY, before or (), strict=False)),
    )


async def drop(connection: Connection, before: datetime) -> int:
    """Forget looks of hours before that; return how many rows went."""
    return await run(connection, "delete from accesses where hour < %(before)s", before=before)
