# SPDX-License-Identifier: EUPL-1.2
"""A month of all buildings of one kind, for figures that are nobody's: not for callers."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, rows


async def month_of_kind(
    connection: Connection,
    kind: str,
    type_names: Sequence[str],
    start: datetime,
    end: datetime,
) -> list[DictRow]:
    """Return what each building of a kind used in a month: those that are known in full."""
    return await rows(
        connection,
        "with points as (select point.premises_id, point.service_point_id"
        " from service_points point join premises using (premises_id)"
        " left join service_points main on main.service_point_id = point.parent_service_point_id"
        " and main.premises_id = point.premises_id"
        " where premises.kind = %(kind)s and main is null"
        " and point.reading_type = any(%(type_names)s)"
        "), counted as (select premises_id, count(*) as points from points group by 1)"
        " select premises_id, sum(used.usage)::bigint as usage"
        " from points join counted using (premises_id)"
        " join installations using (service_point_id)"
        " join monthly_usage used using (installation_id)"
        " where used.interval_start = %(start)s"
        " group by premises_id, points"
        " having sum(used.covered_s) >= points * extract(epoch from %(end)s - %(start)s)"
        " order by premises_id",
        kind=kind,
        type_names=list(type_names),
        start=start,
        end=end,
    )
