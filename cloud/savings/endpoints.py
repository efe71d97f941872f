# SPDX-License-Identifier: EUPL-1.2
"""Savings over HTTP: a person's budgets for a building, and what there is to save in it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from cloud.kit.auth.callers import Budgeter, Seer
from cloud.kit.auth.rights import Principal, Right
from cloud.kit.errors import NotFoundError, answers
from cloud.kit.schemas import Identifier, Name
from cloud.premises.models import ServicePoint
from cloud.savings import comparing, nights, schemas, service
from cloud.savings.actions import Action
from cloud.savings.budgets import Budgets, Month
from cloud.savings.years import Compared

router = APIRouter(tags=["savings"])


def _budgets(request: Request) -> Budgets:
    found: Budgets = request.app.state.saving.budgets
    return found


def _savings(request: Request) -> service.Savings:
    found: service.Savings = request.app.state.saving.savings
    return found


PathId = Annotated[Identifier, Path()]
PathUtility = Annotated[schemas.Utility, Path()]
Service = Annotated[Budgets, Depends(_budgets)]
A_DAY = timedelta(days=1)


@router.get("/premises/{premises_id}/budgets")
async def budgets(premises_id: PathId, kept: Service, caller: Budgeter) -> schemas.BudgetMonth:
    """Return the caller's budgets for a building, and how the month will end beside each."""
    return _month(caller, premises_id, await kept.this_month(caller, premises_id))


@router.put("/premises/{premises_id}/budgets/{utility}", responses=answers(NotFoundError))
async def put_budget(
    premises_id: PathId,
    utility: PathUtility,
    body: schemas.BudgetBody,
    kept: Service,
    caller: Budgeter,
) -> schemas.Budget:
    """Set the caller's own budget for a month, or change it. Who sees the building can't see it."""
    made = await kept.put(caller, premises_id, utility, body.euro, body.amount)
    return schemas.Budget.model_validate(vars(made))


@router.delete("/premises/{premises_id}/budgets/{utility}", status_code=204)
async def delete_budget(
    premises_id: PathId, utility: PathUtility, kept: Service, caller: Budgeter
) -> None:
    """Forget the caller's budget; harmless when repeated."""
    await kept.delete(caller, premises_id, utility)


@router.get("/premises/{premises_id}/savings")
async def savings(
    premises_id: PathId,
    found: Annotated[service.Savings, Depends(_savings)],
    caller: Seer,
) -> schemas.Saving:
    """Return what there is to save in a building; ask again while years aren't ready."""
    saving = await found.of_premises(caller, premises_id)
    return schemas.Saving(
        premises_id=premises_id,
        budgets=_month(caller, premises_id, saving.month),
        nights=[_night(one) for one in saving.nights],
        years=[_years(one) for one in saving.years],
        actions=[_action(one) for one in saving.actions],
    )


def _month(caller: Principal, premises_id: str, month: Month) -> schemas.BudgetMonth:
    return schemas.BudgetMonth(
        premises_id=premises_id,
        may_be_set=caller.has(Right.BUDGET),
        month=f"{month.first:%Y-%m}",
        first_day=month.first,
        last_day=month.end - A_DAY,
        items=[
            schemas.BudgetState(
                utility=one.budget.utility,
                euro=one.budget.euro,
                amount=one.budget.amount,
                changed_at=one.budget.changed_at,
                unit=one.unit,
                limit=one.limit,
                so_far=one.so_far,
                low=one.low,
                expected=one.middle,
                high=one.high,
                days_left=one.days_left,
                state=one.state,
                reason=one.reason,
                warned_at=month.warned_at.get(one.budget.utility),
            )
            for one in month.outlooks
        ],
    )


def _night(one: service.Night) -> schemas.Night:
    return schemas.Night(
        service_point_id=one.point.service_point_id,
        name=_name(one.point),
        utility=one.point.type.utility,
        unit=one.point.type.unit,
        a_year=one.standing.a_year,
        euro_a_year=one.euro_a_year,
        best=None if one.best is None else _standing(one.best),
        **_standing(one.standing).model_dump(),
    )


def _standing(one: nights.Standing) -> schemas.Standing:
    return schemas.Standing(
        first_day=one.first_day,
        last_day=one.end_day - A_DAY,
        rate=one.per_h,
        coverage=one.coverage,
        nights=one.nights,
    )


def _years(one: comparing.Years) -> schemas.Years:
    told = one.told if isinstance(one.told, Compared) else None
    weather = told.by_weather if told else None
    return schemas.Years(
        service_point_id=one.point.service_point_id,
        name=_name(one.point),
        utility=one.point.type.utility,
        unit=one.point.type.unit,
        first_day=one.first,
        last_day=one.end - A_DAY,
        is_ready=one.told is not None,
        reason=one.told if isinstance(one.told, str) else None,
        before=told.before if told else None,
        now=told.now if told else None,
        by_weather=schemas.Range(**vars(weather)) if weather else None,
        by_rest=schemas.Range(**vars(told.by_rest)) if told else None,
        is_certain=told.is_certain if told else False,
    )


def _action(one: Action) -> schemas.Action:
    told = {name: told for name, told in vars(one).items() if name != "end_day"}
    return schemas.Action(**told, last_day=one.end_day - A_DAY)


def _name(point: ServicePoint) -> Name:
    return Name(bg=point.name_bg, en=point.name_en)
