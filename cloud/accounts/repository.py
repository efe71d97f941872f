# SPDX-License-Identifier: EUPL-1.2
"""The tables users, grants and sign_in_failures."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run

GRANTS = """
    (select coalesce(jsonb_agg(jsonb_build_array(premises_id, service_point_ids, since)), '[]')
    from grants where grants.user_id = users.user_id and revoked_at is null) as grants
"""


async def user_by_email(connection: Connection, email: str) -> DictRow | None:
    """Return the user with this e-mail address, whatever its case."""
    return await row(
        connection,
        f"select users.*, {GRANTS} from users where email = lower(%(email)s)",  # noqa: S608
        email=email,
    )


async def user_by_id(connection: Connection, user_id: int) -> DictRow | None:
    """Return the user."""
    return await row(
        connection,
        f"select users.*, {GRANTS} from users where user_id = %(user_id)s",  # noqa: S608
        user_id=user_id,
    )


async def user_by_session(connection: Connection, session_hash: bytes) -> DictRow | None:
    """Return the user behind a session and the session itself, be it over or not."""
    return await row(
        connection,
        f"select users.*, sessions.*, {GRANTS}, totp_confirmed_at is not null"  # noqa: S608
        " or exists (select from passkeys where passkeys.user_id = users.user_id) as has_factor"
        " from sessions join users using (user_id)"
        " where session_hash = %(hash)s or next_hash = %(hash)s or previous_hash = %(hash)s",
        hash=session_hash,
    )


async def failures(
    connection: Connection, email: str, address: str, since: datetime, long_since: datetime
) -> DictRow:
    """Return how often this e-mail, and this address, failed to sign in since then."""
    found = await row(
        connection,
        "select count(*) filter (where email = %(email)s and failed_at > %(since)s) as of_email,"
        " count(*) filter (where email = %(email)s) as of_email_long,"
        " count(*) filter (where address = %(address)s and failed_at > %(since)s) as of_address"
        " from sign_in_failures where failed_at > %(long_since)s"
        " and (email = %(email)s or address = %(address)s)",
        email=email,
        address=address,
        since=since,
        long_since=long_since,
    )
    assert found is not None  # noqa: S101 - an aggregate has one row
    return found


async def forget_failures(connection: Connection, email: str) -> None:
    """Forget the failures of an account: who it belongs to has shown themselves."""
    await run(connection, "delete from sign_in_failures where email = %(email)s", email=email)


async def add_failure(
    connection: Connection, email: str, address: str, now: datetime, forget_before: datetime
) -> None:
    """Note a failed sign-in, and forget old ones."""
    await run(
        connection,
        "delete from sign_in_failures where failed_at < %(forget_before)s",
        forget_before=forget_before,
    )
    await run(
        connection,
        "insert into sign_in_failures (email, address, failed_at)"
        " values (%(email)s, %(address)s, %(now)s)",
        email=email,
        address=address,
        now=now,
    )


async def put_user(
    connection: Connection,
    email: str,
    name: str,
    role: str,
    password_hash: str,
    supplier_id: str | None = None,
) -> int:
    """Add a user, or give an existing one this name, role and password; return its id.

    A utility keeps its supplier where none is told, anybody else has none.
    """
    found = await row(
        connection,
        "insert into users (email, name, role, password_hash, supplier_id)"
        " values (lower(%(email)s), %(name)s, %(role)s, %(password_hash)s, %(supplier_id)s)"
        " on conflict (email) do update set name = excluded.name, role = excluded.role,"
        " supplier_id = case when excluded.role = 'utility'"
        " then coalesce(excluded.supplier_id, users.supplier_id) end,"
        " password_hash = excluded.password_hash, disabled_at = null returning user_id",
        email=email,
        name=name,
        role=role,
        password_hash=password_hash,
        supplier_id=supplier_id,
    )
    assert found is not None  # noqa: S101 - an upsert returns its row
    user_id: int = found["user_id"]
    return user_id


async def link_premises(
    connection: Connection, user_id: int, premises_ids: Sequence[str], granted_by: str
) -> list[str]:
    """Grant the user these premises and no others; return those that aren't registered."""
    await run(
        connection,
        "update grants set revoked_at = now() where user_id = %(user_id)s and revoked_at is null",
        user_id=user_id,
    )
    found = await row(
        connection,
        "with wanted as (select unnest(%(premises_ids)s::text[]) as premises_id), granted as ("
        " insert into grants (user_id, premises_id, granted_by)"
        " select distinct %(user_id)s::int, premises_id, %(granted_by)s"
        " from wanted join premises using (premises_id) returning premises_id)"
        " select coalesce(array_agg(premises_id) filter (where premises_id not in"
        " (select premises_id from granted)), '{}') as unknown from wanted",
        user_id=user_id,
        premises_ids=list(premises_ids),
        granted_by=granted_by,
    )
    return list(found["unknown"]) if found else []


async def set_password(connection: Connection, user_id: int, password_hash: str) -> None:
    """Keep the hash of a new password."""
    await run(
        connection,
        "update users set password_hash = %(password_hash)s where user_id = %(user_id)s",
        user_id=user_id,
        password_hash=password_hash,
    )


async def set_disabled(connection: Connection, user_id: int, disabled_at: datetime | None) -> None:
    """Let a user in no more, or again (None)."""
    await run(
        connection,
        "update users set disabled_at = %(disabled_at)s where user_id = %(user_id)s",
        user_id=user_id,
        disabled_at=disabled_at,
    )


async def everybody(connection: Connection) -> list[DictRow]:
    """Return every user without their secrets, by e-mail address."""
    return await rows(
        connection,
        "select user_id, email, name, role, supplier_id, created_at, disabled_at,"
        " password_hash is not null as has_password, totp_confirmed_at is not null as codes,"
        " (select count(*) from passkeys where passkeys.user_id = users.user_id) as passkeys,"
        " (select coalesce(array_agg(premises_id order by premises_id), '{}') from grants"
        " where grants.user_id = users.user_id and revoked_at is null) as premises"
        " from users order by email",
    )
