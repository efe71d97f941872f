# SPDX-License-Identifier: EUPL-1.2
"""Notices over HTTP: what a gateway had to say, for operators."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from cloud.kit import pagination
from cloud.kit.auth.callers import needs
from cloud.kit.auth.rights import Right
from cloud.kit.schemas import Identifier, Page
from cloud.readings.notices import Notices
from cloud.readings.schemas import Notice

router = APIRouter(tags=["operation"], dependencies=[needs(Right.OPERATE)])


@router.get("/gateways/{gateway_id}/notices")
async def notices(
    request: Request,
    gateway_id: Annotated[Identifier, Path()],
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[Notice]:
    """Return what a gateway had to say, the latest to come in first."""
    service: Notices = request.app.state.notices
    before = pagination.decode(cursor, int)[0] if cursor else None
    found = await service.of_gateway(gateway_id, before, limit)
    following = pagination.encode(found[-1]["notice_id"]) if len(found) == limit else None
    return Page(items=[Notice.model_validate(row) for row in found], next_cursor=following)
