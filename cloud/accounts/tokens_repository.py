# SPDX-License-Identifier: EUPL-1.2
"""The table tokens."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, run


async def token(connection: Connection, token_hash: bytes, now: datetime) -> DictRow | None:
    """Return the token with this hash, unless it was to be used first before now and wasn't."""
    return await row(
        connection,
        "select * from tokens where token_hash = %(token_hash)s"
        " and coalesce(unused_until > %(now)s, true)",
        token_hash=token_hash,
        now=now,
    )


async def add_token(
    connection: Connection,
    token_hash: bytes,
    label: str,
    role: str,
    *,
    premises_ids: Sequence[str] = (),
    supplier_id: str | None = None,
    gateway_id: str | None = None,
    unused_until: datetime | None = None,
) -> None:
    """Keep a new token; one with ``unused_until`` ends then unless it was used before."""
    await run(
        connection,
        "insert into tokens (token_hash, label, role, premises_ids, supplier_id, gateway_id,"
        " unused_until)"
        " values (%(token_hash)s, %(label)s, %(role)s, %(premises_ids)s, %(supplier_id)s,"
        " %(gateway_id)s, %(unused_until)s)",
        token_hash=token_hash,
        label=label,
        role=role,
        premises_ids=list(premises_ids),
        supplier_id=supplier_id,
        gateway_id=gateway_id,
        unused_until=unused_until,
    )


async def end_tokens(connection: Connection, gateway_id: str, *, unused_only: bool = False) -> None:
    """Forget a gateway's tokens, or only those it never used."""
    await run(
        connection,
        "delete from tokens where gateway_id = %(gateway_id)s"
        " and (unused_until is not null or not %(unused_only)s)",
        gateway_id=gateway_id,
        unused_only=unused_only,
    )


async def first_use_of_token(connection: Connection, token_id: int) -> None:
    """Note that a gateway uses this token now: its others end."""
    await run(
        connection,
        "with used as (update tokens set unused_until = null where token_id = %(token_id)s"
        " returning gateway_id) delete from tokens using used"
        " where tokens.gateway_id = used.gateway_id and token_id <> %(token_id)s",
        token_id=token_id,
    )
