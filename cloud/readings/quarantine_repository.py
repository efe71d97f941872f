# SPDX-License-Identifier: EUPL-1.2
"""The tables quarantine, findings and watermarks: what was refused, and how far a batch got."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict

from psycopg.rows import DictRow

from cloud.kit.database import Connection, rows, run
from cloud.readings.models import Message, Refusal

MAX_ENTRY_CHARACTERS = (
    2**21
)  # a block of MAX_ENTRIES fits; what is longer is cut off: it can be read, not replayed


async def quarantine(
    connection: Connection, gateway_id: str, store: str, refusals: Sequence[Refusal]
) -> None:
    """Keep what was refused; the same refusal again changes nothing."""
    # ASCII with escapes: PostgreSQL's text holds neither NUL nor a lone surrogate
    entries = [json.dumps(refusal.raw)[:MAX_ENTRY_CHARACTERS] for refusal in refusals]
    await run(
        connection,
        "insert into quarantine (gateway_id, store, n, kind, reason, explanation, node_id, entry,"
        " digest) select %(gateway_id)s, %(store)s, new.* from unnest(%(numbers)s::bigint[],"
        " %(kinds)s::text[], %(reasons)s::text[], %(explanations)s::text[], %(nodes)s::text[],"
        " %(entries)s::text[], %(digests)s::bytea[]) as new on conflict do nothing",
        gateway_id=gateway_id,
        store=store,
        numbers=[refusal.number for refusal in refusals],
        kinds=[refusal.kind for refusal in refusals],
        reasons=[refusal.reason for refusal in refusals],
        explanations=[_plain(refusal.explanation) for refusal in refusals],
        nodes=[_plain(refusal.node_id) if refusal.node_id else None for refusal in refusals],
        entries=entries,
        digests=[hashlib.blake2b(entry.encode(), digest_size=16).digest() for entry in entries],
    )


def _plain(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")[:500]


async def add_conflicts(connection: Connection, conflicts: Sequence[tuple[Message, str]]) -> None:
    """Record that a node told two stories under one key: a finding about its integrity."""
    messages = [message for message, _ in conflicts]
    await run(
        connection,
        "insert into findings (kind, node_id, boot, sequence, explanation, digest)"
        " select 'conflict', new.* from unnest(%(nodes)s::text[], %(boots)s::int[],"
        " %(sequences)s::int[], %(explanations)s::text[], %(digests)s::uuid[]) as new"
        " on conflict do nothing",
        nodes=[message.node_id for message in messages],
        boots=[message.boot for message in messages],
        sequences=[message.sequence for message in messages],
        explanations=[explanation for _, explanation in conflicts],
        digests=[
            hashlib.blake2b(
                json.dumps(asdict(message.told), sort_keys=True).encode(), digest_size=16
            ).hexdigest()
            for message in messages
        ],
    )


async def advance_watermark(
    connection: Connection, gateway_id: str, store: str, committed: int
) -> None:
    """Note how far the entries of one gateway store are in the database."""
    await run(
        connection,
        "insert into watermarks (gateway_id, store, committed) values"
        " (%(gateway_id)s, %(store)s, %(committed)s) on conflict (gateway_id, store) do update"
        " set committed = greatest(watermarks.committed, excluded.committed),"
        " committed_at = now()",
        gateway_id=gateway_id,
        store=store,
        committed=committed,
    )


async def replayable(
    connection: Connection, node_id: str, reasons: Collection[str], after: int, limit: int
) -> list[DictRow]:
    """Return a node's entries refused for one of ``reasons``, oldest first, from after an id on."""
    return await rows(
        connection,
        "select quarantine_id, gateway_id, entry from quarantine where node_id = %(node_id)s"
        " and reason = any(%(reasons)s) and replayed_at is null and quarantine_id > %(after)s"
        " order by quarantine_id limit %(limit)s",
        node_id=node_id,
        reasons=list(reasons),
        after=after,
        limit=limit,
    )


async def mark_replayed(connection: Connection, quarantine_ids: Collection[int]) -> None:
    """Note that these entries have been taken in after all."""
    await run(
        connection,
        "update quarantine set replayed_at = now() where quarantine_id = any(%(ids)s)",
        ids=list(quarantine_ids),
    )


async def page_of_quarantine(connection: Connection, after: int, limit: int) -> list[DictRow]:
    """Return what was refused, oldest first, from after an id on."""
    return await rows(
        connection,
        "select * from quarantine where quarantine_id > %(after)s order by quarantine_id"
        " limit %(limit)s",
        after=after,
        limit=limit,
    )


async def page_of_findings(connection: Connection, after: int, limit: int) -> list[DictRow]:
    """Return integrity findings, oldest first, from after an id on."""
    return await rows(
        connection,
        "select * from findings where finding_id > %(after)s order by finding_id limit %(limit)s",
        after=after,
        limit=limit,
    )
