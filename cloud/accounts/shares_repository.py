# SPDX-License-Identifier: EUPL-1.2
"""Grants by which an owner shares a building."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, row, rows, run


async def is_owner(connection: Connection, user_id: int, premises_id: str) -> bool:
    """Tell whether a building was granted to a user as an owner."""
    found = await row(
        connection,
        "select 1 from grants where user_id = %(user_id)s and premises_id = %(premises_id)s"
        " and kind = 'owner' and revoked_at is null",
        user_id=user_id,
        premises_id=premises_id,
    )
    return found is not None


async def owned_by(connection: Connection, user_id: int) -> list[str]:
    """Return the buildings that were granted to a user as an owner."""
    found = await rows(
        connection,
        "select premises_id from grants where user_id = %(user_id)s and kind = 'owner'"
        " and revoked_at is null order by premises_id",
        user_id=user_id,
    )
    return [fields["premises_id"] for fields in found]


async def invited(connection: Connection, email: str, name: str, role: str, language: str) -> int:
    """Return the user with this address, made without a password if there was none."""
    await run(
        connection,
        "insert into users (email, name, role, language)"
        " values (lower(%(email)s), %(name)s, %(role)s, %(language)s) on conflict do nothing",
        email=email,
        name=name,
        role=role,
        language=language,
    )
    found = await row(
        connection, "select user_id from users where email = lower(%(email)s)", email=email
    )
    assert found is not None  # noqa: S101 - it is there now
    user_id: int = found["user_id"]
    return user_id


async def revoke_earlier(
    connection: Connection, user_id: int, premises_id: str, now: datetime
) -> None:
    """End what was shared of a building with a user before."""
    await run(
        connection,
        "update grants set revoked_at = %(now)s where user_id = %(user_id)s"
        " and premises_id = %(premises_id)s and kind <> 'owner' and revoked_at is null",
        user_id=user_id,
        premises_id=premises_id,
        now=now,
    )


async def add(
    connection: Connection,
    user_id: int,
    premises_id: str,
    kind: str,
    label: str,
    service_point_ids: Sequence[str] | None,
    since: datetime | None,
    granted_by: str,
    now: datetime,
) -> DictRow | None:
    """Share a building and return the share; None if the user owns it."""
    return await row(
        connection,
        "insert into grants (user_id, premises_id, kind, label, service_point_ids, since,"
        " granted_by, granted_at) values (%(user_id)s, %(premises_id)s, %(kind)s, %(label)s,"
        " %(service_point_ids)s, %(since)s, %(granted_by)s, %(now)s)"
        " on conflict do nothing returning grant_id as share_id, granted_at",
        user_id=user_id,
        premises_id=premises_id,
        kind=kind,
        label=label,
        service_point_ids=None if service_point_ids is None else list(service_point_ids),
        since=since,
        granted_by=granted_by,
        now=now,
    )


async def of_premises(connection: Connection, premises_id: str) -> list[DictRow]:
    """Return whom a building is shared with, oldest first."""
    return await rows(
        connection,
        "select grant_id as share_id, email, label as name, kind, service_point_ids, since,"
        " granted_at from grants join users using (user_id) where premises_id = %(premises_id)s"
        " and kind <> 'owner' and revoked_at is null order by grant_id",
        premises_id=premises_id,
    )


async def revoke(
    connection: Connection, share_id: int, premises_id: str, now: datetime
) -> int | None:
    """End a share; return whose it was, None if there is none such."""
    found = await row(
        connection,
        "update grants set revoked_at = %(now)s where grant_id = %(share_id)s"
        " and premises_id = %(premises_id)s and kind <> 'owner' and revoked_at is null"
        " returning user_id",
        share_id=share_id,
        premises_id=premises_id,
        now=now,
    )
    return found["user_id"] if found else None
