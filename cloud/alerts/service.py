# SPDX-License-Identifier: EUPL-1.2
"""Alerts and webhooks, for callers who may see them."""

import base64
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from psycopg.rows import DictRow

from cloud.alerts import repository
from cloud.alerts.cost import costed
from cloud.alerts.models import Alert, Webhook
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, NotFoundError
from cloud.kit.live import Announcement, announce
from cloud.kit.prices import DatedPrice
from cloud.premises.service import one_premises, point_behind, visible_points

SECRET_BYTES = 32  # Standard Webhooks 1.0 asks for 24 to 64


class AlertClearedError(CloudError):
    """An alert that is over can't be acknowledged."""

    status = 409
    code = "alert-cleared"

    def __init__(self, alert_id: str) -> None:
        super().__init__(f"Alert {alert_id} is cleared already.")


class Alerts:
    """What was found, and who wants to be told."""

    def __init__(self, database: Database, clock: Clock, prices: Sequence[DatedPrice]) -> None:
        self._database = database
        self._clock = clock
        self._prices = prices

    async def of_premises(self, caller: Principal, premises_id: str) -> list[Alert]:
        """Return a building's alerts, newest first."""
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            points = await visible_points(connection, [premises_id], caller)
            found = await repository.alerts(connection, [premises_id], only_open=False)
        seen = {point.service_point_id for point in points}
        return [costed(one, self._prices) for one in found if one.service_point_id in seen]

    async def still_open(
        self, connection: Connection, premises_ids: Collection[str]
    ) -> list[Alert]:
        """Return the alerts of these premises that are not cleared."""
        found = await repository.alerts(connection, premises_ids, only_open=True)
        return [costed(one, self._prices) for one in found]

    async def acknowledge(self, caller: Principal, alert_id: str) -> Alert:
        """Note that somebody has seen the alert; harmless when repeated."""
        async with self._database.transaction() as connection:
            known = await repository.alert(connection, alert_id)
            if known is None:
                raise NotFoundError("alert", alert_id)
            await point_behind(connection, known.service_point_id, caller, "alert", alert_id)
        async with self._database.transaction(as_system=True) as connection:
            changed = await repository.acknowledge(
                connection, alert_id, caller.subject, self._clock.now()
            )
            if changed is not None:
                changed = costed(changed, self._prices)
                await announce(connection, [changed.news()])
                return changed
            known = await repository.alert(connection, alert_id)
            assert known is not None  # noqa: S101 - alerts are never deleted
            if known.state == "cleared":
                raise AlertClearedError(alert_id)
            return costed(known, self._prices)

    async def add_webhook(
        self, caller: Principal, url: str, utilities: list[str]
    ) -> tuple[str, str]:
        """Return a new webhook's id and secret."""
        webhook_id = f"wh_{secrets.token_hex(12)}"
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        async with self._database.transaction(as_system=True) as connection:
            await repository.add_webhook(
                connection, webhook_id, caller.subject, url, utilities, secret
            )
        return webhook_id, secret

    async def webhooks(self, caller: Principal) -> list[Webhook]:
        """Return the caller's webhooks; all of them for an operator."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.webhooks(connection, _owner(caller))

    async def delete_webhook(self, caller: Principal, webhook_id: str) -> None:
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

    async def changed_since(self, since: datetime) -> list[Announcement]:
        """Return news of the alerts that changed since then, for streams that missed it."""
        async with self._database.transaction() as connection:
            changed = await repository.changed_since(connection, since)
        return [costed(one, self._prices).news() for one in changed]


def _owner(caller: Principal) -> str | None:
    return None if caller.role == Role.OPERATOR else caller.subject
