# SPDX-License-Identifier: EUPL-1.2
"""Sharing a building, and passwords set by a link, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from cloud.accounts import schemas
from cloud.accounts.links import LinkOverError, Links
from cloud.accounts.shares import OwnsItError, Shares, Wanted
from cloud.kit.auth.callers import SHOWN_ANEW, Sharer
from cloud.kit.auth.rights import StepUpNeededError
from cloud.kit.errors import UnknownReferenceError, answers
from cloud.kit.idempotency import idempotent
from cloud.kit.mail import MailOffError
from cloud.kit.schemas import Identifier, Integer, Listing

router = APIRouter(tags=["sharing"])
link_router = APIRouter(prefix="/account", tags=["account"])
PremisesId = Annotated[Identifier, Path()]


def shares(request: Request) -> Shares:
    """Return the service that knows whom buildings are shared with."""
    found: Shares = request.app.state.shares
    return found


def links(request: Request) -> Links:
    """Return the service that knows mailed links."""
    found: Links = request.app.state.links
    return found


SharesNeeded = Annotated[Shares, Depends(shares)]
LinksNeeded = Annotated[Links, Depends(links)]


@router.get("/premises/{premises_id}/shares")
async def shares_of_premises(
    premises_id: PremisesId, caller: Sharer, service: SharesNeeded
) -> Listing[schemas.Share]:
    """List whom one's building is shared with."""
    found = await service.of_premises(caller, premises_id)
    return Listing(items=[schemas.Share.model_validate(one) for one in found])


@router.post(
    "/premises/{premises_id}/shares",
    status_code=201,
    responses=answers(StepUpNeededError, OwnsItError, UnknownReferenceError, MailOffError),
    dependencies=SHOWN_ANEW,
)
@idempotent
async def share_premises(
    premises_id: PremisesId, new: schemas.NewShare, caller: Sharer, service: SharesNeeded
) -> schemas.Share:
    """Share one's building, or some of its service points; the person is told by mail."""
    share = await service.share(caller, premises_id, Wanted(**new.model_dump()))
    told = new.model_dump(exclude={"language", "email"})
    return schemas.Share(**share, **told, email=new.email.strip().lower())


@router.delete("/premises/{premises_id}/shares/{share_id}", status_code=204)
async def end_share(
    premises_id: PremisesId,
    share_id: Annotated[Integer, Path()],
    caller: Sharer,
    service: SharesNeeded,
) -> None:
    """End a share at once."""
    await service.revoke(caller, premises_id, share_id)


@link_router.post("/password-reset", status_code=202, responses=answers(MailOffError))
async def ask_for_reset(asked: schemas.ResetRequest, service: LinksNeeded) -> schemas.Asked:
    """Have a link to a new password mailed; the answer is the same whoever has the address."""
    await service.ask_for_reset(asked.email)
    return schemas.Asked(detail="If an account has this address, a letter is on its way.")


@link_router.post("/new-password", status_code=204, responses=answers(LinkOverError))
async def set_password_by_link(new: schemas.NewPassword, service: LinksNeeded) -> None:
    """Set a password by a mailed link; every session of the account ends."""
    await service.set_password(new.link, new.password)
