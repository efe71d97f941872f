# SPDX-License-Identifier: EUPL-1.2
"""Raw readings put straight into the tables, and everything that was worked out from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloud.kit.database import Connection, integers, rows, run
from cloud.kit.hypertable import READINGS

# ruff: noqa: S608 - the only texts put in are names of tables and columns
from tests.integration.cloud.builders import COLD, NODE, CloudInTest

DERIVED = {
    "hourly_usage": "installation_id, interval_start, usage, covered_s, quality",
    "daily_usage": "installation_id, interval_start, usage, covered_s, quality",
    "monthly_usage": "installation_id, interval_start, usage, covered_s, quality",
    "exclusions": "channel_id, read_at, boot, sequence, rule",
    "usage_gaps": "*",
    "boundary_registers": "*",
}


@dataclass(frozen=True)
class Raw:
    """A reading as a node sends it."""

    at_s: int
    sequence: int
    register: int
    boot: int = 1


@dataclass
class Meter:
    """The cold water meter of building one, and what its node sends."""

    cloud: CloudInTest
    obis: str = COLD

    async def receive(self, readings: Iterable[Raw], *, is_marked: bool = True) -> None:
        """Store readings as ingest does, and mark them."""
        known = list(readings)
        if not known:
            return
        first, last = (pick(one.at_s for one in known) for pick in (min, max))
        await self.cloud.services.hypertables.make_room(READINGS, utc(first), utc(last))
        async with self.cloud.services.database.transaction() as connection:
            channel_id = await self.channel(connection)
            await run(
                connection,
                "insert into readings (channel_id, read_at, boot, sequence, register, received_at,"
                " quality) select %(id)s, to_timestamp(at_s), boot, sequence, register,"
                " to_timestamp(at_s), 0 from unnest(%(at)s::bigint[], %(boots)s::int[],"
                " %(sequences)s::int[], %(registers)s::bigint[])"
                " as new (at_s, boot, sequence, register) on conflict do nothing",
                id=channel_id,
                at=integers(one.at_s for one in known),
                boots=integers(one.boot for one in known),
                sequences=integers(one.sequence for one in known),
                registers=integers(one.register for one in known),
            )
            if is_marked:
                await self.mark(connection, first, last)

    async def channel(self, connection: Connection) -> int:
        """Return the channel's number, made on demand."""
        place = {"node_id": NODE, "obis": self.obis}
        await run(
            connection,
            "insert into channels (node_id, obis) values (%(node_id)s, %(obis)s)"
            " on conflict do nothing",
            **place,
        )
        [found] = await rows(
            connection,
            "select channel_id from channels where node_id = %(node_id)s and obis = %(obis)s",
            **place,
        )
        return int(found["channel_id"])

    async def mark(self, connection: Connection, first_s: int, last_s: int) -> None:
        """Mark readings stale from one instant to another."""
        await run(
            connection,
            "insert into stale_usage (channel_id, since, until)"
            " values (%(id)s, %(since)s, %(until)s)",
            id=await self.channel(connection),
            since=utc(first_s),
            until=utc(last_s),
        )

    async def forget(self, *tables: str) -> None:
        """Empty tables."""
        async with self.cloud.services.database.transaction() as connection:
            for table in tables:
                await run(connection, f"delete from {table}")


async def derived(cloud: CloudInTest) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that was worked out from readings, in order."""
    found = {}
    async with cloud.services.database.transaction() as connection:
        for table, columns in DERIVED.items():
            found[table] = sorted(
                tuple(one.values())
                for one in await rows(connection, f"select {columns} from {table}")
            )
    return found


async def told(cloud: CloudInTest, query: str) -> list[Any]:
    """Return what a query says, one value or a tuple for each row."""
    async with cloud.services.database.transaction() as connection:
        found = [tuple(one.values()) for one in await rows(connection, query)]
    return [one[0] if len(one) == 1 else one for one in found]


def utc(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
