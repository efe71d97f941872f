# SPDX-License-Identifier: EUPL-1.2
"""Webhooks, for those whose they are."""

import base64
import secrets

from psycopg.rows import DictRow

from cloud.kit.auth.rights import Principal, Role
from cloud.kit.database import Database
from cloud.kit.errors import NotFoundError
from cloud.webhooks import repository
from cloud.webhooks.models import Webhook

SECRET_BYTES = 32  # Standard Webhooks 1.0 asks for 24 to 64


class Webhooks:
    """Who wants to be told, and what came of telling them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, caller: Principal, url: str, utilities: list[str]) -> tuple[str, str]:
        """Return a new webhook's id and secret."""
        webhook_id = f"wh_{secrets.token_hex(12)}"
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        async with self._database.transaction(as_system=True) as connection:
            await repository.add_webhook(
                connection, webhook_id, caller.subject, url, utilities, secret
            )
        return webhook_id, secret

    async def all(self, caller: Principal) -> list[Webhook]:
        """Return the caller's webhooks; all of them for an operator."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.webhooks(connection, _owner(caller))

    async def delete(self, caller: Principal, webhook_id: str) -> None:
        """Forget a webhook of the caller's; an operator may forget any."""
        async with self._database.transaction(as_system=True) as connection:
            if not await repository.delete_webhook(connection, webhook_id, _owner(caller)):
                raise NotFoundError("webhook", webhook_id)

    async def attempts(self, caller: Principal, webhook_id: str) -> list[DictRow]:
        """Return the delivery log of a webhook of the caller's, newest first."""
        async with self._database.transaction(as_system=True) as connection:
            own = await repository.webhooks(connection, _owner(caller))
            if webhook_id not in {webhook.webhook_id for webhook in own}:
                raise NotFoundError("webhook", webhook_id)
            return await repository.attempts(connection, webhook_id)


def _owner(caller: Principal) -> str | None:
    return None if caller.role == Role.OPERATOR else caller.subject
