# SPDX-License-Identifier: EUPL-1.2
"""Alerts, for callers who may see them."""

from collections.abc import Collection
from datetime import datetime

from cloud.alerts import repository
from cloud.alerts.cost import all_costed, costed
from cloud.alerts.models import Alert
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, NotFoundError
from cloud.kit.live import Announcement, announce
from cloud.premises.service import one_premises, point_behind, visible_points
from cloud.tariffs.costs import Costs


class AlertClearedError(CloudError):
    """An alert that is over can't be acknowledged."""

    status = 409
    code = "alert-cleared"

    def __init__(self, alert_id: str) -> None:
        super().__init__(f"Alert {alert_id} is cleared already.")


class Alerts:
    """What was found."""

    def __init__(self, database: Database, clock: Clock, costs: Costs) -> None:
        self._database = database
        self._clock = clock
        self._costs = costs

    async def of_premises(self, caller: Principal, premises_id: str) -> list[Alert]:
        """Return a building's alerts, newest first."""
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            points = await visible_points(connection, [premises_id], caller)
            found = await repository.alerts(connection, [premises_id], only_open=False)
            seen = {point.service_point_id for point in points}
            shown = [one for one in found if one.service_point_id in seen]
            return await all_costed(connection, self._costs, shown)

    async def still_open(
        self, connection: Connection, premises_ids: Collection[str]
    ) -> list[Alert]:
        """Return the alerts of these premises that are not cleared."""
        found = await repository.alerts(connection, premises_ids, only_open=True)
        return await all_costed(connection, self._costs, found)

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
                changed = await costed(connection, self._costs, changed)
                await announce(connection, [changed.news()])
                return changed
            known = await repository.alert(connection, alert_id)
            assert known is not None  # noqa: S101 - alerts are never deleted
            if known.state == "cleared":
                raise AlertClearedError(alert_id)
            return await costed(connection, self._costs, known)

    async def changed_since(self, since: datetime) -> list[Announcement]:
        """Return news of the alerts that changed since then, for streams that missed it."""
        async with self._database.transaction() as connection:
            changed = await repository.changed_since(connection, since)
            return [one.news() for one in await all_costed(connection, self._costs, changed)]
