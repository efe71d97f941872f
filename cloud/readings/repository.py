# SPDX-License-Identifier: EUPL-1.2
"""The tables telegrams (the ledger), readings, current_readings."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow, tuple_row

from cloud.kit.database import Connection, integers, row, rows, run, texts
from cloud.meters.models import Installation
from cloud.readings.models import Message, Neighbours

# installation_id, read_at_s, boot, sequence, register, received_at_ms, quality
ReadingRow = tuple[int, int, int, int, int, int, int]


async def known_digests(
    connection: Connection, messages: Sequence[Message]
) -> dict[tuple[str, int, int], str]:
    """Return the digests of those messages whose keys the ledger has already."""
    found = await rows(
        connection,
        "select node_id, boot, sequence, digest from telegrams join"
        " unnest(%(nodes)s::text[], %(boots)s::int[], %(sequences)s::int[])"
        " as asked (node_id, boot, sequence) using (node_id, boot, sequence)",
        nodes=texts(message.node_id for message in messages),
        boots=integers(message.boot for message in messages),
        sequences=integers(message.sequence for message in messages),
    )
    return {
        (fields["node_id"], fields["boot"], fields["sequence"]): fields["digest"].hex
        for fields in found
    }


async def add_telegrams(connection: Connection, messages: Sequence[Message]) -> int:
    """Write messages into the ledger and return how many were new."""
    entries = [message.entry for message in messages]
    return await run(
        connection,
        "insert into telegrams (node_id, boot, sequence, kind, read_at, quality, registers, event,"
        " digest, received_at) select node_id, boot, sequence, kind, to_timestamp(read_at_s),"
        " quality, registers, event, digest, to_timestamp(received_at_ms / 1000.0)"
        " from unnest(%(nodes)s::text[], %(boots)s::int[], %(sequences)s::int[], %(kinds)s::text[],"
        " %(read)s::bigint[], %(qualities)s::smallint[], %(registers)s::json[], %(events)s::json[],"
        " %(digests)s::uuid[], %(received)s::bigint[]) as new (node_id, boot, sequence, kind,"
        " read_at_s, quality, registers, event, digest, received_at_ms)"
        " on conflict do nothing",
        nodes=texts(message.node_id for message in messages),
        boots=integers(message.boot for message in messages),
        sequences=integers(message.sequence for message in messages),
        kinds=texts(entry.kind for entry in entries),
        read=integers(entry.read_at_s for entry in entries),
        qualities=integers(entry.quality for entry in entries),
        registers=texts(message.canonical if message.registers else None for message in messages),
        events=texts(None if message.registers else message.canonical for message in messages),
        digests=texts(message.digest for message in messages),
        received=integers(entry.received_at_ms for entry in entries),
    )


async def add_readings(connection: Connection, readings: Sequence[ReadingRow]) -> None:
    """Write readings; a repeated one changes nothing."""
    ids, read, boots, sequences, registers, received, qualities = map(
        integers, zip(*readings, strict=True)
    )
    await run(
        connection,
        "insert into readings (installation_id, read_at, boot, sequence, register, received_at,"
        " quality) select id, to_timestamp(read_at_s), boot, sequence, register,"
        " to_timestamp(received_ms / 1000.0), quality from unnest(%(ids)s::int[],"
        " %(read)s::bigint[], %(boots)s::int[], %(sequences)s::int[], %(registers)s::bigint[],"
        " %(received)s::bigint[], %(qualities)s::smallint[]) as new (id, read_at_s, boot, sequence,"
        " register, received_ms, quality) on conflict do nothing",
        ids=ids,
        read=read,
        boots=boots,
        sequences=sequences,
        registers=registers,
        received=received,
        qualities=qualities,
    )


async def project(connection: Connection, installations: Sequence[Installation]) -> None:
    """Make the readings of these installations anew from the ledger."""
    await run(connection, "set local statement_timeout = '120s'")
    for one in installations:
        during = {"id": one.installation_id, "since": one.valid_from, "until": one.valid_to}
        await run(
            connection,
            "delete from readings where installation_id = %(id)s and (read_at < %(since)s"
            " or read_at >= %(until)s::timestamptz)",
            **during,
        )
        await run(
            connection,
            "insert into readings (installation_id, read_at, boot, sequence, register,"
            " received_at, quality) select %(id)s, read_at, boot, sequence,"
            " (registers ->> %(obis)s)::bigint, received_at, quality from telegrams"
            " where node_id = %(node_id)s and read_at >= %(since)s"
            " and (%(until)s::timestamptz is null or read_at < %(until)s)"
            " and registers ->> %(obis)s is not null on conflict do nothing",
            node_id=one.node_id,
            obis=one.obis,
            **during,
        )
        await run(
            connection,
            "with latest as (select * from readings where installation_id = %(id)s"
            " order by read_at desc, boot desc, sequence desc limit 1)"
            " insert into current_readings (installation_id, read_at, received_at, boot, sequence,"
            " register, quality) select installation_id, read_at, received_at, boot, sequence,"
            " register, quality from latest on conflict (installation_id) do update set"
            " read_at = excluded.read_at, received_at = excluded.received_at,"
            " boot = excluded.boot, sequence = excluded.sequence, register = excluded.register,"
            " quality = excluded.quality",
            id=one.installation_id,
        )


async def advance_registers(connection: Connection, newest: Sequence[ReadingRow]) -> set[int]:
    """Make these the current readings where they are newer; return of which installations."""
    found = await rows(
        connection,
        "insert into current_readings as known (installation_id, read_at, boot, sequence,"
        " register, received_at, quality) select id, to_timestamp(read_at_s), boot, sequence,"
        " register, to_timestamp(received_ms / 1000.0), quality"
        " from jsonb_to_recordset(%(newest)s::jsonb) as new (id int, read_at_s bigint, boot int,"
        " sequence int, register bigint, received_ms bigint, quality smallint) order by id"
        " on conflict (installation_id) do update set read_at = excluded.read_at,"
        " boot = excluded.boot, sequence = excluded.sequence, register = excluded.register,"
        " received_at = excluded.received_at, quality = excluded.quality"
        " where known.read_at is null or (known.read_at, known.boot, known.sequence)"
        " < (excluded.read_at, excluded.boot, excluded.sequence) returning installation_id",
        newest=json.dumps(
            [
                dict(
                    zip(
                        (
                            "id",
                            "read_at_s",
                            "boot",
                            "sequence",
                            "register",
                            "received_ms",
                            "quality",
                        ),
                        one,
                        strict=True,
                    )
                )
                for one in newest
            ]
        ),
    )
    return {fields["installation_id"] for fields in found}


async def advance_instantaneous(
    connection: Connection, newest: dict[int, tuple[str, int, int]]
) -> set[int]:
    """Keep (reading type, reading, read_at_s) by installation where newer; return of which."""
    found = await rows(
        connection,
        "insert into current_readings as known (installation_id, instantaneous_type,"
        " instantaneous, instantaneous_at) select id, type, reading, to_timestamp(read_at_s)"
        " from unnest(%(ids)s::int[], %(types)s::text[], %(readings)s::bigint[],"
        " %(read)s::bigint[]) as new (id, type, reading, read_at_s) order by id"
        " on conflict (installation_id) do update set"
        " instantaneous_type = excluded.instantaneous_type,"
        " instantaneous = excluded.instantaneous, instantaneous_at = excluded.instantaneous_at"
        " where known.instantaneous_at is null"
        " or known.instantaneous_at < excluded.instantaneous_at returning installation_id",
        ids=list(newest),
        types=[one[0] for one in newest.values()],
        readings=[one[1] for one in newest.values()],
        read=[one[2] for one in newest.values()],
    )
    return {fields["installation_id"] for fields in found}


async def current(connection: Connection, installation_ids: Collection[int]) -> dict[int, DictRow]:
    """Return the current reading of each of these installations that has one."""
    found = await rows(
        connection,
        "select * from current_readings where installation_id = any(%(ids)s)",
        ids=list(installation_ids),
    )
    return {fields["installation_id"]: fields for fields in found}


async def neighbours(
    connection: Connection, installation_ids: Sequence[int], at: Sequence[datetime]
) -> dict[int, list[Neighbours]]:
    """Return, for each installation, the readings around each of these instants."""
    found: dict[int, list[Neighbours]] = {one: [] for one in installation_ids}
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            b"select id, extract(epoch from at)::bigint,"
            b" extract(epoch from before.read_at)::bigint, before.register, before.quality,"
            b" extract(epoch from after.read_at)::bigint, after.register, after.quality"
            b" from unnest(%(ids)s::int[]) id"
            b" cross join unnest(%(at)s::timestamptz[]) with ordinality as cut (at, place)"
            b" left join lateral (select read_at, register, quality from readings"
            b" where installation_id = id and read_at <= at"
            b" order by read_at desc, boot desc, sequence desc limit 1) before on true"
            b" left join lateral (select read_at, register, quality from readings"
            b" where installation_id = id and read_at > at and before.read_at is distinct from at"
            b" order by read_at, boot, sequence limit 1) after"
            b" on true order by id, place",
            {"ids": list(installation_ids), "at": list(at)},
            binary=True,
        )
        async for one, at_s, *around in cursor:
            found[one].append(
                Neighbours(
                    at_s=at_s,
                    before=None if around[0] is None else (around[0], around[1], around[2]),
                    after=None if around[3] is None else (around[3], around[4], around[5]),
                )
            )
    return found


async def page_of_readings(
    connection: Connection,
    installation_ids: Sequence[int],
    *,
    since: datetime,
    until: datetime,
    after: tuple[datetime, int, int, int] | None,
    limit: int,
) -> list[DictRow]:
    """Return readings of these installations in order of time, from after a key on."""
    read_at, boot, sequence, last_id = after or (since, -1, -1, -1)
    return await rows(
        connection,
        "select page.* from unnest(%(ids)s::int[]) id cross join lateral (select * from readings"
        " where installation_id = id and read_at >= %(since)s and read_at < %(until)s"
        " and read_at >= %(read_at)s and (read_at, boot, sequence, installation_id)"
        " > (%(read_at)s, %(boot)s::int, %(sequence)s::int, %(last_id)s::int)"
        " order by read_at, boot, sequence limit %(limit)s) page"
        " order by read_at, boot, sequence, installation_id limit %(limit)s",
        ids=list(installation_ids),
        since=since,
        until=until,
        read_at=read_at,
        boot=boot,
        sequence=sequence,
        last_id=last_id,
        limit=limit,
    )


async def page_of_telegrams(
    connection: Connection,
    node_id: str | None,
    first_boot: int,
    after: tuple[str, int, int] | None,
    limit: int,
) -> list[DictRow]:
    """Return the ledger in order of key, of one node or of all, from after a key on."""
    node, boot, sequence = after or ("", -1, -1)
    return await rows(
        connection,
        "select node_id, boot, sequence, kind, read_at, quality, registers, received_at, stored_at"
        " from telegrams where (%(node_id)s::text is null or node_id = %(node_id)s)"
        " and boot >= %(first_boot)s"
        " and (node_id, boot, sequence) > (%(node)s, %(boot)s::int, %(sequence)s::int)"
        " order by node_id, boot, sequence limit %(limit)s",
        node_id=node_id,
        first_boot=first_boot,
        node=node,
        boot=boot,
        sequence=sequence,
        limit=limit,
    )


async def highest_boot(connection: Connection, node_id: str) -> int:
    """Return the highest boot that a node ever told of, 0 for none."""
    found: dict[str, Any] | None = await row(
        connection,
        "select coalesce(max(boot), 0) as boot from telegrams where node_id = %(node_id)s",
        node_id=node_id,
    )
    return int(found["boot"]) if found else 0
