# SPDX-License-Identifier: EUPL-1.2
"""The review of histories: once a day, the rules that need months look at each building's usage.

What is right about single readings is told as they come in (``service``); this looks for what only
shows over time: changed units, registers that stand still, mains that measure less than what hangs
behind them. Findings that are no longer true are ended, and come back if they are true again.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import structlog

from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.meters.models import Installation
from cloud.meters.service import installations_at, meters_by_id
from cloud.premises.models import ServicePoint
from cloud.premises.service import all_premises_ids, service_points
from cloud.readings.review import measured_hours
from cloud.validation import repository
from cloud.validation.estimation import UNMEASURED
from cloud.validation.repository import Found
from cloud.validation.rules import Rule, discover
from cloud.validation.series import DAY_S, HOUR_S, About, Limits, UsageSeries

log = structlog.get_logger(__name__)

TRANSACTION_TIMEOUT_S = 120
LOOKS_BACK = timedelta(days=3 * 366)  # as long as hours are kept

History = tuple[ServicePoint, Installation, UsageSeries]


class HistoryReview:
    """Reviews the stored usage of buildings; may be done again at any time, by any process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def premises_ids(self) -> list[str]:
        """Return all buildings there are to review."""
        async with self._database.transaction() as connection:
            return await all_premises_ids(connection)

    async def of_premises(self, premises_id: str) -> int:
        """Review one building and return how many findings are true of it now."""
        now = self._clock.now()
        since = now - LOOKS_BACK
        async with self._database.transaction(TRANSACTION_TIMEOUT_S) as connection:
            points = await service_points(connection, [premises_id])
            histories = [
                (point, installation, usage)
                for point in points
                for installation, usage in await _usage(
                    connection, point, int(since.timestamp()), int(now.timestamp())
                )
            ]
        rules = [rule for rule in discover().values() if rule.derived or rule.history]
        balances = [rule for rule in discover().values() if rule.building]
        found = await asyncio.to_thread(_look, rules, balances, histories)
        async with self._database.transaction(TRANSACTION_TIMEOUT_S) as connection:
            await repository.add_findings(connection, found)
            ended = await repository.end_findings(
                connection,
                [rule.name for rule in (*rules, *balances)],
                [point.service_point_id for point in points],
                since=since,
                now=now,
                true_now=found,
            )
        log.info("history_reviewed", premises_id=premises_id, findings=len(found), ended=ended)
        return len(found)


def _look(
    rules: Collection[Rule], balances: Collection[Rule], histories: Sequence[History]
) -> list[Found]:
    """Return what the rules find in a building's histories."""
    found = []
    for point, installation, usage in histories:
        length_s = int(usage.start_s[-1] - usage.start_s[0]) if len(usage) else 0
        for rule in rules:
            for look in (rule.derived, rule.history):
                if look is not None and length_s >= rule.needs_days * DAY_S:
                    found += [
                        Found(
                            service_point_id=point.service_point_id,
                            installation_id=installation.installation_id,
                            finding=finding,
                        )
                        for finding in look(usage)
                    ]
    by_point = _by_point(histories)
    for rule in balances:
        if rule.building is not None:
            found += [
                Found(service_point_id=finding.meter_id, installation_id=None, finding=finding)
                for finding in rule.building(by_point)
            ]
    return found


async def _usage(
    connection: Connection, point: ServicePoint, since_s: int, until_s: int
) -> list[tuple[Installation, UsageSeries]]:
    """Return the measured hours of each meter that hung at a service point."""
    installations = await installations_at(connection, [point.service_point_id])
    meters = await meters_by_id(connection, {one.meter_id for one in installations})
    found = []
    for installation in installations:
        meter = meters[installation.meter_id]
        start_s, usage = await measured_hours(
            connection, installation.installation_id, since_s, until_s, UNMEASURED
        )
        limits = Limits.of(
            point.reading_type,
            max_per_h=meter.max_per_h,
            q3_l_per_h=meter.q3_l_per_h,
            modulus=meter.register_modulus,
        )
        series = UsageSeries(
            about=About.of(meter.meter_id, point.reading_type, limits),
            start_s=start_s,
            length_s=np.full(len(start_s), HOUR_S, dtype=np.int64),
            usage=usage,
            row=np.arange(len(start_s), dtype=np.int64),
            is_measured=np.ones(len(start_s), dtype=bool),
        )
        found.append((installation, series))
    return found


def _by_point(histories: Sequence[History]) -> list[UsageSeries]:
    """Return one series for each service point, named by it, whatever meters hung there."""
    of_point: dict[str, list[UsageSeries]] = {}
    points: dict[str, ServicePoint] = {}
    for point, _, usage in histories:
        points[point.service_point_id] = point
        of_point.setdefault(point.service_point_id, []).append(usage)
    return [_joined(points[one], series) for one, series in of_point.items()]


def _joined(point: ServicePoint, series: Sequence[UsageSeries]) -> UsageSeries:
    start_s = np.concatenate([one.start_s for one in series])
    order = np.argsort(start_s, kind="stable")
    usage = np.concatenate([one.usage for one in series])[order]
    return UsageSeries(
        about=replace(
            series[0].about,
            meter_id=point.service_point_id,
            premises_id=point.premises_id,
            parent_meter_id=point.parent_service_point_id,
        ),
        start_s=start_s[order],
        length_s=np.full(len(start_s), HOUR_S, dtype=np.int64),
        usage=usage,
        row=np.arange(len(start_s), dtype=np.int64),
        is_measured=np.ones(len(start_s), dtype=bool),
    )
