# SPDX-License-Identifier: EUPL-1.2
"""The audit log over HTTP: all of it for operators, a building's for its owner."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel

from cloud.kit import pagination
from cloud.kit.auth.callers import Auditor, Sharer
from cloud.kit.schemas import Identifier, Instant, Page
from cloud.privacy.audit import AuditLog, Wanted

router = APIRouter(tags=["audit"])

PathId = Annotated[Identifier, Path()]
Named = Annotated[str | None, Query(max_length=200)]


class Change(BaseModel):
    """Something that was changed in a building, by whose part; people are named to operators."""

    entry_id: int
    recorded_at: AwareDatetime
    actor: str
    role: str | None
    action: str
    about: str
    details: dict[str, Any]


class AuditEntry(Change):
    """An entry of the audit log; ``personal`` and ``by`` are null once a person was erased."""

    premises_id: str | None
    by: str | None
    personal: dict[str, Any] | None
    hash: str


def _audit_log(request: Request) -> AuditLog:
    found: AuditLog = request.app.state.audit_log
    return found


Service = Annotated[AuditLog, Depends(_audit_log)]


@router.get("/audit")
async def audit_log(
    service: Service,
    _: Auditor,
    actor: Named = None,
    action: Named = None,
    about: Named = None,
    premises_id: Named = None,
    since: Annotated[Instant | None, Query()] = None,
    until: Annotated[Instant | None, Query()] = None,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[AuditEntry]:
    """Return who changed what, the newest first."""
    wanted = Wanted(
        actor=actor, action=action, about=about, premises_id=premises_id, since=since, until=until
    )
    before = pagination.decode(cursor, int)[0] if cursor else None
    found = await service.page(wanted, before, limit)
    return Page(
        items=[
            AuditEntry(**{**one, "hash": one["hash"].hex(), "by": one["email"] or one["label"]})
            for one in found
        ],
        next_cursor=pagination.encode(found[-1]["entry_id"]) if len(found) == limit else None,
    )


@router.get("/premises/{premises_id}/audit")
async def audit_of_premises(
    premises_id: PathId,
    service: Service,
    caller: Sharer,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[Change]:
    """Return what was changed in a building and by whose part, the newest first."""
    before = pagination.decode(cursor, int)[0] if cursor else None
    found = await service.of_premises(caller, premises_id, before, limit)
    return Page(
        items=[Change(**one) for one in found],
        next_cursor=pagination.encode(found[-1]["entry_id"]) if len(found) == limit else None,
    )
