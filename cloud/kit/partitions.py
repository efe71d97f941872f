# SPDX-License-Identifier: EUPL-1.2
"""Native partitions of a table by whole months or years in UTC: for ``hypertable`` alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import sql

from cloud.kit.database import Connection, lock, rows

MONTHS = {"readings": 1, "hourly_usage": 12}  # that one partition of a table holds


@dataclass(frozen=True, kw_only=True)
class Partition:
    """The rows of a table from ``since`` up to ``until``."""

    table: str
    since: datetime
    until: datetime

    @property
    def name(self) -> str:
        """The partition's own name as a table: its year, and its month if it holds just that."""
        return f"{self.table}_{self.since:%Y_%m}"[: -3 if MONTHS[self.table] == 12 else None]


def spanning(table: str, since: datetime, until: datetime) -> Iterator[Partition]:
    """Yield the partitions that hold the instants from ``since`` to ``until``."""
    partition = _holding(table, since.astimezone(UTC))
    yield partition
    while partition.until <= until:
        partition = _holding(table, partition.until)
        yield partition


def _holding(table: str, at: datetime) -> Partition:
    months = MONTHS[table]
    since = datetime(at.year, (at.month - 1) // months * months + 1, 1, tzinfo=UTC)
    next_month = since.month + months
    until = datetime(since.year + (next_month - 1) // 12, (next_month - 1) % 12 + 1, 1, tzinfo=UTC)
    return Partition(table=table, since=since, until=until)


async def attach(connection: Connection, wanted: list[Partition]) -> None:
    """Make those partitions that aren't there; writers of the table aren't locked out."""
    await lock(connection, "partitions")
    there = await rows(
        connection,
        "select relname from pg_class where relname = any(%(names)s) and relispartition",
        names=[partition.name for partition in wanted],
    )
    for partition in wanted:
        if partition.name in {one["relname"] for one in there}:
            continue
        names = {
            "table": sql.Identifier(partition.table),
            "partition": sql.Identifier(partition.name),
            "since": sql.Literal(partition.since),
            "until": sql.Literal(partition.until),
        }
        # made apart and then attached: "partition of" would wait for all writers, and they for it
        await connection.execute(
            sql.SQL("create table {partition} (like {table} including all)").format(**names)
        )
        await connection.execute(
            sql.SQL(
                "alter table {table} attach partition {partition}"
                " for values from ({since}) to ({until})"
            ).format(**names)
        )


async def drop(connection: Connection, table: str, before: datetime) -> datetime | None:
    """Drop the partitions that end by then; return the end of the last, None if there was none."""
    found = await rows(
        connection,
        "select relname, substring(relname from '[0-9_]+$') as span from pg_inherits"
        " join pg_class on pg_class.oid = inhrelid where inhparent = %(table)s::regclass",
        table=table,
    )
    ended = []
    for one in found:
        year, month = (*map(int, one["span"].strip("_").split("_")), 1)[:2]
        partition = _holding(table, datetime(year, month, 1, tzinfo=UTC))
        if partition.until <= before:
            await connection.execute(
                sql.SQL("drop table {}").format(sql.Identifier(one["relname"]))
            )
            ended.append(partition.until)
    return max(ended, default=None)
