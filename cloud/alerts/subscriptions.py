# SPDX-License-Identifier: EUPL-1.2
"""Subscriptions: people say of which alerts they want to hear, and how."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cloud.alerts import subscriptions_repository as repository
from cloud.alerts.models import Subscription
from cloud.kit import audit
from cloud.kit.addresses import Addresses
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import CloudError, NotFoundError
from cloud.kit.mail import Mail
from cloud.premises.service import one_premises

KEY_BYTES = 24
MAX_OF_ONE = 50


class NoMailboxError(CloudError):
    """A program has no mailbox and no screen to be told at; only people subscribe."""

    status = 409
    code = "no-mailbox"

    def __init__(self) -> None:
        super().__init__("Only people who sign in can subscribe; programs use webhooks.")


class TooManySubscriptionsError(CloudError):
    """Somebody has as many subscriptions as anybody may."""

    status = 409
    code = "too-many-subscriptions"

    def __init__(self) -> None:
        super().__init__(f"Nobody may have more than {MAX_OF_ONE} subscriptions; delete one first.")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a subscription is for; the fields of ``Subscription`` that people choose."""

    channel: str
    language: str
    premises_id: str | None
    utilities: Sequence[str]
    kinds: Sequence[str]
    severities: Sequence[str]
    quiet_from: int | None
    quiet_to: int | None
    push_endpoint: str | None
    push_key: str | None
    push_auth: str | None


class Subscriptions:
    """Who wants to hear of what."""

    def __init__(self, database: Database, clock: Clock, mail: Mail, addresses: Addresses) -> None:
        self._database = database
        self._clock = clock
        self._mail = mail
        self._addresses = addresses

    async def put(self, caller: Principal, subscription_id: str, wish: Wish) -> Subscription:
        """Make or change a subscription of the caller's; it begins again if it had ended."""
        if caller.email is None or not caller.subject.startswith("user:"):
            raise NoMailboxError
        if wish.channel == "email":
            self._mail.require()
        if wish.push_endpoint is not None:
            self._addresses.check_url(wish.push_endpoint)
        if wish.premises_id is not None:
            async with self._database.transaction() as connection:
                await one_premises(connection, wish.premises_id, caller)
        async with self._database.transaction(as_system=True) as connection:
            if await repository.count(connection, caller.subject) >= MAX_OF_ONE:
                known = await repository.of_owner(connection, caller.subject)
                if subscription_id not in {one.subscription_id for one in known}:
                    raise TooManySubscriptionsError
            kept = await repository.put(
                connection,
                Subscription(
                    subscription_key=secrets.token_urlsafe(KEY_BYTES),
                    owner=caller.subject,
                    subscription_id=subscription_id,
                    created_at=self._clock.now(),
                    **vars(wish),
                ),
            )
            about = f"subscription:{subscription_id}"
            await audit.record(
                connection,
                caller,
                "subscription.put",
                about,
                premises_id=wish.premises_id,
                channel=wish.channel,
            )
        return kept

    async def of_caller(self, caller: Principal) -> list[Subscription]:
        """Return the caller's subscriptions, the oldest first."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.of_owner(connection, caller.subject)

    async def delete(self, caller: Principal, subscription_id: str) -> None:
        """Forget a subscription of the caller's."""
        async with self._database.transaction(as_system=True) as connection:
            if not await repository.delete(connection, caller.subject, subscription_id):
                raise NotFoundError("subscription", subscription_id)
            about = f"subscription:{subscription_id}"
            await audit.record(connection, caller, "subscription.deleted", about)

    async def stop(self, key: str) -> None:
        """End the subscription that a letter's link is of; harmless when repeated."""
        async with self._database.transaction(as_system=True) as connection:
            known = await repository.of_key(connection, key)
            if known is None:
                raise NotFoundError("subscription", key)
            because = "Ended by the link in a letter."
            if await repository.end(connection, key, because, self._clock.now()):
                about = f"subscription:{known.subscription_id}"
                await audit.record(
                    connection, None, "subscription.ended", about, person=known.owner
                )
