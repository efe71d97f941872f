# SPDX-License-Identifier: EUPL-1.2
"""Who looked at people's data, told to the people it is about.

Those who looked are people, too: employees are named by their part and organisation, and by a
reference that the operator can resolve.
Source: Court of Justice of the EU, C-579/21 (Pankki S), 22 June 2023, points 73 to 83.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from psycopg.rows import DictRow
from pydantic import AwareDatetime, BaseModel, Field

from cloud.kit import pagination
from cloud.kit.auth.callers import AccessReader
from cloud.kit.auth.rights import Grant, Principal, Role
from cloud.kit.schemas import Identifier, Page
from cloud.privacy.accesses import KEY, AccessLog

router = APIRouter(tags=["privacy"])

PathId = Annotated[Identifier, Path()]


class Access(BaseModel):
    """Somebody's looks at data of a kind in an hour."""

    hour: AwareDatetime
    reference: str
    role: str
    organisation: str | None
    premises_id: str
    service_point_id: Annotated[str | None, Field(description="Null: the whole building.")]
    kind: Annotated[str, Field(description="The last word of the route that was asked.")]
    in_a_list: Annotated[bool, Field(description="The building was one of many in an answer.")]
    looks: int
    is_you: bool
    email: Annotated[str | None, Field(description="Told to operators only.")]


def _access_log(request: Request) -> AccessLog:
    found: AccessLog = request.app.state.access_log
    return found


Service = Annotated[AccessLog, Depends(_access_log)]


@router.get("/premises/{premises_id}/accesses")
async def accesses_to_premises(
    premises_id: PathId,
    service: Service,
    caller: AccessReader,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[Access]:
    """Return who looked at a building's data, the newest first."""
    sights = await service.sights(caller, premises_id)
    return await _page(service, caller, sights, limit, cursor)


@router.get("/account/accesses")
async def accesses_to_mine(
    service: Service,
    caller: AccessReader,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[Access]:
    """Return who looked at data of any building of the caller's, the newest first."""
    return await _page(service, caller, list(caller.grants), limit, cursor)


async def _page(
    service: AccessLog,
    caller: Principal,
    sights: Sequence[Grant],
    limit: int,
    cursor: str | None,
) -> Page[Access]:
    before = pagination.decode(cursor, *(str for _ in KEY)) if cursor else None
    found = await service.page(sights, before, limit)
    last = service.key_of(found[-1]) if len(found) == limit else None
    return Page(
        items=[_shown(one, caller) for one in found],
        next_cursor=pagination.encode(*last) if last else None,
    )


def _shown(look: DictRow, caller: Principal) -> Access:
    is_you = look["subject"] == caller.subject
    return Access(
        hour=look["hour"],
        reference=look["subject"],
        role=look["role"],
        organisation=look["organisation"],
        premises_id=look["premises_id"],
        service_point_id=look["service_point_id"] or None,
        kind=look["kind"],
        in_a_list=look["looked_at"] == "",
        looks=look["looks"],
        is_you=is_you,
        email=look["email"] if is_you or caller.role == Role.OPERATOR else None,
    )
