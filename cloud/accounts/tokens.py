# SPDX-License-Identifier: EUPL-1.2
"""Tokens: what programs and gateways show instead of a session."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cloud.accounts import passwords, tokens_repository
from cloud.kit.auth.rights import Grant, Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database

UNUSED_TOKEN_LASTS = timedelta(hours=24)


class Tokens:
    """The tokens of programs."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of_token(self, token: str) -> Principal | None:
        """Return who is behind a token, or None."""
        async with self._database.transaction(as_system=True) as connection:
            found = await tokens_repository.token(
                connection, passwords.token_hash(token), self._clock.now()
            )
            if found is None:
                return None
            if found["unused_until"] is not None:
                await tokens_repository.first_use_of_token(connection, found["token_id"])
        return Principal(
            subject=f"token:{found['token_id']}",
            role=Role(found["role"]),
            name=found["label"],
            grants=frozenset(Grant(premises_id=one) for one in found["premises_ids"]),
            supplier_id=found["supplier_id"],
            gateway_id=found["gateway_id"],
        )

    async def add_token(
        self,
        label: str,
        role: Role,
        premises_ids: Sequence[str],
        *,
        supplier_id: str | None = None,
    ) -> str:
        """Return a new token for a program."""
        token = passwords.new_token()
        async with self._database.transaction(as_system=True) as connection:
            await tokens_repository.add_token(
                connection,
                passwords.token_hash(token),
                label,
                role,
                premises_ids=premises_ids,
                supplier_id=supplier_id,
            )
        return token


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
    token = passwords.new_token()
    await tokens_repository.add_token(
        connection,
        passwords.token_hash(token),
        gateway_id,
        Role.GATEWAY,
        gateway_id=gateway_id,
        unused_until=unused_until,
    )
    return token
