# SPDX-License-Identifier: EUPL-1.2
"""The rules of a service point over HTTP, and their switches."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import AwareDatetime, BaseModel

from cloud.alerts.schemas import Kind
from cloud.alerts.switches import RuleStaysOnError, Switches
from cloud.kit.auth.callers import RuleSwitcher, Seer
from cloud.kit.errors import NotFoundError, answers
from cloud.kit.schemas import Body, Identifier, Listing

router = APIRouter(tags=["alerts"])


class Rule(BaseModel):
    """A rule that watches a service point; ``switched_off_at`` is None while it is on.

    Those that guard safety can't be switched off.
    """

    kind: Kind
    is_on: bool
    may_be_switched_off: bool
    switched_off_at: AwareDatetime | None


class SwitchBody(Body):
    """Whether a rule is to watch."""

    is_on: bool


def _switches(request: Request) -> Switches:
    found: Switches = request.app.state.switches
    return found


Service = Annotated[Switches, Depends(_switches)]
PathId = Annotated[Identifier, Path()]


@router.get("/service-points/{service_point_id}/rules")
async def rules(service_point_id: PathId, service: Service, caller: Seer) -> Listing[Rule]:
    """Return the rules that watch a service point, and those that are switched off."""
    found = await service.of_point(caller, service_point_id)
    return Listing(items=[Rule.model_validate(asdict(one)) for one in found])


@router.put(
    "/service-points/{service_point_id}/rules/{kind}",
    responses=answers(NotFoundError, RuleStaysOnError),
)
async def put_rule(
    service_point_id: PathId,
    kind: Annotated[Kind, Path()],
    body: SwitchBody,
    service: Service,
    caller: RuleSwitcher,
) -> Rule:
    """Switch a rule on or off; one that is off raises no alerts. Harmless when repeated."""
    found = await service.put(caller, service_point_id, kind, is_on=body.is_on)
    return Rule.model_validate(asdict(found))
