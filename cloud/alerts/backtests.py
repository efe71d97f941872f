# SPDX-License-Identifier: EUPL-1.2
"""Backtests: what alerts a service point would have had, before anybody is woken by one.

The work is done by a program of its own, one at a time and behind everybody else: a year of a meter
that is read each minute takes half a minute of a processor.
"""

import asyncio
import json
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import structlog

from cloud.alerts import backtest
from cloud.alerts.backtest import Epoch
from cloud.alerts.labels import labelled_uses
from cloud.alerts.models import LabelledUse
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError
from cloud.kit.hypertable import ZONE
from cloud.kit.programs import ProgramTooSlowError, answer_of
from cloud.meters.models import Meter
from cloud.meters.service import meters_by_id
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_service_point
from cloud.readings.trace import Trace, traces
from cloud.tariffs.costs import Costs
from cloud.tariffs.losses import Loss

log = structlog.get_logger(__name__)

LEARNING = timedelta(days=28)  # as long as the rules' published figures learn before they count
READ_WITHIN_S = 60
TIMEOUT_S = 120
MAX_WAITING = 4
# What a unit of the register is in ml or mWh, which rules reckon in.
PER_UNIT = {"ml": 1, "l": 1000, "Wh": 1000}
RULES_FOR = frozenset({"water", "gas", "electricity"})


class BacktestBusyError(CloudError):
    """Others are waiting for their backtests already."""

    status = 503
    code = "backtest-busy"
    headers: ClassVar = {"Retry-After": "30"}

    def __init__(self) -> None:
        super().__init__(f"{MAX_WAITING} backtests are waiting already; ask again in a while.")


class BacktestTooLongError(CloudError):
    """There was too much to look at."""

    status = 422
    code = "backtest-too-long"

    def __init__(self, days: int) -> None:
        super().__init__(
            f"{days} days of this meter were not done within {TIMEOUT_S} s; ask for fewer."
        )


class NoRulesError(CloudError):
    """Nothing watches registers of this utility."""

    status = 409
    code = "no-rules"

    def __init__(self, point: ServicePoint) -> None:
        super().__init__(f"No rule looks at {point.type.utility}, as {point.service_point_id} is.")


@dataclass(frozen=True, kw_only=True)
class Backtested:
    """What would have been found from ``since`` to ``until``; ``findings`` in order of raising."""

    service_point_id: str
    since: datetime
    until: datetime
    readings: int
    findings: list[dict[str, Any]]


class Backtests:
    """Runs backtests, for callers who may see the service point."""

    def __init__(self, database: Database, clock: Clock, costs: Costs) -> None:
        self._database = database
        self._clock = clock
        self._costs = costs
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def run(
        self,
        caller: Principal,
        service_point_id: str,
        days: int,
        labels: Sequence[LabelledUse] | None = None,
    ) -> Backtested:
        """Return what the rules would have found in the last ``days`` days.

        ``labels`` count as ordinary use; None for those that stand now.
        """
        until = self._clock.now()
        since = until - timedelta(days=days)
        # a place before anything is read: a year of readings weighs on the memory while it waits
        with self._place():
            async with self._database.transaction(READ_WITHIN_S) as connection:
                point = await one_service_point(connection, service_point_id, caller)
                if point.type.utility not in RULES_FOR:
                    raise NoRulesError(point)
                epochs = await _epochs(connection, point, since - LEARNING, until, labels)
            async with self._turn:
                found = json.loads(await _asked(backtest.question(epochs, ZONE.key), days))
        told = [_shown(body, point) for body in found if body["raised_at_s"] >= since.timestamp()]
        async with self._database.transaction() as connection:
            costs = await self._costs.of_losses(
                connection, [_loss(body, point, until) for body in told]
            )
        return Backtested(
            service_point_id=service_point_id,
            since=since,
            until=until,
            readings=sum(len(one.read_at_s) for one in epochs),
            findings=[
                body | {"cost_eur": None if cost is None else float(cost)}
                for body, cost in zip(told, costs, strict=True)
            ],
        )

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold a place among those who wait, or raise BacktestBusyError."""
        if self._waiting >= MAX_WAITING:
            raise BacktestBusyError
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1


def _shown(body: dict[str, Any], point: ServicePoint) -> dict[str, Any]:
    """Return a finding as alerts are shown, but for its cost."""
    unit = "energy_wh" if body["volume_l"] is None else "volume_l"
    times = {name: _time(body[f"{name}_s"]) for name in ("raised_at", "started_at")}
    return body | {
        **times,
        "resolved_at": None if body["cleared_at_s"] is None else _time(body["cleared_at_s"]),
        "utility": point.type.utility,
        "hours": [{"started_at": _time(at_s), unit: lost} for at_s, lost in body["hours"]],
    }


def _loss(body: dict[str, Any], point: ServicePoint, until: datetime) -> Loss:
    return Loss(
        service_point_id=point.service_point_id,
        utility=point.type.utility,
        amount=body["energy_wh"] if body["volume_l"] is None else body["volume_l"],
        started_at=body["started_at"],
        until=body["resolved_at"] or until,
    )


def _time(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


async def _epochs(
    connection: Connection,
    point: ServicePoint,
    since: datetime,
    until: datetime,
    labels: Sequence[LabelledUse] | None,
) -> list[Epoch]:
    known = await traces(connection, point.service_point_id, since, until)
    meters = await meters_by_id(connection, [one.installation.meter_id for one in known])
    if labels is None:
        uses = await labelled_uses(connection, [point.service_point_id])
        labels = uses[point.service_point_id]
    return [_epoch(one, point, meters[one.installation.meter_id], labels) for one in known]


def _epoch(trace: Trace, point: ServicePoint, meter: Meter, labels: Sequence[LabelledUse]) -> Epoch:
    scale = PER_UNIT[point.type.unit]
    register = trace.register
    return Epoch(
        node_id=trace.installation.node_id,
        obis=trace.installation.obis,
        utility=point.type.utility,
        q3_l_per_h=meter.q3_l_per_h,
        households=meter.households,
        labels=[asdict(one) for one in labels],
        read_at_s=trace.read_at_s,
        register=register if scale == 1 else array("q", (scale * one for one in register)),
        bits=trace.bits,
    )


async def _asked(question: bytes, days: int) -> bytes:
    try:
        return await answer_of(backtest.__name__, question=question, timeout_s=TIMEOUT_S)
    except ProgramTooSlowError:
        raise BacktestTooLongError(days) from None
