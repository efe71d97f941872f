# SPDX-License-Identifier: EUPL-1.2
"""A person's tokens over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cloud.accounts.own_tokens import OwnTokens, TooManyTokensError
from cloud.accounts.tokens import DEFAULT_LIFE_DAYS, MAX_LIFE_DAYS
from cloud.kit.auth.callers import SHOWN_ANEW, TokenMaker
from cloud.kit.auth.rights import PersonNeededError, Right, StepUpNeededError
from cloud.kit.errors import NotFoundError, answers
from cloud.kit.idempotency import idempotent
from cloud.kit.schemas import Body, Identifier, Listing, Text

router = APIRouter(tags=["tokens"])


def own_tokens(request: Request) -> OwnTokens:
    """Return the service of people's tokens."""
    found: OwnTokens = request.app.state.own_tokens
    return found


Service = Annotated[OwnTokens, Depends(own_tokens)]


class TokenBody(Body):
    """What a new token is for, and for how long."""

    name: Text
    scopes: Annotated[list[Right], Field(min_length=1, max_length=30)]
    premises_ids: Annotated[list[Identifier], Field(min_length=1, max_length=1000)] | None = None
    life_days: Annotated[int, Field(ge=1, le=MAX_LIFE_DAYS)] = DEFAULT_LIFE_DAYS


class Token(BaseModel):
    """A token as its person sees it, told from others by ``hint``."""

    model_config = ConfigDict(from_attributes=True)

    token_id: int
    name: str
    hint: str | None
    scopes: list[str]
    premises_ids: list[str] | None
    created_at: AwareDatetime
    expires_at: AwareDatetime
    last_used_at: AwareDatetime | None


class NewToken(Token):
    """A new token; ``token`` is shown this once."""

    token: str


@router.get("/tokens")
async def list_tokens(caller: TokenMaker, service: Service) -> Listing[Token]:
    """Return the caller's tokens, newest first; ended ones for another month."""
    return Listing(items=[Token.model_validate(one) for one in await service.of(caller)])


@router.post(
    "/tokens",
    status_code=201,
    responses=answers(PersonNeededError, StepUpNeededError, TooManyTokensError, NotFoundError),
    dependencies=SHOWN_ANEW,
)
@idempotent
async def make_token(
    body: TokenBody, caller: TokenMaker, service: Service, response: Response
) -> NewToken:
    """Make a token that acts for the caller, with no more rights than these; shown this once.

    It ends by itself, when it is revoked, and when the caller's role or organisation changes.
    """
    made, token = await service.make(
        caller, body.name, body.scopes, body.life_days, body.premises_ids
    )
    response.headers["Cache-Control"] = "no-store"
    return NewToken(**vars(made), token=token)


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(
    token_id: Annotated[int, Path(ge=1, le=2**31 - 1)], caller: TokenMaker, service: Service
) -> None:
    """End a token of the caller's at once."""
    await service.revoke(caller, token_id)
