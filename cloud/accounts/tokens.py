# SPDX-License-Identifier: EUPL-1.2
"""Tokens: what programs and gateways show instead of a session."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from psycopg.rows import DictRow

from cloud.accounts import passwords, tokens_repository
from cloud.accounts.grants import grants_in
from cloud.accounts.token_text import hint, is_whole, new_token_text
from cloud.kit import audit
from cloud.kit.auth.rights import RIGHTS, Principal, Right, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import InvalidRequestError, NotFoundError

log = structlog.get_logger(__name__)

UNUSED_TOKEN_LASTS = timedelta(hours=24)
# A forgotten token ends by itself. Source: OWASP ASVS 5.0, 13.3.4: secrets have an end.
DEFAULT_LIFE_DAYS = 90
MAX_LIFE_DAYS = 365
USE_NOTED_EVERY = timedelta(minutes=5)  # a write for each request would cost more than it tells


class Tokens:
    """The tokens of programs, and who is behind any token."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of_token(self, token: str) -> Principal | None:
        """Return who is behind a token, or None."""
        if not is_whole(token):
            return None
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            found = await tokens_repository.token(connection, passwords.token_hash(token), now)
            if found is None:
                return None
            if not found["is_valid"]:
                # perhaps somebody found it: worth an operator's look
                log.warning("ended_token_shown", token_id=found["token_id"])
                return None
            if found["unused_until"] is not None:
                await tokens_repository.first_use_of_token(connection, found["token_id"])
            if found["last_used_at"] is None or now - found["last_used_at"] >= USE_NOTED_EVERY:
                await tokens_repository.note_use(connection, found["token_id"], now)
        return _of_token(found)

    async def add_token(
        self,
        label: str,
        role: Role,
        premises_ids: Sequence[str],
        *,
        supplier_id: str | None = None,
        scopes: Sequence[Right] | None = None,
        life_days: int = DEFAULT_LIFE_DAYS,
    ) -> str:
        """Return a new token for a program that acts for nobody else."""
        for scope in scopes or ():
            if role not in RIGHTS[scope]:
                raise InvalidRequestError(f"The role {role} does not have the right {scope}.")
        token = new_token_text()
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            made = await tokens_repository.add_token(
                connection,
                passwords.token_hash(token),
                label,
                role,
                hint=hint(token),
                supplier_id=supplier_id,
                scopes=scopes,
                premises_ids=premises_ids,
                created_at=now,
                expires_at=now + timedelta(days=life_days),
            )
            await audit.record(
                connection, None, "token.made", f"token:{made['token_id']}", role=role, label=label
            )
        return token

    async def all(self) -> list[DictRow]:
        """Return what is known of every token but those of gateways."""
        async with self._database.transaction(as_system=True) as connection:
            return await tokens_repository.programs_tokens(connection)

    async def revoke(self, token_id: int) -> None:
        """End any token but a gateway's, or raise NotFoundError."""
        async with self._database.transaction(as_system=True) as connection:
            if not await tokens_repository.revoke(connection, token_id, self._clock.now()):
                raise NotFoundError("token", str(token_id))
            await audit.record(connection, None, "token.revoked", f"token:{token_id}")


def _of_token(found: DictRow) -> Principal:
    return Principal(
        subject=f"token:{found['token_id']}",
        role=Role(found["role"]),
        name=found["label"],
        grants=grants_in(found["grants"]),
        supplier_id=found["supplier_id"],
        gateway_id=found["gateway_id"],
        # a right that this release doesn't know opens nothing
        scopes=None
        if found["scopes"] is None
        else frozenset(right for right in Right if right in found["scopes"]),
        acts_for=None if found["user_id"] is None else f"user:{found['user_id']}",
    )


async def replace_gateway_token(connection: Connection, gateway_id: str) -> str:
    """Return a gateway's new token; its earlier one ends."""
    await tokens_repository.end_tokens(connection, gateway_id)
    return await _add_gateway_token(connection, gateway_id)


async def rotate_gateway_token(connection: Connection, gateway_id: str, now: datetime) -> str:
    """Return a new token for a gateway that asked for one itself.

    The one it has ends on the new one's first use and not before: the answer may be lost, and the
    uplink with it for weeks. A new one that is not used in time ends instead.
    """
    await tokens_repository.end_tokens(connection, gateway_id, unused_only=True)
    return await _add_gateway_token(connection, gateway_id, now + UNUSED_TOKEN_LASTS)


async def _add_gateway_token(
    connection: Connection, gateway_id: str, unused_until: datetime | None = None
) -> str:
    token = new_token_text()
    await tokens_repository.add_token(
        connection,
        passwords.token_hash(token),
        gateway_id,
        Role.GATEWAY,
        hint=hint(token),
        gateway_id=gateway_id,
        unused_until=unused_until,
    )
    return token
