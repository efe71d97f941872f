# SPDX-License-Identifier: EUPL-1.2
"""The tables passkeys and challenges."""

from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run


async def add_challenge(
    connection: Connection,
    challenge: bytes,
    user_id: int | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep a challenge, and forget those that are over."""
    await run(connection, "delete from challenges where expires_at <= %(now)s", now=now)
    await run(
        connection,
        "insert into challenges (challenge, user_id, expires_at)"
        " values (%(challenge)s, %(user_id)s, %(expires_at)s)",
        challenge=challenge,
        user_id=user_id,
        expires_at=expires_at,
    )


async def take_challenge(
    connection: Connection, challenge: bytes, user_id: int | None, now: datetime
) -> bool:
    """Take a challenge, which works once; False if there is none such of this user."""
    taken = await run(
        connection,
        "delete from challenges where challenge = %(challenge)s and expires_at > %(now)s"
        " and user_id is not distinct from %(user_id)s",
        challenge=challenge,
        user_id=user_id,
        now=now,
    )
    return taken == 1


async def handle_of(connection: Connection, user_id: int) -> bytes:
    """Return what authenticators know a user by: random, so it tells nothing."""
    found = await row(
        connection, "select handle from users where user_id = %(user_id)s", user_id=user_id
    )
    assert found is not None  # noqa: S101 - the user has signed in
    return bytes(found["handle"])


async def add(
    connection: Connection,
    credential_id: bytes,
    user_id: int,
    name: str,
    public_key: bytes,
    sign_count: int,
    now: datetime,
) -> bool:
    """Keep a passkey; False if this credential is known already."""
    added = await run(
        connection,
        "insert into passkeys (credential_id, user_id, name, public_key, sign_count, created_at)"
        " values (%(credential_id)s, %(user_id)s, %(name)s, %(public_key)s, %(sign_count)s,"
        " %(now)s) on conflict do nothing",
        credential_id=credential_id,
        user_id=user_id,
        name=name,
        public_key=public_key,
        sign_count=sign_count,
        now=now,
    )
    return added == 1


async def by_id(connection: Connection, credential_id: bytes) -> DictRow | None:
    """Return a passkey and the handle of its user."""
    return await row(
        connection,
        "select passkeys.*, handle from passkeys join users using (user_id)"
        " where credential_id = %(credential_id)s",
        credential_id=credential_id,
    )


async def of_user(connection: Connection, user_id: int) -> list[DictRow]:
    """Return a user's passkeys, oldest first."""
    return await rows(
        connection,
        "select * from passkeys where user_id = %(user_id)s order by created_at, credential_id",
        user_id=user_id,
    )


async def used(
    connection: Connection, credential_id: bytes, sign_count: int, now: datetime
) -> bool:
    """Note a use; False if another one counted as far meanwhile. Many authenticators stay at 0."""
    noted = await run(
        connection,
        "update passkeys set sign_count = %(sign_count)s, used_at = %(now)s"
        " where credential_id = %(credential_id)s"
        " and (sign_count < %(sign_count)s or (sign_count = 0 and %(sign_count)s = 0))",
        credential_id=credential_id,
        sign_count=sign_count,
        now=now,
    )
    return noted == 1


async def remove(connection: Connection, credential_id: bytes, user_id: int) -> bool:
    """Forget a passkey; False if the user has none such."""
    removed = await run(
        connection,
        "delete from passkeys where credential_id = %(credential_id)s and user_id = %(user_id)s",
        credential_id=credential_id,
        user_id=user_id,
    )
    return removed == 1
