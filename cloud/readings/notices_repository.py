# SPDX-License-Identifier: EUPL-1.2
"""The table gateway_notices."""

from collections.abc import Sequence
from datetime import UTC, datetime

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from cloud.kit.database import Connection, rows
from cloud.readings.models import Entry


async def add(connection: Connection, gateway_id: str, store: str, entries: Sequence[Entry]) -> int:
    """Keep notices; one that is there already changes nothing. Return how many are new."""
    added = await rows(
        connection,
        "insert into gateway_notices (gateway_id, store, number, kind, detail, noticed_at)"
        " select %(gateway_id)s, %(store)s, new.* from unnest(%(numbers)s::bigint[],"
        " %(kinds)s::text[], %(details)s::jsonb[], %(noticed)s::timestamptz[]) as new"
        " on conflict do nothing returning number",
        gateway_id=gateway_id,
        store=store,
        numbers=[entry.number for entry in entries],
        kinds=[entry.body["notice"] for entry in entries],
        details=[Jsonb(entry.body["detail"]) for entry in entries],
        noticed=[datetime.fromtimestamp(entry.read_at_s, UTC) for entry in entries],
    )
    return len(added)


async def page(
    connection: Connection, gateway_id: str, before: int | None, limit: int
) -> list[DictRow]:
    """Return a gateway's notices, newest first, from before an id on."""
    return await rows(
        connection,
        "select notice_id, kind, detail, noticed_at, stored_at from gateway_notices"
        " where gateway_id = %(gateway_id)s"
        " and (%(before)s::bigint is null or notice_id < %(before)s::bigint)"
        " order by notice_id desc limit %(limit)s",
        gateway_id=gateway_id,
        before=before,
        limit=limit,
    )
