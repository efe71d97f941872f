# SPDX-License-Identifier: EUPL-1.2
"""The tables of usage, years at a time: a column of an installation is one value."""

from collections.abc import Collection

import numpy as np
from psycopg.rows import tuple_row

from cloud.kit.database import Connection, integers
from cloud.readings.long_usage import Stored
from cloud.readings.usage_repository import TABLES


async def stored(
    connection: Connection,
    resolution: str,
    installation_ids: Collection[int],
    since_s: int,
    until_s: int,
) -> dict[int, Stored]:
    """Return what is stored of the installations' intervals that start in [since_s, until_s).

    Installations of which nothing is are left out.
    """
    async with connection.cursor(row_factory=tuple_row) as cursor:
        # the server packs each column into bytes: 87,672 rows as objects would hold up the loop
        await cursor.execute(
            "select installation_id,"  # noqa: S608 - the table is one of three
            " string_agg(int8send(extract(epoch from interval_start)::bigint), '' order by"
            " interval_start), string_agg(int8send(coalesce(usage, 0)::bigint), '' order by"
            " interval_start), string_agg(int8send(covered_s::bigint), '' order by"
            " interval_start), string_agg(int8send(quality::bigint), '' order by interval_start)"
            f" from {TABLES[resolution]} where installation_id = any(%(ids)s::int[])"
            " and interval_start >= to_timestamp(%(since)s)"
            " and interval_start < to_timestamp(%(until)s) group by 1".encode(),
            {"ids": integers(installation_ids), "since": since_s, "until": until_s},
            binary=True,
        )
        found = await cursor.fetchall()
    return {
        one: Stored(
            start_s=_column(start_s),
            usage=_column(usage),
            covered_s=_column(covered_s),
            bits=_column(bits),
        )
        for one, start_s, usage, covered_s, bits in found
    }


def _column(packed: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.frombuffer(packed, dtype=">i8").astype(np.int64)
