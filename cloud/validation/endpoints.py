# SPDX-License-Identifier: EUPL-1.2
"""Corrections, the audit trail and findings over HTTP."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from psycopg.rows import DictRow

from cloud.kit import pagination
from cloud.kit.auth.callers import Editor, Seer
from cloud.kit.errors import InvalidRequestError, answers
from cloud.kit.idempotency import idempotent
from cloud.kit.schemas import Identifier, Page
from cloud.meters.schemas import RegisterEvent, Undoing
from cloud.validation import schemas, trail
from cloud.validation.corrections import (
    AboveMaximumError,
    CorrectionOverlapError,
    Corrections,
    NotInstalledError,
)
from cloud.validation.trail import AuditTrail

router = APIRouter(tags=["validation"])

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
LATEST_US = (datetime(9999, 1, 1, tzinfo=UTC) - EPOCH) // A_MOMENT

PathId = Annotated[Identifier, Path()]
CorrectionId = Annotated[int, Path(ge=1, le=2**53)]


def _corrections(request: Request) -> Corrections:
    found: Corrections = request.app.state.corrections
    return found


def _trail(request: Request) -> AuditTrail:
    found: AuditTrail = request.app.state.audit_trail
    return found


Service = Annotated[Corrections, Depends(_corrections)]
Trail = Annotated[AuditTrail, Depends(_trail)]


@router.post(
    "/service-points/{service_point_id}/corrections",
    responses=answers(CorrectionOverlapError, NotInstalledError, AboveMaximumError),
)
@idempotent
async def correct(
    service_point_id: PathId, body: schemas.CorrectionBody, service: Service, caller: Editor
) -> schemas.Correction:
    """Exclude or accept readings, or say what was used; repeating it changes nothing."""
    made, point = await service.make(caller, service_point_id, **body.model_dump())
    return schemas.Correction(**vars(made), unit=point.type.unit)


@router.get("/service-points/{service_point_id}/corrections")
async def corrections_of_point(
    service_point_id: PathId,
    service: Service,
    caller: Seer,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[schemas.Correction]:
    """Return corrections in the order they were made, undone ones too."""
    after = pagination.decode(cursor, int)[0] if cursor else 0
    point, found = await service.page(caller, service_point_id, after, limit)
    following = pagination.encode(found[-1].correction_id) if len(found) == limit else None
    return Page(
        items=[schemas.Correction(**vars(one), unit=point.type.unit) for one in found],
        next_cursor=following,
    )


@router.post("/corrections/{correction_id}/undo")
@idempotent
async def undo_correction(
    correction_id: CorrectionId, body: Undoing, service: Service, caller: Editor
) -> schemas.Correction:
    """Undo a correction: the readings speak for themselves again; it stays on the trail."""
    undone, point = await service.undo(caller, correction_id, body.because)
    return schemas.Correction(**vars(undone), unit=point.type.unit)


@router.get("/service-points/{service_point_id}/audit-trail")
async def audit_trail(
    service_point_id: PathId,
    service: Trail,
    caller: Seer,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[schemas.Said]:
    """Return who said what of the registers and the usage here, when and why, in order of time."""
    point, said = await service.page(caller, service_point_id, _said_key(cursor), limit)
    unit = point.type.unit
    following = None
    if len(said) == limit:
        said_at, source, number, undoing = said[-1].key
        following = pagination.encode((said_at - EPOCH) // A_MOMENT, source, number, int(undoing))
    return Page(items=[_said(one, unit) for one in said], next_cursor=following)


def _said(one: trail.Said, unit: str) -> schemas.Said:
    is_event = one.source == trail.EVENT
    about = {**one.about, "unit": unit}
    return schemas.Said(
        said_at=one.key[0],
        action=one.action,
        by=one.by,
        because=one.because,
        event=RegisterEvent(**about) if is_event else None,
        correction=None if is_event else schemas.Correction(**about),
    )


@router.get("/service-points/{service_point_id}/findings")
async def findings_of_point(
    service_point_id: PathId,
    service: Trail,
    caller: Seer,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[schemas.Finding]:
    """Return what rules found in the data of a service point, in order of when it started."""
    after = _finding_key(cursor)
    return _findings(await service.findings_of_point(caller, service_point_id, after, limit), limit)


@router.get("/premises/{premises_id}/findings")
async def findings_of_premises(
    premises_id: PathId,
    service: Trail,
    caller: Seer,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[schemas.Finding]:
    """Return what rules found in the data of a building, in order of when it started."""
    after = _finding_key(cursor)
    return _findings(await service.findings_of_premises(caller, premises_id, after, limit), limit)


def _findings(found: Sequence[DictRow], limit: int) -> Page[schemas.Finding]:
    following = None
    if len(found) == limit:
        started_at, finding_id = found[-1]["started_at"], found[-1]["finding_id"]
        following = pagination.encode((started_at - EPOCH) // A_MOMENT, finding_id)
    return Page(items=[schemas.Finding(**fields) for fields in found], next_cursor=following)


def _finding_key(cursor: str | None) -> tuple[datetime, int]:
    if cursor is None:
        return EPOCH, 0
    started_us, finding_id = pagination.decode(cursor, int, int)
    return _cursor_time(started_us), finding_id


def _said_key(cursor: str | None) -> trail.Key | None:
    if cursor is None:
        return None
    said_us, source, number, undoing = pagination.decode(cursor, int, int, int, int)
    return _cursor_time(said_us), source, number, bool(undoing)


def _cursor_time(microseconds: int) -> datetime:
    if not 0 <= microseconds < LATEST_US:
        raise InvalidRequestError("The cursor is not one that this route gave out.")
    return EPOCH + microseconds * A_MOMENT
