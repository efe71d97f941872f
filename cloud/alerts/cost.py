# SPDX-License-Identifier: EUPL-1.2
"""Cost: about what a leak has cost so far, by the tariffs of the days on which it ran."""

from collections.abc import Sequence
from dataclasses import replace

from cloud.alerts.models import Alert
from cloud.kit.database import Connection
from cloud.tariffs.costs import Costs
from cloud.tariffs.losses import Loss


async def costed(connection: Connection, costs: Costs, alert: Alert) -> Alert:
    """Return the alert with what it has cost."""
    return (await all_costed(connection, costs, [alert]))[0]


async def all_costed(connection: Connection, costs: Costs, alerts: Sequence[Alert]) -> list[Alert]:
    """Return these alerts with what each has cost."""
    losses = [
        Loss(
            service_point_id=one.service_point_id,
            utility=one.utility,
            amount=one.lost,
            started_at=one.started_at,
            until=one.resolved_at or one.reported_at,
        )
        for one in alerts
    ]
    found = await costs.of_losses(connection, losses)
    return [
        replace(alert, cost_eur=None if cost is None else float(cost))
        for alert, cost in zip(alerts, found, strict=True)
    ]
