# SPDX-License-Identifier: EUPL-1.2
"""The table validation_findings as people read it."""

from collections.abc import Collection
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, rows


async def page(
    connection: Connection,
    service_point_ids: Collection[str],
    after: tuple[datetime, int],
    limit: int,
) -> list[DictRow]:
    """Return findings at these service points after (started_at, finding_id), in that order."""
    return await rows(
        connection,
        "select * from validation_findings where service_point_id = any(%(ids)s)"
        " and (started_at, finding_id) > (%(started_at)s, %(finding_id)s::bigint)"
        " order by started_at, finding_id limit %(limit)s",
        ids=list(service_point_ids),
        started_at=after[0],
        finding_id=after[1],
        limit=limit,
    )
