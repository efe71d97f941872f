# SPDX-License-Identifier: EUPL-1.2
"""The tables stale_usage and readings as a review reads them."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import numpy as np
from psycopg.rows import tuple_row

from cloud.kit.database import Connection, integers, rows, run
from cloud.readings.reviewed import Mark, RawReadings
from cloud.readings.usage import Integers

FOREVER_S = 2**40  # later than any reading; less it is earlier than any

_EPOCH_S = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())  # PostgreSQL counts us from there
# An array as PostgreSQL sends it: its dimensions, its elements' type, its one dimension's length
# and lower bound; then each element with its length before.
# Source: PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_send.
_ARRAY_HEADER_BYTES = 20
_INT8 = np.dtype([("bytes", ">i4"), ("content", ">i8")])
_INT4 = np.dtype([("bytes", ">i4"), ("content", ">i4")])
_INT2 = np.dtype([("bytes", ">i4"), ("content", ">i2")])

# Back from a mark to its nearest readings, on to a whole hour, and back to the readings before it:
# that much is needed to tell what the mark changes, and the hours that follow from it.
_WINDOWS = """
select place, extract(epoch from cut.until)::bigint as until_s,
    extract(epoch from first.read_at)::bigint as first_s,
    extract(epoch from last.read_at)::bigint as last_s, found.*
from unnest(%(channels)s::int[], %(since)s::bigint[], %(until)s::bigint[])
    with ordinality as mark (channel_id, since_s, until_s, place)
cross join lateral (select greatest(to_timestamp(since_s), %(closed)s::timestamptz) as since,
    to_timestamp(until_s) as until) span
cross join lateral (select coalesce((select read_at from readings
    where channel_id = mark.channel_id and read_at >= span.since and read_at <= span.until
    order by read_at offset %(at_most)s limit 1), span.until) as until) cut
left join lateral (select read_at from readings
    where channel_id = mark.channel_id and read_at < span.since and read_at >= %(closed)s
    order by read_at desc offset %(context)s limit 1) near on true
left join lateral (select read_at from readings
    where channel_id = mark.channel_id and read_at <= date_trunc('hour', near.read_at)
        and read_at >= %(closed)s
    order by read_at desc offset %(context)s limit 1) first on true
left join lateral (select read_at from readings
    where channel_id = mark.channel_id and read_at > cut.until
    order by read_at offset %(context)s limit 1) beyond on true
left join lateral (select read_at from readings
    where channel_id = mark.channel_id
        and read_at >= date_trunc('hour', beyond.read_at) + interval '1 hour'
    order by read_at offset %(context)s limit 1) last on true
cross join lateral (select array_send(array_agg(read_at)) as read_at,
    array_send(array_agg(boot)) as boot, array_send(array_agg(sequence)) as sequence,
    array_send(array_agg(register)) as register, array_send(array_agg(quality)) as quality
    from (select read_at, boot, sequence, register, quality from readings
        where channel_id = mark.channel_id
            and read_at >= coalesce(first.read_at, %(closed)s)
            and read_at <= coalesce(last.read_at, 'infinity')
        order by read_at, boot, sequence) in_order) found
"""


async def waiting_marks(
    connection: Connection, channels_at_most: int, aside: Collection[int]
) -> list[tuple[int, Mark]]:
    """Return the marks, by id, of the channels that wait longest and that nobody else reviews.

    Those channels, none of them among ``aside``, are the caller's to the end of the transaction.
    """
    found = await rows(
        connection,
        "with mine as materialized (select channel_id from (select channel_id from stale_usage"
        " where channel_id <> all(%(aside)s::int[]) group by channel_id order by min(mark_id))"
        " waiting"
        " where pg_try_advisory_xact_lock(hashtextextended('usage:' || channel_id, 0))"
        " limit %(at_most)s)"
        " select mark_id, channel_id, floor(extract(epoch from since))::bigint as since_s,"
        " ceil(extract(epoch from until))::bigint as until_s from stale_usage join mine"
        " using (channel_id) order by channel_id, since",
        at_most=channels_at_most,
        aside=integers(aside),
    )
    return [(fields.pop("mark_id"), Mark(**fields)) for fields in found]


async def delete_marks(connection: Connection, mark_ids: Collection[int]) -> None:
    """Delete stale marks."""
    await run(
        connection,
        "delete from stale_usage where mark_id = any(%(ids)s::bigint[])",
        ids=integers(mark_ids),
    )


async def add_marks(connection: Connection, marks: Collection[Mark]) -> None:
    """Write stale marks."""
    await run(
        connection,
        "insert into stale_usage (channel_id, since, until) select channel_id,"
        " to_timestamp(since_s), to_timestamp(until_s) from unnest(%(channels)s::int[],"
        " %(since)s::bigint[], %(until)s::bigint[]) as mark (channel_id, since_s, until_s)",
        channels=integers(one.channel_id for one in marks),
        since=integers(one.since_s for one in marks),
        until=integers(one.until_s for one in marks),
    )


async def is_stale(connection: Connection, installation_ids: Collection[int]) -> bool:
    """Tell whether a mark waits on the register of one of these installations."""
    found = await rows(
        connection,
        "select 1 from stale_usage join channels using (channel_id)"
        " join installations using (node_id, obis)"
        " where installation_id = any(%(ids)s::int[]) limit 1",
        ids=integers(installation_ids),
    )
    return bool(found)


async def places_of(
    connection: Connection, channel_ids: Collection[int]
) -> dict[int, tuple[str, str]]:
    """Return the node and OBIS code of each of these channels."""
    found = await rows(
        connection,
        "select * from channels where channel_id = any(%(ids)s::int[])",
        ids=integers(channel_ids),
    )
    return {fields["channel_id"]: (fields["node_id"], fields["obis"]) for fields in found}


async def readings_before(
    connection: Connection, marks: Sequence[Mark], at: datetime
) -> dict[int, tuple[int, int, int]]:
    """Return how many readings of these marks are before an instant, the first and the last."""
    found = await rows(
        connection,
        "select channel_id, count(*) as count, extract(epoch from min(read_at))::bigint as first_s,"
        " extract(epoch from max(read_at))::bigint as last_s from unnest(%(channels)s::int[],"
        " %(since)s::bigint[], %(until)s::bigint[]) as mark (channel_id, since_s, until_s)"
        " join readings using (channel_id) where read_at >= to_timestamp(since_s)"
        " and read_at <= to_timestamp(until_s) and read_at < %(at)s group by 1",
        channels=integers(one.channel_id for one in marks),
        since=integers(one.since_s for one in marks),
        until=integers(one.until_s for one in marks),
        at=at,
    )
    return {one["channel_id"]: (one["count"], one["first_s"], one["last_s"]) for one in found}


async def raw_readings(
    connection: Connection,
    marks: Sequence[Mark],
    *,
    context: int,
    at_most: int,
    closed: datetime | None,
) -> list[RawReadings]:
    """Return the readings of each mark, ``at_most`` of them, and ``context`` on both sides.

    ``closed`` is before when readings are no longer kept.
    """
    closed_s = -FOREVER_S if closed is None else int(closed.timestamp())
    found = []
    # The planner doesn't know how near the bounds are; it would rather sort a meter's whole history
    # than walk its index to the next few readings.
    await run(connection, "set local enable_bitmapscan = off")
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            _WINDOWS.encode(),
            {
                "channels": integers(one.channel_id for one in marks),
                "since": integers(one.since_s for one in marks),
                "until": integers(one.until_s for one in marks),
                "context": context - 1,
                "at_most": at_most,
                "closed": closed or "-infinity",
            },
            binary=True,
        )
        async for place, until_s, first_s, last_s, *columns in cursor:
            mark = marks[place - 1]
            read_at_us, boot, sequence, register, bits = (
                _integers(column, kind)
                for column, kind in zip(columns, (_INT8, _INT4, _INT4, _INT8, _INT2), strict=True)
            )
            found.append(
                RawReadings(
                    mark=Mark(channel_id=mark.channel_id, since_s=mark.since_s, until_s=until_s),
                    rest=None
                    if until_s == mark.until_s
                    else Mark(channel_id=mark.channel_id, since_s=until_s, until_s=mark.until_s),
                    first_s=closed_s if first_s is None else first_s,
                    last_s=FOREVER_S if last_s is None else last_s,
                    is_cut=first_s is None and closed is not None,
                    read_at_s=read_at_us // 1_000_000 + _EPOCH_S,
                    boot=boot,
                    sequence=sequence,
                    register=register,
                    bits=bits,
                )
            )
    await run(connection, "set local enable_bitmapscan = on")
    return found


def _integers(column: bytes | None, kind: np.dtype[np.void]) -> Integers:
    if column is None:
        return np.empty(0, dtype=np.int64)
    return np.frombuffer(column, kind, offset=_ARRAY_HEADER_BYTES)["content"].astype(np.int64)
