# SPDX-License-Identifier: EUPL-1.2
"""The dependencies by which every route asks who is calling, and whether they may."""

from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from cloud.kit.auth import row_security
from cloud.kit.auth.rights import NotSignedInError, Principal, Right
from cloud.kit.rates import Rates

COOKIE = "iskar_session"
BEARER = HTTPBearer(
    scheme_name="token", description="A program's or a gateway's token.", auto_error=False
)
SESSION = APIKeyCookie(
    name=COOKIE,
    scheme_name="session",
    description="A person's session, begun at POST /api/v1/session.",
    auto_error=False,
)


class Sessions(Protocol):
    """What knows sessions: ``cloud.accounts`` brings it."""

    async def of_session(self, session: str) -> Principal | None:
        """Return who is behind a session, or None if it is over."""


class Tokens(Protocol):
    """What knows tokens: ``cloud.accounts`` brings it."""

    async def of_token(self, token: str) -> Principal | None:
        """Return who is behind a token, or None."""


async def principal(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    session: Annotated[str | None, Depends(SESSION)],
) -> Principal:
    """Return who is calling, and let the database show what is theirs; or NotSignedInError."""
    sessions: Sessions = request.app.state.access
    tokens: Tokens = request.app.state.tokens
    found = None
    if bearer is not None:
        found = await tokens.of_token(bearer.credentials.strip())
    elif session:
        found = await sessions.of_session(session)
    rates: Rates = request.app.state.rates
    if found is None:
        rates.charge_address(request)
        raise NotSignedInError
    is_gateway = found.gateway_id is not None
    rates.charge_caller(request, found.gateway_id or found.owner, is_gateway=is_gateway)
    row_security.see_as(found)
    request.state.caller = found  # for those who count looks
    return found


async def rated(request: Request) -> None:
    """Charge the address on routes that don't ask who calls; the others charge the caller."""
    if not _asks_who_calls(request.scope["route"].dependant):
        rates: Rates = request.app.state.rates
        rates.charge_address(request)


def _asks_who_calls(dependant: Dependant) -> bool:
    return dependant.call is principal or any(map(_asks_who_calls, dependant.dependencies))


Caller = Annotated[Principal, Depends(principal)]


class _Require:
    """A dependency that lets only callers with a right through."""

    def __init__(self, right: Right) -> None:
        self.right = right

    def __call__(self, caller: Caller) -> Principal:
        caller.require(self.right)
        return caller


def needs(right: Right) -> Any:
    """Return the dependency that lets only callers with ``right`` through."""
    return Depends(_Require(right))


Seer = Annotated[Principal, needs(Right.SEE_PREMISES)]
DistrictSeer = Annotated[Principal, needs(Right.SEE_DISTRICTS)]
Registrar = Annotated[Principal, needs(Right.REGISTER)]
Editor = Annotated[Principal, needs(Right.CORRECT)]
Acknowledger = Annotated[Principal, needs(Right.ACKNOWLEDGE)]
Labeller = Annotated[Principal, needs(Right.LABEL)]
Subscriber = Annotated[Principal, needs(Right.SUBSCRIBE)]
Sharer = Annotated[Principal, needs(Right.SHARE)]
TokenMaker = Annotated[Principal, needs(Right.TOKENS)]
UserKeeper = Annotated[Principal, needs(Right.USERS)]
WebhookOwner = Annotated[Principal, needs(Right.WEBHOOKS)]
Operator = Annotated[Principal, needs(Right.OPERATE)]
AccessReader = Annotated[Principal, needs(Right.ACCESSES)]
Auditor = Annotated[Principal, needs(Right.AUDIT)]
Gateway = Annotated[Principal, needs(Right.INGEST)]
TokenTaker = Annotated[Principal, needs(Right.ROTATE)]
