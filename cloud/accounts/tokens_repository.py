# SPDX-License-Identifier: EUPL-1.2
"""The table tokens."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.errors import ForeignKeyViolation
from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run
from cloud.kit.errors import UnknownReferenceError

_SHOWN = (
    "token_id, label, role, supplier_id, scopes, premises_ids, hint, created_at, expires_at,"
    " last_used_at, revoked_at"
)


async def token(connection: Connection, token_hash: bytes, now: datetime) -> DictRow | None:
    """Return the token with this hash, what it sees, and whether it is valid now."""
    return await row(
        connection,
        "select tokens.*, (select coalesce(jsonb_agg(jsonb_build_array(premises_id,"
        " service_point_ids, since)), '[]') from token_grants"
        " where token_grants.token_id = tokens.token_id) as grants,"
        " exists (select from live_tokens where live_tokens.token_id = tokens.token_id)"
        " and coalesce(expires_at > %(now)s, true) and coalesce(unused_until > %(now)s, true)"
        " as is_valid from tokens where token_hash = %(token_hash)s",
        token_hash=token_hash,
        now=now,
    )


async def add_token(
    connection: Connection,
    token_hash: bytes,
    label: str,
    role: str,
    *,
    hint: str | None = None,
    user_id: int | None = None,
    supplier_id: str | None = None,
    scopes: Sequence[str] | None = None,
    premises_ids: Sequence[str] | None = (),
    gateway_id: str | None = None,
    created_at: datetime | None = None,
    expires_at: datetime | None = None,
    unused_until: datetime | None = None,
) -> DictRow:
    """Keep a new token and return it; one with ``unused_until`` ends then unless used before."""
    try:
        made = await row(
            connection,
            "insert into tokens (token_hash, label, role, hint, user_id, supplier_id, scopes,"  # noqa: S608
            " premises_ids, gateway_id, created_at, expires_at, unused_until)"
            " values (%(token_hash)s, %(label)s, %(role)s, %(hint)s, %(user_id)s, %(supplier_id)s,"
            " %(scopes)s, %(premises_ids)s, %(gateway_id)s, coalesce(%(created_at)s, now()),"
            f" %(expires_at)s, %(unused_until)s) returning {_SHOWN}",
            token_hash=token_hash,
            label=label,
            role=role,
            hint=hint,
            user_id=user_id,
            supplier_id=supplier_id,
            scopes=None if scopes is None else list(scopes),
            premises_ids=None if premises_ids is None else list(premises_ids),
            gateway_id=gateway_id,
            created_at=created_at,
            expires_at=expires_at,
            unused_until=unused_until,
        )
    except ForeignKeyViolation as error:
        if "supplier" not in str(error.diag.constraint_name):
            raise
        raise UnknownReferenceError("supplier", str(supplier_id)) from error
    assert made is not None  # noqa: S101 - an insert returns its row
    return made


async def tokens_of_user(connection: Connection, user_id: int, since: datetime) -> list[DictRow]:
    """Return a person's tokens that weren't revoked and hadn't ended before ``since``."""
    return await rows(
        connection,
        f"select {_SHOWN} from tokens where user_id = %(user_id)s and revoked_at is null"  # noqa: S608
        " and expires_at > %(since)s order by token_id desc limit 500",
        user_id=user_id,
        since=since,
    )


async def programs_tokens(connection: Connection) -> list[DictRow]:
    """Return the tokens of programs, and of people; not those of gateways."""
    return await rows(
        connection,
        f"select {_SHOWN}, user_id from tokens where gateway_id is null"  # noqa: S608
        " order by token_id",
    )


async def revoke(
    connection: Connection, token_id: int, now: datetime, *, user_id: int | None = None
) -> bool:
    """End a token, if ``user_id`` is given only one of theirs; tell whether there was one."""
    ended = await run(
        connection,
        "update tokens set revoked_at = %(now)s where token_id = %(token_id)s"
        " and revoked_at is null and gateway_id is null"
        " and (%(user_id)s::int is null or user_id = %(user_id)s)",
        token_id=token_id,
        now=now,
        user_id=user_id,
    )
    return ended > 0


async def revoke_all_of(connection: Connection, user_id: int, now: datetime) -> int:
    """End every token of a person; return how many there were."""
    return await run(
        connection,
        "update tokens set revoked_at = %(now)s where user_id = %(user_id)s and revoked_at is null",
        user_id=user_id,
        now=now,
    )


async def note_use(connection: Connection, token_id: int, now: datetime) -> None:
    """Note when a token was used last."""
    await run(
        connection,
        "update tokens set last_used_at = %(now)s where token_id = %(token_id)s",
        token_id=token_id,
        now=now,
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
