# SPDX-License-Identifier: EUPL-1.2
"""The tables readings (raw, never changed), current_readings and stale_usage."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import DictRow

from cloud.kit.database import Connection, integers, rows, run, texts
from cloud.meters.models import Installation
from cloud.readings.columns import Columns
from cloud.readings.ledger_repository import Place
from cloud.readings.models import Current

# As PostgreSQL's binary COPY has a row: the number of its fields, and each with its length before.
# Source: PostgreSQL documentation, COPY, "Binary Format".
_FIELDS = {
    "channel_id": ">i4",
    "read_at": ">i8",
    "boot": ">i4",
    "sequence": ">i4",
    "register": ">i8",
    "received_at": ">i8",
    "quality": ">i2",
}
_ROW = np.dtype(
    [("fields", ">i2")]
    + [pair for name, kind in _FIELDS.items() for pair in ((f"{name}_bytes", ">i4"), (name, kind))]
)
_COPY = f"copy readings ({', '.join(_FIELDS)}) from stdin (format binary)".encode()
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_EPOCH_S = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())  # PostgreSQL counts us from there

# ruff: noqa: S608 - the only text put in is _HUNG
_HUNG = (
    "unnest(%(ids)s::int[], %(nodes)s::text[], %(codes)s::text[], %(from)s::timestamptz[],"
    " %(to)s::timestamptz[]) as hung (installation_id, node_id, obis, valid_from, valid_to)"
)


async def add_readings(
    connection: Connection, telegrams: Sequence[Columns], channels: Mapping[Place, int]
) -> None:
    """Write the registers of telegrams whose keys are new; ``channels`` has all of theirs."""
    body = _rows(telegrams, channels).tobytes()
    async with connection.cursor().copy(_COPY) as copy:
        await copy.write(_SIGNATURE + body + _END)


def _rows(telegrams: Sequence[Columns], channels: Mapping[Place, int]) -> NDArray[np.void]:
    """Return a row for each register, each channel's together and in order."""
    found = np.empty(sum(len(one) * len(one.registers) for one in telegrams), dtype=_ROW)
    found["fields"] = len(_FIELDS)
    for name, kind in _FIELDS.items():
        found[f"{name}_bytes"] = np.dtype(kind).itemsize
    end = 0
    for one in telegrams:
        read_at_us = (one.read_at_s - _EPOCH_S) * 1_000_000
        received_at_us = one.received_at_ms * 1000 - _EPOCH_S * 1_000_000
        for code, column in one.registers.items():
            part = found[end : (end := end + len(one))]
            part["channel_id"] = channels[one.node_id, code]
            part["read_at"] = read_at_us
            part["boot"] = one.boot
            part["sequence"] = one.sequence
            part["register"] = column
            part["received_at"] = received_at_us
            part["quality"] = one.quality
    return found


async def advance(
    connection: Connection, newest: Sequence[Current], channels: Mapping[Place, int]
) -> list[Current]:
    """Make these the current readings where they are newer; return those that were."""
    by_channel = {channels[one.node_id, one.obis]: one for one in newest}
    found = await rows(
        connection,
        "insert into current_readings as known (channel_id, read_at, boot, sequence, register,"
        " received_at, quality) select channel_id, to_timestamp(read_at_s), boot, sequence,"
        " register, to_timestamp(received_at_ms / 1000.0), quality"
        " from unnest(%(ids)s::int[], %(read)s::bigint[], %(boots)s::int[], %(sequences)s::int[],"
        " %(registers)s::bigint[], %(received)s::bigint[], %(qualities)s::smallint[])"
        " as new (channel_id, read_at_s, boot, sequence, register, received_at_ms, quality)"
        " order by channel_id on conflict (channel_id) do update set read_at = excluded.read_at,"
        " boot = excluded.boot, sequence = excluded.sequence, register = excluded.register,"
        " received_at = excluded.received_at, quality = excluded.quality"
        " where (known.read_at, known.boot, known.sequence)"
        " < (excluded.read_at, excluded.boot, excluded.sequence) returning channel_id",
        ids=integers(by_channel),
        read=integers(one.read_at_s for one in newest),
        boots=integers(one.boot for one in newest),
        sequences=integers(one.sequence for one in newest),
        registers=integers(one.register for one in newest),
        received=integers(one.received_at_ms for one in newest),
        qualities=integers(one.quality for one in newest),
    )
    return [by_channel[fields["channel_id"]] for fields in found]


async def add_stale(connection: Connection, spans: Mapping[int, tuple[int, int]]) -> None:
    """Mark channels' usage stale over spans from the first to the last reading, Unix s."""
    await run(
        connection,
        "insert into stale_usage (channel_id, since, until) select channel_id,"
        " to_timestamp(first_s), to_timestamp(last_s) from unnest(%(ids)s::int[],"
        " %(first)s::bigint[], %(last)s::bigint[]) as new (channel_id, first_s, last_s)",
        ids=integers(spans),
        first=integers(first_s for first_s, _ in spans.values()),
        last=integers(last_s for _, last_s in spans.values()),
    )


async def add_stale_register(
    connection: Connection, node_id: str, obis: str, since: datetime, until: datetime
) -> None:
    """Mark the usage by one register of a node stale from ``since`` to ``until``, both included.

    Also one that has never sent a reading: an editor may know what was used all the same.
    """
    place = {"node_id": node_id, "obis": obis}
    await run(
        connection,
        "insert into channels (node_id, obis) select %(node_id)s, %(obis)s where not exists"
        " (select from channels where (node_id, obis) = (%(node_id)s, %(obis)s))"
        " on conflict do nothing",
        **place,
    )
    await run(
        connection,
        "insert into stale_usage (channel_id, since, until) select channel_id, %(since)s,"
        " %(until)s from channels where (node_id, obis) = (%(node_id)s, %(obis)s)",
        since=since,
        until=until,
        **place,
    )


async def current(
    connection: Connection, installations: Sequence[Installation], rates: Mapping[int, str]
) -> list[DictRow]:
    """Return the newest register of each of these installations, and its newest rate.

    ``rates`` has the OBIS code of the power or flow that belongs to an installation's register.
    """
    return await rows(
        connection,
        "select installation_id, now.register, now.read_at, now.received_at, now.quality,"
        " rate.register as rate, rate.read_at as rate_read_at, rate.quality as rate_quality"
        f" from {_HUNG} cross join lateral (select %(rates)s::jsonb ->> installation_id::text) as"
        " beside (rate_obis)"
        " left join lateral (select known.* from channels join current_readings known"
        " using (channel_id) where (node_id, obis) = (hung.node_id, hung.obis)"
        " and read_at >= valid_from and read_at < valid_to) now on true"
        " left join lateral (select known.* from channels join current_readings known"
        " using (channel_id) where (node_id, obis) = (hung.node_id, rate_obis)"
        " and read_at >= valid_from and read_at < valid_to) rate on true",
        rates=json.dumps(rates),
        **_hung(installations),
    )


async def page_of_readings(
    connection: Connection,
    installations: Sequence[Installation],
    *,
    since: datetime,
    until: datetime,
    after: tuple[datetime, int, int, int] | None,
    limit: int,
) -> list[DictRow]:
    """Return readings of these installations in order of time, from after a key on.

    Each with the rule and the explanation by which it doesn't count; None if it does.
    """
    read_at, boot, sequence, last_id = after or (since, -1, -1, -1)
    return await rows(
        connection,
        "select installation_id, node_id, page.*, rule, explanation"
        f" from {_HUNG} join channels using (node_id, obis)"
        " cross join lateral (select read_at, boot, sequence, register, received_at, quality"
        " from readings where channel_id = channels.channel_id"
        " and read_at >= greatest(valid_from, %(since)s) and read_at < least(valid_to, %(until)s)"
        " and read_at >= %(read_at)s and (read_at, boot, sequence, installation_id)"
        " > (%(read_at)s, %(boot)s::int, %(sequence)s::int, %(last_id)s::int)"
        " order by read_at, boot, sequence limit %(limit)s) page"
        " left join exclusions using (channel_id, read_at, boot, sequence)"
        " order by read_at, boot, sequence, installation_id limit %(limit)s",
        since=since,
        until=until,
        read_at=read_at,
        boot=boot,
        sequence=sequence,
        last_id=last_id,
        limit=limit,
        **_hung(installations),
    )


def _hung(installations: Sequence[Installation]) -> dict[str, object]:
    """Return what ``_HUNG`` needs to be these installations."""
    return {
        "ids": integers(one.installation_id for one in installations),
        "nodes": texts(one.node_id for one in installations),
        "codes": texts(one.obis for one in installations),
        "from": [one.valid_from for one in installations],
        "to": texts(
            one.valid_to.isoformat() if one.valid_to else "infinity" for one in installations
        ),
    }
