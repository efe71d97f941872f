# SPDX-License-Identifier: EUPL-1.2
"""The tables identities and organisation_sign_ins."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.errors import ForeignKeyViolation
from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, run
from cloud.kit.errors import UnknownReferenceError


async def begin_sign_in(
    connection: Connection,
    state_hash: bytes,
    *,
    browser_hash: bytes,
    organisation_id: str,
    nonce: str,
    code_verifier: str,
    return_to: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep a sign-in that begins, and forget those that were never ended."""
    await run(connection, "delete from organisation_sign_ins where expires_at <= %(now)s", now=now)
    await run(
        connection,
        "insert into organisation_sign_ins values (%(state_hash)s, %(browser_hash)s,"
        " %(organisation_id)s, %(nonce)s, %(code_verifier)s, %(return_to)s, %(expires_at)s)",
        state_hash=state_hash,
        browser_hash=browser_hash,
        organisation_id=organisation_id,
        nonce=nonce,
        code_verifier=code_verifier,
        return_to=return_to,
        expires_at=expires_at,
    )


async def take_sign_in(
    connection: Connection,
    state_hash: bytes,
    browser_hash: bytes,
    organisation_id: str,
    now: datetime,
) -> DictRow | None:
    """Return the sign-in under way in this browser; nobody gets it a second time."""
    return await row(
        connection,
        "delete from organisation_sign_ins where state_hash = %(state_hash)s"
        " and browser_hash = %(browser_hash)s and organisation_id = %(organisation_id)s"
        " and expires_at > %(now)s returning *",
        state_hash=state_hash,
        browser_hash=browser_hash,
        organisation_id=organisation_id,
        now=now,
    )


async def user_of_identity(connection: Connection, issuer: str, subject: str) -> int | None:
    """Return the user who is this at their identity provider."""
    found = await row(
        connection,
        "select user_id from identities where issuer = %(issuer)s and subject = %(subject)s",
        issuer=issuer,
        subject=subject,
    )
    return found["user_id"] if found else None


async def has_identity(
    connection: Connection, user_id: int, issuers: Sequence[str] | None = None
) -> bool:
    """Tell whether an identity provider, or one of these, knows a user."""
    found = await row(
        connection,
        "select exists (select from identities where user_id = %(user_id)s"
        " and (%(issuers)s::text[] is null or issuer = any(%(issuers)s))) as has",
        user_id=user_id,
        issuers=None if issuers is None else list(issuers),
    )
    return bool(found and found["has"])


async def link(
    connection: Connection, issuer: str, subject: str, user_id: int, now: datetime
) -> None:
    """Remember who a user is at their identity provider."""
    await run(
        connection,
        "insert into identities values (%(issuer)s, %(subject)s, %(user_id)s, %(now)s, %(now)s)",
        issuer=issuer,
        subject=subject,
        user_id=user_id,
        now=now,
    )


async def note_sign_in(connection: Connection, issuer: str, subject: str, now: datetime) -> None:
    """Note when somebody came from their identity provider last."""
    await run(
        connection,
        "update identities set last_sign_in_at = %(now)s"
        " where issuer = %(issuer)s and subject = %(subject)s",
        issuer=issuer,
        subject=subject,
        now=now,
    )


async def adopt_invited(
    connection: Connection, user_id: int, name: str, role: str, supplier_id: str | None
) -> bool:
    """Make an account that somebody invited and nobody ever entered an organisation's.

    Its links end. False if it is another sort of account.
    """
    try:
        adopted = await run(
            connection,
            "update users set name = %(name)s, role = %(role)s, supplier_id = %(supplier_id)s"
            " where user_id = %(user_id)s and role = 'tenant' and password_hash is null"
            " and not exists (select from identities where identities.user_id = users.user_id)"
            " and not exists (select from passkeys where passkeys.user_id = users.user_id)",
            user_id=user_id,
            name=name,
            role=role,
            supplier_id=supplier_id,
        )
    except ForeignKeyViolation as error:
        raise UnknownReferenceError("supplier", str(supplier_id)) from error
    if adopted:
        await run(
            connection, "delete from account_links where user_id = %(user_id)s", user_id=user_id
        )
    return adopted == 1


async def add_user(
    connection: Connection, email: str, name: str, role: str, supplier_id: str | None
) -> int:
    """Add a user who has no password; return the id."""
    try:
        found = await row(
            connection,
            "insert into users (email, name, role, supplier_id)"
            " values (%(email)s, %(name)s, %(role)s, %(supplier_id)s) returning user_id",
            email=email,
            name=name,
            role=role,
            supplier_id=supplier_id,
        )
    except ForeignKeyViolation as error:
        raise UnknownReferenceError("supplier", str(supplier_id)) from error
    assert found is not None  # noqa: S101 - an insert returns its row
    user_id: int = found["user_id"]
    return user_id
