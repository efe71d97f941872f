# SPDX-License-Identifier: EUPL-1.2
"""Accepted registers of an epoch, and those kept of month starts: readings, boundary_registers."""

from collections.abc import AsyncIterator
from datetime import datetime

from psycopg.rows import tuple_row

from cloud.kit.database import Connection, row
from cloud.meters.models import Installation
from cloud.readings.models import Known, KnownBoundary

AT_ONCE = 5000
_ACCEPTED = (
    "select read_at, register, quality from readings r where channel_id = (select channel_id"
    " from channels where (node_id, obis) = (%(node_id)s, %(obis)s))"
    " and read_at >= %(since)s and read_at < %(until)s and not exists (select from exclusions x"
    " where (x.channel_id, x.read_at, x.boot, x.sequence)"
    " = (r.channel_id, r.read_at, r.boot, r.sequence))"
)


async def first_accepted(
    connection: Connection, epoch: Installation, since: datetime
) -> Known | None:
    """Return the first reading of an epoch, at ``since`` or later, that counts."""
    found = await row(
        connection,
        f"{_ACCEPTED} order by read_at, boot, sequence limit 1",
        node_id=epoch.node_id,
        obis=epoch.obis,
        since=max(since, epoch.valid_from),
        until=epoch.valid_to or "infinity",
    )
    return Known(**found) if found else None


async def last_accepted(
    connection: Connection, epoch: Installation, before: datetime | None
) -> Known | None:
    """Return the last reading of an epoch before an instant, None for all of it, that counts."""
    ends = [one for one in (epoch.valid_to, before) if one is not None]
    found = await row(
        connection,
        f"{_ACCEPTED} order by read_at desc, boot desc, sequence desc limit 1",
        node_id=epoch.node_id,
        obis=epoch.obis,
        since=epoch.valid_from,
        until=min(ends) if ends else "infinity",
    )
    return Known(**found) if found else None


async def boundary(
    connection: Connection, installation_id: int, at: datetime
) -> KnownBoundary | None:
    """Return the register kept of a month's start."""
    found = await row(
        connection,
        "select at, register, quality, before_at, before_register, after_at, after_register"
        " from boundary_registers where installation_id = %(installation_id)s and at = %(at)s",
        installation_id=installation_id,
        at=at,
    )
    return KnownBoundary(**found) if found else None


async def readings_between(
    connection: Connection, epoch: Installation, since: datetime, until: datetime
) -> AsyncIterator[tuple[int, int, int]]:
    """Yield time in Unix s, register and quality of all readings of an epoch in [since, until)."""
    # by parts: a year of readings at once would hold up everybody else for their time
    async with connection.cursor("readings_between", row_factory=tuple_row) as cursor:
        cursor.itersize = AT_ONCE
        await cursor.execute(
            b"select extract(epoch from read_at)::bigint, register, quality::bigint from readings"
            b" where channel_id = (select channel_id from channels where (node_id, obis)"
            b" = (%(node_id)s, %(obis)s)) and read_at >= %(since)s and read_at < %(until)s"
            b" order by read_at, boot, sequence",
            {"node_id": epoch.node_id, "obis": epoch.obis, "since": since, "until": until},
        )
        async for read_at_s, register, bits in cursor:
            yield read_at_s, register, bits
