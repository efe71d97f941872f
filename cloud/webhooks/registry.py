# SPDX-License-Identifier: EUPL-1.2
"""Webhooks, for those whose they are: a supplier's people and programs, and operators.

A webhook belongs to the supplier and not to the token that added it, which expires.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from cloud.kit import audit
from cloud.kit.addresses import Addresses
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, InvalidRequestError, NotFoundError
from cloud.webhooks import deliveries_repository, repository
from cloud.webhooks.keys import Keys
from cloud.webhooks.models import TEST, Event, Webhook
from cloud.webhooks.schedule import lease
from cloud.webhooks.service import Outbox
from cloud.webhooks.signing import SigningKey

MAX_WEBHOOKS = 50  # of one supplier: each of its events is sent so many times
PERSONAL = ("contact", "description")  # not for the chain of the audit log
MAX_KEYS = 4  # that sign at a time: each makes every request longer


class NoSupplierError(CloudError):
    """A utility's caller belongs to no supplier, so no event is its."""

    status = 409
    code = "no-supplier"

    def __init__(self) -> None:
        super().__init__("You work for no supplier that is registered; ask the operator.")


class TooManyWebhooksError(CloudError):
    """A supplier has as many webhooks as it may have."""

    status = 409
    code = "too-many-webhooks"

    def __init__(self) -> None:
        super().__init__(f"There are {MAX_WEBHOOKS} webhooks already; delete one first.")


class TooManyKeysError(CloudError):
    """A webhook's keys were rotated several times, and the earlier ones still sign."""

    status = 409
    code = "too-many-keys"

    def __init__(self) -> None:
        super().__init__(
            f"{MAX_KEYS} keys sign at the moment; rotate with overlap_hours 0 to end the old ones."
        )


class WebhookDisabledError(CloudError):
    """Nothing is sent to a webhook that is disabled."""

    status = 409
    code = "webhook-disabled"

    def __init__(self, webhook_id: str) -> None:
        super().__init__(f"Webhook {webhook_id} is disabled; enable it first.")


class Webhooks:
    """Who wants to be told, and what came of telling them."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        addresses: Addresses,
        keys: Keys,
        outbox: Outbox,
        timeout_s: float,  # of an attempt
    ) -> None:
        self._database = database
        self._clock = clock
        self._addresses = addresses
        self._keys = keys
        self._outbox = outbox
        self._lease = lease(timeout_s)

    async def add(self, caller: Principal, url: str, **wishes: Any) -> tuple[str, SigningKey]:
        """Return a new webhook's id and key."""
        self._addresses.check_url(url)
        is_operator = caller.role == Role.OPERATOR
        if not is_operator and caller.supplier_id is None:
            raise NoSupplierError
        webhook_id = f"wh_{secrets.token_hex(12)}"
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            if (
                caller.supplier_id
                and await repository.count(connection, caller.supplier_id) >= MAX_WEBHOOKS
            ):
                raise TooManyWebhooksError
            await repository.add(
                connection,
                webhook_id=webhook_id,
                owner=caller.subject,
                supplier_id=None if is_operator else caller.supplier_id,
                all_suppliers=is_operator,
                url=url,
                created_at=now,
                **wishes,
            )
            key = await self._keys.add(connection, webhook_id, now)
            await _record(connection, caller, "added", webhook_id, url=url)
        return webhook_id, key

    async def all(self, caller: Principal) -> list[Webhook]:
        """Return the webhooks of the caller's supplier; all of them for an operator."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.webhooks(connection, _whose(caller), self._clock.now())

    async def one(self, caller: Principal, webhook_id: str) -> Webhook:
        """Return one of the caller's webhooks, or raise NotFoundError."""
        async with self._database.transaction(as_system=True) as connection:
            return await self._own(connection, caller, webhook_id)

    async def change(
        self, caller: Principal, webhook_id: str, *, enabled: bool | None, **changes: Any
    ) -> Webhook:
        """Change what is given; enabled or moved, a webhook starts as if it had never failed."""
        if "url" in changes:
            self._addresses.check_url(changes["url"])
        async with self._database.transaction(as_system=True) as connection:
            before = await self._own(connection, caller, webhook_id)
            await repository.change(connection, webhook_id, changes)
            if changes.get("url", before.url) != before.url:
                await repository.start_afresh(connection, webhook_id)
            if enabled is True:
                await repository.enable(connection, webhook_id)
            elif enabled is False:
                because = "Switched off by hand."
                await repository.disable(connection, webhook_id, because, self._clock.now())
            after = await self._own(connection, caller, webhook_id)
            if after != before:
                personal = {name: changes.pop(name) for name in PERSONAL if name in changes}
                told = changes if enabled is None else {**changes, "enabled": enabled}
                await _record(connection, caller, "changed", webhook_id, personal=personal, **told)
        return after

    async def delete(self, caller: Principal, webhook_id: str) -> None:
        """Forget a webhook, and all that was on its way to it."""
        async with self._database.transaction(as_system=True) as connection:
            known = await self._own(connection, caller, webhook_id)
            await repository.delete(connection, webhook_id)
            await _record(connection, caller, "deleted", webhook_id, url=known.url)

    async def rotate(
        self, caller: Principal, webhook_id: str, overlap: timedelta
    ) -> tuple[SigningKey, datetime]:
        """Return a new key, which signs from now on, and when the earlier ones cease to."""
        now = self._clock.now()
        retires_at = now + overlap
        async with self._database.transaction(as_system=True) as connection:
            await self._own(connection, caller, webhook_id)
            await repository.retire_keys(connection, webhook_id, retires_at)
            await repository.forget_keys(connection, webhook_id, now)
            if len(await repository.keys(connection, webhook_id, now)) >= MAX_KEYS:
                raise TooManyKeysError
            key = await self._keys.add(connection, webhook_id, now)
            await _record(
                connection, caller, "rotated", webhook_id, retires_at=retires_at.isoformat()
            )
        return key, retires_at

    async def test(self, caller: Principal, webhook_id: str) -> str:
        """Queue a test event for one webhook and return its id."""
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            known = await self._own(connection, caller, webhook_id)
            if known.disabled_at is not None:
                raise WebhookDisabledError(webhook_id)
            event = Event(
                type=TEST,
                occurred_at=now,
                supplier_id=known.supplier_id,
                utility=None,
                premises_id=None,
                service_point_id=None,
                kind=None,
                severity=None,
                content={"webhook_id": webhook_id, "asked_for_by": caller.name or caller.subject},
            )
            message_id = await self._outbox.publish(connection, event, only_webhook_id=webhook_id)
            await _record(connection, caller, "tested", webhook_id, message_id=message_id)
        return message_id

    async def replay(
        self,
        caller: Principal,
        webhook_id: str,
        since: datetime,
        until: datetime,
        *,
        include_delivered: bool,
    ) -> int:
        """Queue anew what was queued in a range and not delivered; return how many messages."""
        if since >= until:
            raise InvalidRequestError("The range must end after it begins.")
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            known = await self._own(connection, caller, webhook_id)
            if known.disabled_at is not None:
                raise WebhookDisabledError(webhook_id)
            queued = await deliveries_repository.replay(
                connection,
                webhook_id,
                since,
                until,
                now,
                now + self._lease,
                include_delivered=include_delivered,
            )
            told = {"since": since.isoformat(), "until": until.isoformat(), "queued": queued}
            await _record(connection, caller, "replayed", webhook_id, **told)
        return queued

    async def deliveries(
        self, caller: Principal, webhook_id: str, before: int | None, limit: int, **filters: Any
    ) -> list[DictRow]:
        """Return the deliveries of a webhook of the caller's, newest first."""
        async with self._database.transaction(as_system=True) as connection:
            await self._own(connection, caller, webhook_id)
            return await deliveries_repository.deliveries(
                connection, webhook_id, before, limit, **filters
            )

    async def attempts(
        self,
        caller: Principal,
        webhook_id: str,
        message_id: str | None,
        before: int | None,
        limit: int,
    ) -> list[DictRow]:
        """Return the attempts to deliver to a webhook of the caller's, newest first."""
        async with self._database.transaction(as_system=True) as connection:
            await self._own(connection, caller, webhook_id)
            return await deliveries_repository.attempts(
                connection, webhook_id, message_id, before, limit
            )

    async def message(self, caller: Principal, webhook_id: str, message_id: str) -> DictRow:
        """Return a message as a webhook of the caller's got it."""
        async with self._database.transaction(as_system=True) as connection:
            await self._own(connection, caller, webhook_id)
            found = await deliveries_repository.message(connection, webhook_id, message_id)
        if found is None:
            raise NotFoundError("message", message_id)
        return found

    async def _own(self, connection: Connection, caller: Principal, webhook_id: str) -> Webhook:
        found = await repository.webhooks(connection, _whose(caller), self._clock.now(), webhook_id)
        if not found:
            raise NotFoundError("webhook", webhook_id)
        return found[0]


def _whose(caller: Principal) -> str | None:
    """Return the supplier whose webhooks the caller sees; None for everybody's."""
    return None if caller.role == Role.OPERATOR else caller.supplier_id or ""


async def _record(
    connection: Connection, caller: Principal, what: str, webhook_id: str, **details: Any
) -> None:
    await audit.record(connection, caller, f"webhook.{what}", f"webhook:{webhook_id}", **details)
