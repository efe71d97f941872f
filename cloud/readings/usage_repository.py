# SPDX-License-Identifier: EUPL-1.2
"""The tables of usage: hourly_usage and its roll-ups, usage_gaps, boundary_registers."""

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np
from psycopg.rows import DictRow, tuple_row

from cloud.kit.database import Connection, integers, rows, run
from cloud.kit.hypertable import DAILY, HOURLY, MONTHLY
from cloud.readings.reviewed import Reviewed
from cloud.readings.usage import DAY, HOUR, HOUR_S, MONTH, Figure, Hours, Integers

# ruff: noqa: S608 - the only texts put in are names of tables and columns, and _CHANGED
TABLES = {HOUR: HOURLY, DAY: DAILY, MONTH: MONTHLY}

Changed = dict[int, tuple[int, int]]  # by installation: start of the first and the last hour


async def figures(
    connection: Connection,
    resolution: str,
    installation_ids: Collection[int],
    since: datetime,
    until: datetime,
) -> dict[int, dict[datetime, Figure]]:
    """Return what is known of each installation's intervals that start in [since, until)."""
    found: dict[int, dict[datetime, Figure]] = {one: {} for one in installation_ids}
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "select installation_id, interval_start, coalesce(usage, 0), covered_s, quality"
            f" from {TABLES[resolution]} where installation_id = any(%(ids)s::int[])"
            " and interval_start >= %(since)s and interval_start < %(until)s".encode(),
            {"ids": integers(installation_ids), "since": since, "until": until},
            binary=True,
        )
        async for one, start, usage, covered_s, bits in cursor:
            found[one][start] = Figure(usage=usage, covered_s=covered_s, bits=bits)
    return found


async def hours_at(
    connection: Connection, installation_ids: Collection[int], starts: Collection[datetime]
) -> dict[int, dict[datetime, Figure]]:
    """Return what is known of each installation's hours with these starts."""
    found: dict[int, dict[datetime, Figure]] = {one: {} for one in installation_ids}
    if not starts:
        return found
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            b"select installation_id, interval_start, coalesce(usage, 0), covered_s, quality"
            b" from hourly_usage where installation_id = any(%(ids)s::int[])"
            b" and interval_start = any(%(starts)s::timestamptz[])"
            b" and interval_start >= %(first)s and interval_start <= %(last)s",
            {
                "ids": integers(installation_ids),
                "starts": list(starts),
                "first": min(starts),
                "last": max(starts),
            },
            binary=True,
        )
        async for one, start, usage, covered_s, bits in cursor:
            found[one][start] = Figure(usage=usage, covered_s=covered_s, bits=bits)
    return found


async def measured_hours(
    connection: Connection, installation_id: int, since_s: int, until_s: int, unmeasured: int
) -> tuple[Integers, Integers]:
    """Return start and usage of the whole hours in [since_s, until_s) without those bits."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            b"select extract(epoch from interval_start)::bigint, usage from hourly_usage"
            b" where installation_id = %(id)s and interval_start >= to_timestamp(%(since)s)"
            b" and interval_start < to_timestamp(%(until)s) and covered_s = %(hour)s"
            b" and quality & %(bits)s = 0 order by interval_start",
            {
                "id": installation_id,
                "since": since_s,
                "until": until_s,
                "hour": HOUR_S,
                "bits": unmeasured,
            },
            binary=True,
        )
        found = np.array(await cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


async def with_usage_before(
    connection: Connection, installation_ids: Collection[int], at: datetime
) -> set[int]:
    """Return which of these installations have hours before an instant."""
    found = await rows(
        connection,
        "select id from unnest(%(ids)s::int[]) id where exists (select from hourly_usage"
        " where installation_id = id and interval_start < %(at)s)",
        ids=integers(installation_ids),
        at=at,
    )
    return {fields["id"] for fields in found}


async def write_hours(connection: Connection, reviewed: Sequence[Reviewed]) -> Changed:
    """Write these hours, delete those of which nothing is known; return what that changed."""
    changed: Changed = {}
    kept = [np.flatnonzero(one.hours.covered_s > 0) for one in reviewed]
    lengths = [len(places) for places in kept]
    if sum(lengths):
        hours = [one.hours for one in reviewed]
        _add_changed(
            changed,
            await rows(
                connection,
                "with told as (insert into hourly_usage as known (installation_id, interval_start,"
                " usage, covered_s, quality, known_at) select id, to_timestamp(start_s), usage,"
                " covered_s, quality, now() from unnest(%(ids)s::int[], %(starts)s::bigint[],"
                " %(usages)s::bigint[], %(covered)s::int[], %(qualities)s::smallint[])"
                " as new (id, start_s, usage, covered_s, quality)"
                " on conflict (installation_id, interval_start) do update set"
                " usage = excluded.usage, covered_s = excluded.covered_s,"
                " quality = excluded.quality, known_at = excluded.known_at"
                " where (known.usage, known.covered_s, known.quality)"
                " is distinct from (excluded.usage, excluded.covered_s, excluded.quality)"
                f" returning installation_id, interval_start) {_CHANGED}",
                ids=_column(
                    [
                        np.full(n, one.installation_id)
                        for n, one in zip(lengths, reviewed, strict=True)
                    ]
                ),
                starts=_column([one.start_s[at] for at, one in zip(kept, hours, strict=True)]),
                usages=_column([one.usage[at] for at, one in zip(kept, hours, strict=True)]),
                covered=_column([one.covered_s[at] for at, one in zip(kept, hours, strict=True)]),
                qualities=_column([one.bits[at] for at, one in zip(kept, hours, strict=True)]),
            ),
        )
    gone = [(one.installation_id, *span) for one in reviewed for span in _unknown(one.hours)]
    await delete_hours(connection, gone, changed)
    return changed


async def delete_hours(
    connection: Connection, gone: Collection[tuple[int, int, int]], changed: Changed
) -> None:
    """Delete the hours of each (installation, since, until), and add to what has changed."""
    if gone:
        ids, since, until = zip(*gone, strict=True)
        _add_changed(
            changed,
            await rows(
                connection,
                "with told as (delete from hourly_usage using unnest(%(ids)s::int[],"
                " %(since)s::bigint[], %(until)s::bigint[]) as gone (id, since_s, until_s)"
                " where installation_id = id and interval_start >= to_timestamp(since_s)"
                " and interval_start < to_timestamp(until_s)"
                f" returning installation_id, interval_start) {_CHANGED}",
                ids=integers(ids),
                since=integers(since),
                until=integers(until),
            ),
        )


async def write_gaps(connection: Connection, reviewed: Sequence[Reviewed]) -> None:
    """Keep which gaps were filled by profile, instead of those that began in the same hours."""
    await _delete_within(connection, "usage_gaps", "since", "<", reviewed)
    gaps = [(one.installation_id, *gap) for one in reviewed for gap in one.gaps]
    if gaps:
        ids, since, until = zip(*gaps, strict=True)
        await run(
            connection,
            "insert into usage_gaps as known (installation_id, since, until)"
            " select id, to_timestamp(since_s), max(to_timestamp(until_s))"
            " from unnest(%(ids)s::int[], %(since)s::bigint[], %(until)s::bigint[])"
            " as new (id, since_s, until_s) group by 1, 2"
            " on conflict (installation_id, since) do update set until = excluded.until",
            ids=integers(ids),
            since=integers(since),
            until=integers(until),
        )


async def write_boundaries(connection: Connection, reviewed: Sequence[Reviewed]) -> None:
    """Keep the registers at boundaries, instead of those from the same hours."""
    await _delete_within(connection, "boundary_registers", "at", "<=", reviewed)
    found = [(one.installation_id, boundary) for one in reviewed for boundary in one.boundaries]
    if found:
        await run(
            connection,
            "insert into boundary_registers (installation_id, at, register, quality, before_at,"
            " before_register, after_at, after_register) select id, to_timestamp(at_s), register,"
            " quality, to_timestamp(before_s), before_register, to_timestamp(after_s),"
            " after_register from unnest(%(ids)s::int[], %(at)s::bigint[], %(registers)s::bigint[],"
            " %(qualities)s::smallint[], %(before)s::bigint[], %(before_registers)s::bigint[],"
            " %(after)s::bigint[], %(after_registers)s::bigint[]) as new (id, at_s, register,"
            " quality, before_s, before_register, after_s, after_register)"
            " on conflict (installation_id, at) do update set register = excluded.register,"
            " quality = excluded.quality, before_at = excluded.before_at,"
            " before_register = excluded.before_register, after_at = excluded.after_at,"
            " after_register = excluded.after_register",
            ids=integers(one for one, _ in found),
            at=integers(one.at_s for _, one in found),
            registers=integers(one.register for _, one in found),
            qualities=integers(one.bits for _, one in found),
            before=integers(one.before_s for _, one in found),
            before_registers=integers(one.before_register for _, one in found),
            after=integers(one.after_s for _, one in found),
            after_registers=integers(one.after_register for _, one in found),
        )


async def mark_gaps_after(
    connection: Connection, reviewed: Sequence[Reviewed], changed: Changed, habit_s: int
) -> None:
    """Mark the gaps that were filled by a habit which has changed now, except those just filled."""
    told = [one for one in reviewed if one.installation_id in changed]
    if told:
        await run(
            connection,
            "insert into stale_usage (channel_id, since, until)"
            " select distinct channel_id, gap.since, gap.until from unnest(%(ids)s::int[],"
            " %(channels)s::int[], %(first)s::bigint[], %(last)s::bigint[], %(since)s::bigint[],"
            " %(until)s::bigint[]) as told (id, channel_id, first_s, last_s, since_s, until_s)"
            " join usage_gaps gap on gap.installation_id = told.id"
            " and gap.since > to_timestamp(first_s) and gap.since <= to_timestamp(last_s)"
            " and not (gap.since >= to_timestamp(since_s) and gap.since < to_timestamp(until_s))",
            ids=integers(one.installation_id for one in told),
            channels=integers(one.channel_id for one in told),
            first=integers(changed[one.installation_id][0] for one in told),
            last=integers(changed[one.installation_id][1] + HOUR_S + habit_s for one in told),
            since=integers(one.hours.first_s for one in told),
            until=integers(one.end_s for one in told),
        )


_CHANGED = (
    "select installation_id, extract(epoch from min(interval_start))::bigint as first_s,"
    " extract(epoch from max(interval_start))::bigint as last_s from told group by 1"
)


def _add_changed(changed: Changed, found: Sequence[DictRow]) -> None:
    for fields in found:
        first_s, last_s = fields["first_s"], fields["last_s"]
        known = changed.get(fields["installation_id"], (first_s, last_s))
        changed[fields["installation_id"]] = (min(known[0], first_s), max(known[1], last_s))


def _unknown(hours: Hours) -> list[tuple[int, int]]:
    """Return the spans [since_s, until_s) of hours of which nothing is known."""
    is_unknown = np.concatenate(([False], hours.covered_s == 0, [False]))
    turns = np.flatnonzero(is_unknown[1:] != is_unknown[:-1])
    spans = (hours.first_s + HOUR_S * turns).reshape(-1, 2).tolist()
    return [(since_s, until_s) for since_s, until_s in spans]


async def _delete_within(
    connection: Connection, table: str, column: str, below: str, reviewed: Sequence[Reviewed]
) -> None:
    await run(
        connection,
        f"delete from {table} using unnest(%(ids)s::int[], %(since)s::bigint[],"
        " %(until)s::bigint[]) as told (id, since_s, until_s) where installation_id = id"
        f" and {column} >= to_timestamp(since_s) and {column} {below} to_timestamp(until_s)",
        ids=integers(one.installation_id for one in reviewed),
        since=integers(one.hours.first_s for one in reviewed),
        until=integers(one.end_s for one in reviewed),
    )


def _column(parts: Sequence[Integers]) -> str:
    return integers(np.concatenate(parts).tolist())
