# SPDX-License-Identifier: EUPL-1.2
"""What the fake cloud says of the list of buildings, usual days and similar buildings."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from cloud.alerts.models import severity
from cloud.app.schemas import Flow, Freshness, PremisesSummary, SilentPoint, WorstAlert
from cloud.demand.usual.schemas import (
    PeerComparison,
    PeerQuartiles,
    PeerUse,
    UsualRange,
    UsualToday,
    UsualUse,
)
from tests.fakes.fake_city import building_summary

SOFIA = ZoneInfo("Europe/Sofia")
SILENT_AFTER = timedelta(minutes=65)
USUAL_OF = {
    "water": (312_000, 240_000, 290_000, 340_000),
    "electricity": (61_000, 40_000, 45_000, 52_000),
}


@dataclass
class FakeHome:
    """What tests change of it: fields of uses by utility, and why peers are not told."""

    uses: dict[str, dict[str, Any]] = field(default_factory=dict)
    no_peers: str | None = None


def a_use(premises_id: str, utility: str, unit: str, **changes: Any) -> UsualUse:
    """Return a utility's day up to two o'clock; of most there are too few days."""
    amount, low, median, high = USUAL_OF.get(utility, (None, 0, 0, 0))
    until = datetime.now(SOFIA).replace(hour=14, minute=0, second=0, microsecond=0)
    usual = UsualRange(low=low, median=median, high=high, days=20, likeness="weather")
    told: dict[str, Any] = {
        "usage": amount,
        "quality": [],
        "until": until if amount else None,
        "missing_hours": 0,
        "usual": usual if amount else None,
        "reason": None if amount else "nothing_today",
        **changes,
    }
    return UsualUse(
        premises_id=premises_id,
        utility=utility,
        unit=unit,
        day_kind="working_day",
        temperature_c=4.5,
        **told,
    )


def home_summary(building: dict[str, Any], alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the list of premises says of a building, as the API's schema has it."""
    told = building_summary(building, alerts)
    for one in told["today"]:
        one["quality"] = ["missing"] if one["usage"] is None else []
    points = building["service_points"]
    summary = PremisesSummary(
        **told,
        worst_alert=_worst([alert for alert in alerts if alert["state"] != "resolved"]),
        flows=_flows(points),
        freshness=_freshness(points),
    )
    return summary.model_dump(mode="json")


def _worst(alerts: list[dict[str, Any]]) -> WorstAlert | None:
    order = ("critical", "warning", "notice")
    ranked = sorted(alerts, key=lambda one: order.index(severity(one["kind"])))
    return next(
        (WorstAlert(**one | {"severity": severity(one["kind"])}) for one in ranked),
        None,
    )


def _flows(points: list[dict[str, Any]]) -> list[Flow]:
    mains = [one for one in points if one["parent_service_point_id"] is None]
    told = []
    for utility in dict.fromkeys(one["utility"] for one in mains):
        of = [one["instantaneous"] for one in mains if one["utility"] == utility]
        known = [one for one in of if one]
        told.append(
            Flow(
                utility=utility,
                unit="l/h" if utility in ("water", "gas") else "W",
                reading=sum(one["reading"] for one in known) if known else None,
                quality=[] if len(known) == len(of) else ["missing"],
                read_at=datetime.now(UTC) if known else None,
            )
        )
    return told


def _freshness(points: list[dict[str, Any]]) -> Freshness:
    hung = [one for one in points if one["meter"]]
    read = {one["service_point_id"]: _at(one) for one in hung if one["read_at"]}
    return Freshness(
        meters=len(hung),
        unread=len(hung) - len(read),
        newest_read_at=max(read.values(), default=None),
        silent=[
            SilentPoint(
                service_point_id=one["service_point_id"],
                name=one["name"],
                utility=one["utility"],
                read_at=_at(one),
            )
            for one in hung
            if one["read_at"] and datetime.now(UTC) - _at(one) > SILENT_AFTER
        ],
    )


def _at(point: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(point["read_at"])


def add_home_routes(
    router: APIRouter, buildings: dict[str, dict[str, Any]], home: FakeHome
) -> None:
    """Add the routes to a router that lets in only who is signed in."""

    def uses_of(premises_id: str) -> list[UsualUse]:
        points = buildings[premises_id]["service_points"]
        units = {one["utility"]: one["unit"] for one in points}
        return [
            a_use(premises_id, utility, unit, **home.uses.get(utility, {}))
            for utility, unit in units.items()
        ]

    def today(*premises_ids: str) -> UsualToday:
        items = [use for one in premises_ids for use in uses_of(one)]
        return UsualToday(day=datetime.now(SOFIA).date(), timezone=SOFIA.key, items=items)

    @router.get("/usual")
    async def usual() -> UsualToday:
        return today(*buildings)

    @router.get("/premises/{premises_id}/usual")
    async def usual_of_premises(premises_id: str) -> UsualToday:
        return today(premises_id)

    @router.get("/premises/{premises_id}/peers")
    async def peers(premises_id: str) -> PeerComparison:
        quartiles = PeerQuartiles(lower=7_900_000, median=8_400_000, upper=9_600_000, buildings=14)
        water = PeerUse(
            utility="water",
            unit="ml",
            usage_per=9_870_000.0,
            quality=[],
            peers=None if home.no_peers else quartiles,
            reason=home.no_peers,  # type: ignore[arg-type]
        )
        return PeerComparison(
            premises_id=premises_id,
            month="2026-10",
            kind=buildings[premises_id]["kind"],
            per="household",
            min_premises=5,
            items=[water],
        )
