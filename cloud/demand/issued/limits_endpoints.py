# SPDX-License-Identifier: EUPL-1.2
"""Limits over HTTP: a utility says of which days it wants to hear, and how surely."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import AwareDatetime, BaseModel, Field

from cloud.demand.history.schemas import SeriesId
from cloud.demand.history.sight import HoursNotToldError
from cloud.demand.issued import limits_repository as kept
from cloud.demand.issued.limits_service import Limits, TooManyLimitsError, Wish
from cloud.kit.auth.callers import DemandKeeper
from cloud.kit.errors import NotFoundError, answers
from cloud.kit.mail import MailOffError
from cloud.kit.schemas import Body, Identifier, Listing
from cloud.webhooks.schemas import Email

router = APIRouter(tags=["demand"])

PathId = Annotated[Identifier, Path()]


class LimitBody(Body):
    """A day's sum or highest hour above ``upper``, in the unit of the series.

    Told as the webhook event ``demand.limit_forecast``, and by letter to ``contact``, once that is
    as probable as ``probability``, of days up to ``days_ahead`` ahead; again when it becomes
    likelier by a step, and when it is called off.
    """

    series_id: SeriesId
    quantity: Literal["day_sum", "day_peak"] = "day_sum"
    upper: Annotated[float, Field(gt=0, le=1e15)]
    probability: Annotated[float, Field(ge=0.05, le=0.95)] = 0.5
    days_ahead: Annotated[int, Field(ge=1, le=7)] = 1
    contact: Email | None = None


class Limit(BaseModel):
    """A limit as it stands; ``supplier_id`` None: an operator's."""

    limit_id: str
    series_id: str
    supplier_id: str | None
    quantity: Literal["day_sum", "day_peak"]
    upper: float
    probability: float
    days_ahead: int
    contact: str | None
    made_at: AwareDatetime


def _limits(request: Request) -> Limits:
    found: Limits = request.app.state.demand.limits
    return found


Service = Annotated[Limits, Depends(_limits)]


@router.get("/demand/limits")
async def demand_limits(limits: Service, caller: DemandKeeper) -> Listing[Limit]:
    """Return the limits of the caller's supplier, everybody's for an operator."""
    return Listing(items=[_shown(one) for one in await limits.all(caller)])


@router.put(
    "/demand/limits/{limit_id}",
    responses=answers(NotFoundError, TooManyLimitsError, HoursNotToldError, MailOffError),
)
async def put_demand_limit(
    limit_id: PathId, body: LimitBody, limits: Service, caller: DemandKeeper
) -> Limit:
    """Set a limit, or change it: what was told by it before is told anew."""
    return _shown(await limits.put(caller, limit_id, Wish(**body.model_dump())))


@router.delete("/demand/limits/{limit_id}", status_code=204)
async def delete_demand_limit(limit_id: PathId, limits: Service, caller: DemandKeeper) -> None:
    """Forget a limit."""
    await limits.delete(caller, limit_id)


def _shown(one: kept.Limit) -> Limit:
    return Limit.model_validate({name: getattr(one, name) for name in Limit.model_fields})
