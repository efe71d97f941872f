# SPDX-License-Identifier: EUPL-1.2
"""What the fake cloud answers where the app asks what there is to save."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from fastapi import APIRouter

from cloud.kit.schemas import Name
from cloud.savings import schemas

FIRST, LAST = date(2026, 10, 24), date(2026, 11, 20)
YEAR_FIRST, YEAR_LAST = date(2025, 11, 1), date(2026, 10, 31)
WATER, POWER, GAS = "sp-home-cold", "sp-home-power", "sp-home-gas"
NAMES = {
    WATER: Name(bg="Студена вода", en="Cold water"),
    POWER: Name(bg="Ток", en="Electricity"),
    GAS: Name(bg="Газ", en="Gas"),
}
# What each utility has cost and will cost this month: so far, low, expected, high.
COSTS = {
    "water": ("18.40", "24.10", "26.30", "28.90"),
    "electricity": ("61.20", "80.40", "88.75", "97.10"),
    "gas": ("30.00", "55.00", "70.00", "85.00"),
}
UNITS = {"water": "ml", "electricity": "Wh", "gas": "l", "heat": "Wh"}


def a_night(point: str, utility: str, **changes: Any) -> schemas.Night:
    fields: dict[str, Any] = {
        "service_point_id": point,
        "name": NAMES[point],
        "utility": utility,
        "unit": UNITS[utility],
        "first_day": FIRST,
        "last_day": LAST,
        "rate": 3000.0,
        "coverage": 1.0,
        "nights": 28,
        "a_year": 26_280_000,
        "euro_a_year": Decimal("63.07"),
        "best": None,
        **changes,
    }
    return schemas.Night(**fields)


def some_years(point: str, utility: str, **changes: Any) -> schemas.Years:
    """Return a year that used 12 % less: 8 % by the weather, 4 % by the rest."""
    fields: dict[str, Any] = {
        "service_point_id": point,
        "name": NAMES[point],
        "utility": utility,
        "unit": UNITS[utility],
        "first_day": YEAR_FIRST,
        "last_day": YEAR_LAST,
        "is_ready": True,
        "reason": None,
        "before": 1_000_000.0,
        "now": 880_000.0,
        "by_weather": schemas.Range(low=-100_000, middle=-80_000, high=-60_000),
        "by_rest": schemas.Range(low=-60_000, middle=-40_000, high=-20_000),
        "is_certain": True,
        **changes,
    }
    return schemas.Years(**fields)


def an_action(kind: str, **changes: Any) -> schemas.Action:
    fields: dict[str, Any] = {
        "kind": kind,
        "utility": "water",
        "service_point_id": WATER,
        "alert_id": None,
        "alert_kind": None,
        "euro": Decimal("21.50"),
        "period": "year",
        "unit": "ml/h",
        "amount": 3000.0,
        "usual": 1000.0,
        "first_day": FIRST,
        "last_day": LAST,
        **changes,
    }
    return schemas.Action(**fields)


def some_actions() -> list[schemas.Action]:
    """Return a leak, a rise at night, and a meter that is silent."""
    leak = {"alert_id": "al-1", "alert_kind": "continuous_flow", "unit": "l/h", "usual": None}
    silent = {"alert_id": "al-2", "alert_kind": "missing", "unit": "", "amount": None}
    silent |= {"usual": None, "euro": None}
    gas = {"utility": "gas", "service_point_id": GAS}
    return [
        an_action("leak", euro=Decimal("822.40"), amount=48.0, **leak),
        an_action("standing"),
        an_action("silent", **gas, **silent),
    ]


@dataclass
class SavingTold:
    """What is told of saving; tests change it. ``budgets`` are as they were put, by utility."""

    may_budget: bool = True
    budgets: dict[str, dict[str, Any]] = field(default_factory=dict)
    nights: list[schemas.Night] = field(
        default_factory=lambda: [
            a_night(WATER, "water"),
            a_night(POWER, "electricity", rate=85.0, euro_a_year=Decimal("111.69")),
        ]
    )
    years: list[schemas.Years] = field(
        default_factory=lambda: [
            some_years(GAS, "gas"),
            some_years(
                WATER, "water", before=None, now=None, by_weather=None, by_rest=None
            ).model_copy(update={"reason": "too_little_history", "is_certain": False}),
        ]
    )
    actions: list[schemas.Action] = field(default_factory=some_actions)
    puts: list[dict[str, Any]] = field(default_factory=list)


def add_saving_routes(router: APIRouter, told: SavingTold) -> None:
    """Answer what the app asks of saving."""

    @router.get("/premises/{premises_id}/savings")
    async def savings(premises_id: str) -> schemas.Saving:
        return schemas.Saving(
            premises_id=premises_id,
            budgets=schemas.BudgetMonth(
                premises_id=premises_id,
                may_be_set=told.may_budget,
                month="2026-11",
                first_day=date(2026, 11, 1),
                last_day=date(2026, 11, 30),
                items=[_state(utility, body) for utility, body in told.budgets.items()],
            ),
            nights=told.nights,
            years=told.years,
            actions=told.actions,
        )

    @router.put("/premises/{premises_id}/budgets/{utility}")
    async def put_budget(
        premises_id: str,  # noqa: ARG001 - of the path
        utility: schemas.Utility,
        body: schemas.BudgetBody,
    ) -> schemas.Budget:
        told.budgets[utility] = body.model_dump()
        told.puts.append(body.model_dump(mode="json"))
        return schemas.Budget(utility=utility, changed_at=datetime.now(UTC), **body.model_dump())

    @router.delete("/premises/{premises_id}/budgets/{utility}", status_code=204)
    async def delete_budget(premises_id: str, utility: schemas.Utility) -> None:  # noqa: ARG001
        told.budgets.pop(utility, None)


def _state(utility: str, body: dict[str, Any]) -> schemas.BudgetState:
    in_euro = body["euro"] is not None
    limit = Decimal(body["euro"] if in_euro else body["amount"])
    figures = [Decimal(one) for one in COSTS[utility]]
    if not in_euro:  # two euro a unit of people's
        per = {"ml": 1_000_000, "l": 1000, "Wh": 1000}[UNITS[utility]]
        figures = [round(one * per / 2) for one in figures]
    so_far, low, middle, high = figures
    state = "over" if middle > limit else "near" if high > limit else "under"
    return schemas.BudgetState(
        utility=utility,
        **body,
        changed_at=datetime.now(UTC),
        unit="EUR" if in_euro else UNITS[utility],
        limit=limit,
        so_far=so_far,
        low=low,
        expected=middle,
        high=high,
        days_left=9,
        state="passed" if so_far > limit else state,
        reason=None,
        warned_at=None,
    )
