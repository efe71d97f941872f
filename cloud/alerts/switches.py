# SPDX-License-Identifier: EUPL-1.2
"""Switches: which rules watch a service point; an owner may silence those that guard no safety.

Gateways are told, so that they keep quiet also while nobody reaches the cloud; and whatever a
gateway still tells, of a rule that is switched off no alert is raised here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cloud.alerts import switches_repository
from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, NotFoundError
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_service_point

WATER = (
    *("burst", "continuous_flow", "floor_flow", "steady_flow", "intermittent_flow"),
    *("growing_flow", "night_flow", "imbalance", "backflow", "stuck", "missing"),
)
# The rules that gateways have, by utility, the most pressing first.
RULES_OF: dict[str, tuple[str, ...]] = {
    "water": WATER,
    "gas": ("gas_flow", "imbalance", "missing"),
    "electricity": ("standby", "imbalance", "stuck", "missing"),
    "heat": (),
}
# A burst and foul water in the main harm others too, and of gas every rule counts (DECISIONS 113).
ALWAYS_ON = frozenset({"burst", "backflow", "gas_flow"})
ALWAYS_ON_FOR = "gas"


class RuleStaysOnError(CloudError):
    """A rule that guards safety can't be switched off."""

    status = 409
    code = "rule-stays-on"

    def __init__(self, kind: str, service_point_id: str) -> None:
        super().__init__(
            f"The rule {kind} guards safety at {service_point_id}; nobody can switch it off."
        )


@dataclass(frozen=True, kw_only=True)
class SwitchedRule:
    """A rule that watches a service point, or did until somebody switched it off."""

    kind: str
    is_on: bool
    may_be_switched_off: bool
    switched_off_at: datetime | None


class Switches:
    """Which rules watch where."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of_point(self, caller: Principal, service_point_id: str) -> list[SwitchedRule]:
        """Return the rules for a service point, the most pressing first."""
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            off = await switches_repository.off_at(connection, service_point_id)
        return [_shown(point, kind, off.get(kind)) for kind in RULES_OF[point.type.utility]]

    async def put(
        self, caller: Principal, service_point_id: str, kind: str, *, is_on: bool
    ) -> SwitchedRule:
        """Switch a rule on or off; harmless when repeated."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
        if kind not in RULES_OF[point.type.utility]:
            raise NotFoundError("rule", kind)
        if not is_on and not may_be_switched_off(point.type.utility, kind):
            raise RuleStaysOnError(kind, service_point_id)
        async with self._database.transaction(as_system=True) as connection:
            if is_on:
                changed = await switches_repository.switch_on(connection, service_point_id, kind)
            else:
                changed = await switches_repository.switch_off(
                    connection, service_point_id, kind, caller.signature, now
                )
            if changed:
                await audit.record(
                    connection,
                    caller,
                    f"rule.switched_{'on' if is_on else 'off'}",
                    f"service_point:{service_point_id}",
                    premises_id=point.premises_id,
                    kind=kind,
                )
            off = await switches_repository.off_at(connection, service_point_id)
        return _shown(point, kind, off.get(kind))


def may_be_switched_off(utility: str, kind: str) -> bool:
    """Tell whether a rule guards comfort and money alone, not safety."""
    return utility != ALWAYS_ON_FOR and kind not in ALWAYS_ON


async def switched_off(
    connection: Connection, service_point_ids: Collection[str]
) -> dict[str, list[str]]:
    """Return by service point the rules that are switched off, whoever asks: not for callers."""
    found: dict[str, list[str]] = {one: [] for one in service_point_ids}
    for service_point_id, kind in await switches_repository.off(connection, service_point_ids):
        found[service_point_id].append(kind)
    return found


async def is_silenced(
    connection: Connection, point: ServicePoint, convinced: Collection[str]
) -> bool:
    """Tell whether every rule that is convinced is switched off at a service point."""
    off = (await switched_off(connection, [point.service_point_id]))[point.service_point_id]
    return all(kind in off and may_be_switched_off(point.type.utility, kind) for kind in convinced)


def _shown(point: ServicePoint, kind: str, off_at: datetime | None) -> SwitchedRule:
    return SwitchedRule(
        kind=kind,
        is_on=off_at is None,
        may_be_switched_off=may_be_switched_off(point.type.utility, kind),
        switched_off_at=off_at,
    )
