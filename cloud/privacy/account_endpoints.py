# SPDX-License-Identifier: EUPL-1.2
"""What a person may do with what is kept of them: take it along, or have it erased."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from cloud.accounts.users import LastOperatorError
from cloud.kit.auth.callers import Fresh
from cloud.kit.errors import InvalidRequestError, answers
from cloud.kit.schemas import Body
from cloud.privacy.erasure import Erasures
from cloud.privacy.takeout import Takeout

router = APIRouter(tags=["privacy"])

ARCHIVE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A ZIP archive of JSON and CSV files.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class ErasureBody(Body):
    """Whose account is to go."""

    email: Annotated[str, Field(max_length=254, description="One's own, once more.")]


def _takeout(request: Request) -> Takeout:
    found: Takeout = request.app.state.takeout
    return found


def _erasures(request: Request) -> Erasures:
    found: Erasures = request.app.state.erasures
    return found


@router.get("/account/export", response_class=Response, responses=ARCHIVE)
async def export_account(
    service: Annotated[Takeout, Depends(_takeout)], caller: Fresh
) -> StreamingResponse:
    """Return everything that is kept of the caller, sent as it is read."""
    archive = await service.of(caller, user_id=caller.user_id)
    headers = {
        "Content-Disposition": 'attachment; filename="iskar-account.zip"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(archive, headers=headers, media_type="application/zip")


@router.post(
    "/account/erase", status_code=204, responses=answers(LastOperatorError, InvalidRequestError)
)
async def erase_account(
    body: ErasureBody,
    response: Response,
    service: Annotated[Erasures, Depends(_erasures)],
    caller: Fresh,
) -> None:
    """Erase the caller's account at once and for good; what meters measured stays for the bills."""
    await service.erase(caller, user_id=caller.user_id, email=body.email)
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
