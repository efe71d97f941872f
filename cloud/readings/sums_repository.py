# SPDX-License-Identifier: EUPL-1.2
"""The tables hourly_usage and monthly_usage, summed over many installations at once."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
from psycopg.rows import tuple_row

from cloud.kit.database import Connection, integers, rows
from cloud.readings.usage import HOUR_S, Integers

Floats = npt.NDArray[np.float64]


async def usual_use(
    connection: Connection, installation_ids: Sequence[int], since: datetime, until: datetime
) -> dict[int, float]:
    """Return what each installation uses in an hour on average, by the months that are touched."""
    found = await rows(
        connection,
        "select installation_id, sum(usage) * %(hour)s / sum(covered_s) as usual"
        " from monthly_usage where installation_id = any(%(ids)s::int[])"
        " and interval_start > %(since)s::timestamptz - interval '31 days'"
        " and interval_start < %(until)s group by 1 having sum(covered_s) > 0",
        ids=integers(installation_ids),
        since=since,
        until=until,
        hour=float(HOUR_S),
    )
    return {one["installation_id"]: float(one["usual"] or 0) for one in found}


async def sums(
    connection: Connection,
    installation_ids: Sequence[int],
    places: Sequence[int],
    weights: Floats,
    since: datetime,
    until: datetime,
    known_at: datetime | None,
) -> tuple[Integers, Floats, Floats]:
    """Return start (Unix s), use, and weight of the points known, of hours in [since, until).

    ``places`` says which point of the group each installation is at; ``weights`` is by place.
    """
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            b"with member as materialized (select * from unnest(%(ids)s::int[], %(places)s::int[])"
            b" as member (installation_id, place)), waiting as materialized ("
            b" select installation_id, date_trunc('hour', since) as since, until from stale_usage"
            b" join channels using (channel_id) join installations using (node_id, obis)"
            b" where installation_id = any(%(ids)s::int[])), at_point as ("
            b" select place, interval_start, sum(usage) as usage from hourly_usage used"
            b" join member using (installation_id)"
            b" where interval_start >= %(since)s and interval_start < %(until)s"
            b" and (%(known_at)s::timestamptz is null or known_at <= %(known_at)s)"
            b" and not exists (select from waiting"
            b" where waiting.installation_id = used.installation_id"
            b" and interval_start >= waiting.since and interval_start <= waiting.until)"
            b" group by 1, 2 having sum(covered_s) >= %(hour)s)"
            b" select extract(epoch from interval_start)::float8, sum(at_point.usage)::float8,"
            b" sum(weight) from at_point join unnest(%(weights)s::float8[]) with ordinality"
            b" as known (weight, number) on number = place + 1 group by interval_start",
            {
                "ids": integers(installation_ids),
                "places": integers(places),
                "weights": weights.tolist(),
                "since": since,
                "until": until,
                "known_at": known_at,
                "hour": HOUR_S,
            },
            binary=True,
        )
        found = np.array(await cursor.fetchall(), dtype=np.float64).reshape(-1, 3)
    return found[:, 0].astype(np.int64), found[:, 1], found[:, 2]
