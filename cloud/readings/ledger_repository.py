# SPDX-License-Identifier: EUPL-1.2
"""The tables ledger, events and channels: what came from which node, and under which number."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import DictRow

from cloud.kit.database import Connection, integers, row, rows, run, texts
from cloud.readings.columns import Integers, runs
from cloud.readings.models import Key, Message, Told
from wire import quality

# ruff: noqa: S608 - the only texts put in are parts of the queries that stand here twice
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # ingest takes nothing from before

Place = tuple[str, str]  # node_id, OBIS code
Boot = tuple[str, int]  # node_id, boot


async def claim(connection: Connection, sequences: Mapping[Boot, Integers]) -> set[Boot]:
    """Enter the sequences of each boot of which none is known yet; return those boots.

    Of a boot with a known one among them, nothing is entered.
    """
    found = await rows(
        connection,
        "insert into ledger as held (node_id, boot, known)"
        " select * from unnest(%(nodes)s::text[], %(boots)s::int[], %(known)s::int8multirange[])"
        " order by 1, 2 on conflict (node_id, boot) do update set known = held.known"
        " + excluded.known where not held.known && excluded.known returning node_id, boot",
        nodes=texts(node_id for node_id, _ in sequences),
        boots=integers(boot for _, boot in sequences),
        known=texts(_multirange(column) for column in sequences.values()),
    )
    return {(fields["node_id"], fields["boot"]) for fields in found}


def _multirange(sequences: Integers) -> str:
    """Return what PostgreSQL calls a multirange; sequences without a gap are one range of it."""
    return "{" + ",".join(f"[{first},{last}]" for first, last in runs(sequences, 1)) + "}"


async def known(connection: Connection, messages: Sequence[Message]) -> set[Key]:
    """Return the keys of those messages that the ledger has already."""
    found = await rows(
        connection,
        "select node_id, boot, sequence from ledger join"
        " unnest(%(nodes)s::text[], %(boots)s::int[], %(sequences)s::bigint[])"
        " as asked (node_id, boot, sequence) using (node_id, boot) where known @> sequence",
        **_keys(messages),
    )
    return {(fields["node_id"], fields["boot"], fields["sequence"]) for fields in found}


def _keys(messages: Sequence[Message]) -> dict[str, str]:
    return {
        "nodes": texts(message.node_id for message in messages),
        "boots": integers(message.boot for message in messages),
        "sequences": integers(message.sequence for message in messages),
    }


async def told(connection: Connection, messages: Sequence[Message]) -> dict[Key, Told]:
    """Return what is stored under the keys of these messages; of one that is gone, nothing."""
    stored = await _events(connection, messages)
    stored |= await _telegrams_read_then(connection, messages)
    elsewhere = [message for message in messages if message.key not in stored]
    if elsewhere:
        stored |= await _telegrams_at_any_time(connection, elsewhere)
    return stored


async def _events(connection: Connection, messages: Sequence[Message]) -> dict[Key, Told]:
    found = await rows(
        connection,
        "select node_id, boot, sequence, kind, detail, quality,"
        " extract(epoch from read_at)::bigint as read_at_s from events join"
        " unnest(%(nodes)s::text[], %(boots)s::int[], %(sequences)s::int[])"
        " as asked (node_id, boot, sequence) using (node_id, boot, sequence)",
        **_keys(messages),
    )
    return {
        (fields["node_id"], fields["boot"], fields["sequence"]): Told(
            read_at_s=_known_time(fields), event=(fields["kind"], fields["detail"])
        )
        for fields in found
    }


async def _telegrams_read_then(
    connection: Connection, messages: Sequence[Message]
) -> dict[Key, Told]:
    """Return the telegrams that were read at the very times that these messages say."""
    read = [message.entry.read_at_s for message in messages]
    found = await rows(
        connection,
        "with asked as (select distinct node_id, boot, sequence, to_timestamp(read_at_s) as read_at"
        " from unnest(%(nodes)s::text[], %(boots)s::int[], %(sequences)s::int[],"
        " %(read)s::bigint[]) as asked (node_id, boot, sequence, read_at_s))"
        " select node_id, boot, sequence, obis, register, readings.quality,"
        " extract(epoch from read_at)::bigint as read_at_s"
        " from asked join channels using (node_id)"
        " join readings using (channel_id, read_at, boot, sequence)"
        " where readings.read_at between to_timestamp(%(first)s) and to_timestamp(%(last)s)",
        read=integers(read),
        first=min(read),
        last=max(read),
        **_keys(messages),
    )
    return _put_together(found)


async def _telegrams_at_any_time(
    connection: Connection, messages: Sequence[Message]
) -> dict[Key, Told]:
    """Return the telegrams under these keys, whenever they were read.

    That reads all readings of their nodes' channels once: no index leads from a key to its rows.
    """
    sequences = [message.sequence for message in messages]
    found = await rows(
        connection,
        "with held as materialized (select node_id, boot, sequence, obis, register, quality,"
        " extract(epoch from read_at)::bigint as read_at_s"
        " from channels join readings using (channel_id)"
        " where node_id = any(%(nodes)s::text[]) and boot = any(%(boots)s::int[])"
        " and sequence between %(first)s and %(last)s)"
        " select held.* from held join"
        " unnest(%(nodes)s::text[], %(boots)s::int[], %(sequences)s::int[])"
        " as asked (node_id, boot, sequence) using (node_id, boot, sequence)",
        first=min(sequences),
        last=max(sequences),
        **_keys(messages),
    )
    return _put_together(found)


def _put_together(found: Sequence[DictRow]) -> dict[Key, Told]:
    registers: dict[Key, dict[str, int]] = {}
    times: dict[Key, int | None] = {}
    for fields in found:
        key = (fields["node_id"], fields["boot"], fields["sequence"])
        registers.setdefault(key, {})[fields["obis"]] = fields["register"]
        times[key] = _known_time(fields)
    return {key: Told(read_at_s=times[key], registers=registers[key]) for key in registers}


def _known_time(fields: Mapping[str, Any]) -> int | None:
    return None if fields["quality"] & quality.RECONSTRUCTED else int(fields["read_at_s"])


async def add_events(connection: Connection, messages: Sequence[Message]) -> None:
    """Write events that the ledger has just got to know."""
    entries = [message.entry for message in messages]
    events = [message.told.event or ("", {}) for message in messages]
    await run(
        connection,
        "insert into events (node_id, boot, sequence, kind, read_at, quality, detail, received_at)"
        " select node_id, boot, sequence, kind, to_timestamp(read_at_s), quality, detail,"
        " to_timestamp(received_at_ms / 1000.0)"
        " from unnest(%(nodes)s::text[], %(boots)s::int[], %(sequences)s::int[], %(kinds)s::text[],"
        " %(read)s::bigint[], %(qualities)s::smallint[], %(details)s::jsonb[],"
        " %(received)s::bigint[]) as new (node_id, boot, sequence, kind, read_at_s, quality,"
        " detail, received_at_ms)",
        kinds=texts(kind for kind, _ in events),
        details=texts(json.dumps(detail) for _, detail in events),
        read=integers(entry.read_at_s for entry in entries),
        qualities=integers(entry.quality for entry in entries),
        received=integers(entry.received_at_ms for entry in entries),
        **_keys(messages),
    )


async def channel_ids(connection: Connection, places: Collection[Place]) -> dict[Place, int]:
    """Return the number of each channel; one that never sent before gets its own now."""
    asked = {
        "nodes": texts(node_id for node_id, _ in places),
        "codes": texts(code for _, code in places),
    }
    from_asked = "from unnest(%(nodes)s::text[], %(codes)s::text[]) as asked (node_id, obis)"
    there = f"select node_id, obis, channel_id {from_asked} join channels using (node_id, obis)"
    found = await rows(connection, there, **asked)
    if len(found) < len(places):
        await run(
            connection,
            f"insert into channels (node_id, obis) select * {from_asked} order by 1, 2"
            " on conflict do nothing",
            **asked,
        )
        found = await rows(connection, there, **asked)
    return {(fields["node_id"], fields["obis"]): fields["channel_id"] for fields in found}


async def highest_boot(connection: Connection, node_id: str) -> int:
    """Return the highest boot that a node ever told of, 0 for none."""
    found = await row(
        connection,
        "select coalesce(max(boot), 0) as boot from ledger where node_id = %(node_id)s",
        node_id=node_id,
    )
    return int(found["boot"]) if found else 0


async def page_of_messages(
    connection: Connection,
    node_id: str,
    first_boot: int,
    after: tuple[datetime, int, int] | None,
    limit: int,
) -> list[DictRow]:
    """Return a node's telegrams and events by (read_at, boot, sequence), from after one on.

    A page of a channel's readings holds all of its part in a page of telegrams.
    """
    read_at, boot, sequence = after or (EARLIEST, -1, -1)
    page = (
        " and boot >= %(first_boot)s and read_at >= %(read_at)s"
        " and (read_at, boot, sequence) > (%(read_at)s, %(boot)s::int, %(sequence)s::int)"
        " order by read_at, boot, sequence limit %(limit)s"
    )
    return await rows(
        connection,
        "select %(node_id)s::text as node_id, page.* from (select boot, sequence,"
        " 'telegram' as kind, read_at, quality, json_object_agg(obis, register) as registers,"
        " received_at, stored_at"
        " from channels cross join lateral (select * from readings"
        f" where channel_id = channels.channel_id{page}) readings"
        " where node_id = %(node_id)s group by read_at, boot, sequence, quality, received_at,"
        " stored_at union all (select boot, sequence, 'event', read_at, quality, null, received_at,"
        f" stored_at from events where node_id = %(node_id)s{page})) page"
        " order by read_at, boot, sequence limit %(limit)s",
        node_id=node_id,
        first_boot=first_boot,
        read_at=read_at,
        boot=boot,
        sequence=sequence,
        limit=limit,
    )
