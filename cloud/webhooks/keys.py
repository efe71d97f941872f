# SPDX-License-Identifier: EUPL-1.2
"""Keys of webhooks: made, sealed, exchanged.

They are kept encrypted under a key outside the database: who has the database alone, or its
backup, can't sign as we do.
"""

from datetime import datetime

from cloud.kit.database import Connection
from cloud.kit.sealing import Sealing
from cloud.webhooks import repository
from cloud.webhooks.signing import SigningKey, secret_in


class Keys:
    """The keys of all webhooks."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    async def add(
        self, connection: Connection, webhook_id: str, now: datetime, key: SigningKey | None = None
    ) -> SigningKey:
        """Give a webhook a key, a new one unless given, and return it."""
        made = key or SigningKey.new()
        await repository.add_key(
            connection,
            webhook_id=webhook_id,
            secret=self._sealing.seal(made.secret, f"webhook-secret:{webhook_id}"),
            private_key=self._sealing.seal(made.private_key, f"webhook-key:{webhook_id}"),
            public_key=made.public_key,
            created_at=now,
        )
        return made

    async def of(self, connection: Connection, webhook_id: str, now: datetime) -> list[SigningKey]:
        """Return the keys that sign now, the newest first."""
        return [
            SigningKey(
                secret=self._sealing.open(found["secret"], f"webhook-secret:{webhook_id}"),
                private_key=self._sealing.open(found["private_key"], f"webhook-key:{webhook_id}"),
            )
            for found in await repository.keys(connection, webhook_id, now)
        ]

    async def seal_old_secrets(self, connection: Connection, now: datetime) -> None:
        """Seal secrets that an earlier release kept in the clear."""
        for webhook_id, secret in await repository.take_old_secrets(connection):
            fresh = SigningKey.new()
            key = SigningKey(secret=secret_in(secret), private_key=fresh.private_key)
            await self.add(connection, webhook_id, now, key)
