# SPDX-License-Identifier: EUPL-1.2
"""One-time codes in the table users, recovery_codes, and what factors a user has."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, run


async def of_user(connection: Connection, user_id: int) -> DictRow:
    """Return which second factors a user has."""
    found = await row(
        connection,
        "select totp_confirmed_at is not null as codes,"
        " (select count(*) from passkeys where user_id = %(user_id)s) as passkeys,"
        " (select count(*) from recovery_codes where user_id = %(user_id)s) as recovery_codes"
        " from users where user_id = %(user_id)s",
        user_id=user_id,
    )
    assert found is not None  # noqa: S101 - the user has signed in
    return found


async def begin_totp(connection: Connection, user_id: int, sealed: bytes) -> bool:
    """Keep a secret that is to be confirmed; False if one is in use."""
    changed = await run(
        connection,
        "update users set totp_secret = %(sealed)s, totp_last_step = null"
        " where user_id = %(user_id)s and totp_confirmed_at is null",
        user_id=user_id,
        sealed=sealed,
    )
    return changed == 1


async def confirm_totp(connection: Connection, user_id: int, now: datetime) -> bool:
    """Put the secret into use; False if another request did."""
    changed = await run(
        connection,
        "update users set totp_confirmed_at = %(now)s"
        " where user_id = %(user_id)s and totp_confirmed_at is null and totp_secret is not null",
        user_id=user_id,
        now=now,
    )
    return changed == 1


async def remove_totp(connection: Connection, user_id: int) -> bool:
    """Forget the secret; False if there was none in use."""
    changed = await run(
        connection,
        "update users set totp_secret = null, totp_confirmed_at = null, totp_last_step = null"
        " where user_id = %(user_id)s and totp_confirmed_at is not null",
        user_id=user_id,
    )
    return changed == 1


async def end_recovery(connection: Connection, user_id: int) -> None:
    """Forget the recovery codes of a user who has no factor left that they stand in for."""
    await run(
        connection,
        "delete from recovery_codes using users where recovery_codes.user_id = %(user_id)s"
        " and users.user_id = %(user_id)s and totp_confirmed_at is null"
        " and not exists (select from passkeys where passkeys.user_id = %(user_id)s)",
        user_id=user_id,
    )


async def claim_guess(connection: Connection, user_id: int, most: int) -> DictRow | None:
    """Count a guess at a code before it is looked at; None if there were too many."""
    return await row(
        connection,
        "update users set code_failures = code_failures + 1"
        " where user_id = %(user_id)s and code_failures < %(most)s"
        " returning totp_secret, totp_confirmed_at",
        user_id=user_id,
        most=most,
    )


async def forget_guesses(connection: Connection, user_id: int) -> None:
    """Begin anew after a right code."""
    await run(
        connection,
        "update users set code_failures = 0 where user_id = %(user_id)s",
        user_id=user_id,
    )


async def use_step(connection: Connection, user_id: int, step: int) -> bool:
    """Take the code of these thirty seconds; False if it, or a later one, was taken before."""
    changed = await run(
        connection,
        "update users set totp_last_step = %(step)s where user_id = %(user_id)s"
        " and coalesce(totp_last_step < %(step)s, true)",
        user_id=user_id,
        step=step,
    )
    return changed == 1


async def put_recovery_codes(connection: Connection, user_id: int, hashes: Sequence[bytes]) -> None:
    """Keep these recovery codes and no others."""
    await run(connection, "delete from recovery_codes where user_id = %(user_id)s", user_id=user_id)
    await run(
        connection,
        "insert into recovery_codes (user_id, code_hash)"
        " select %(user_id)s, unnest(%(hashes)s::bytea[])",
        user_id=user_id,
        hashes=list(hashes),
    )


async def use_recovery_code(connection: Connection, user_id: int, code_hash: bytes) -> bool:
    """Take a recovery code; False if there is none such."""
    used = await run(
        connection,
        "delete from recovery_codes where user_id = %(user_id)s and code_hash = %(code_hash)s",
        user_id=user_id,
        code_hash=code_hash,
    )
    return used == 1


async def forget_all(connection: Connection, user_id: int) -> None:
    """Forget every second factor of a user."""
    await run(
        connection,
        "update users set totp_secret = null, totp_confirmed_at = null, totp_last_step = null,"
        " code_failures = 0 where user_id = %(user_id)s",
        user_id=user_id,
    )
    for query in (
        "delete from recovery_codes where user_id = %(user_id)s",
        "delete from passkeys where user_id = %(user_id)s",
    ):
        await run(connection, query, user_id=user_id)
