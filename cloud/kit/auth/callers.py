# SPDX-License-Identifier: EUPL-1.2
"""The dependencies by which every route asks who is calling, and whether they may."""

from datetime import timedelta
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from cloud.kit.auth import row_security
from cloud.kit.auth.cookies import COOKIE, renew_session, session_token
from cloud.kit.auth.rights import (
    NotSignedInError,
    PersonNeededError,
    Principal,
    Right,
    SecondFactorNeededError,
    StepUpNeededError,
)
from cloud.kit.clock import Clock
from cloud.kit.rates import Rates

FRESH_FOR = timedelta(minutes=10)
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


async def identified(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    _described: Annotated[str | None, Depends(SESSION)],
) -> Principal:
    """Return who is calling, be it only to set up a second factor, or raise NotSignedInError.

    From now on the database shows what is theirs.
    """
    session = session_token(request)
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
    if found.session is not None and found.session.renewed is not None:
        renew_session(request, found.session.renewed)
    return found


async def rated(request: Request) -> None:
    """Charge the address on routes that don't ask who calls; the others charge the caller."""
    if not _asks_who_calls(request.scope["route"].dependant):
        rates: Rates = request.app.state.rates
        rates.charge_address(request)


def _asks_who_calls(dependant: Dependant) -> bool:
    return dependant.call is identified or any(map(_asks_who_calls, dependant.dependencies))


Identified = Annotated[Principal, Depends(identified)]


async def principal(found: Identified) -> Principal:
    """Return who is calling, or raise SecondFactorNeededError while theirs is to be set up."""
    if found.session is not None and found.session.must_enrol:
        raise SecondFactorNeededError(found.role)
    return found


async def person(found: Identified) -> Principal:
    """Return the person who is signed in, or raise PersonNeededError."""
    if found.session is None:
        raise PersonNeededError
    return found


Person = Annotated[Principal, Depends(person)]


async def fresh(request: Request, caller: Person) -> Principal:
    """Return the person, who has shown who they are just now, or raise StepUpNeededError."""
    clock: Clock = request.app.state.clock
    shown_at = caller.session.fresh_at if caller.session else None
    if shown_at is None or clock.now() - shown_at > FRESH_FOR:
        raise StepUpNeededError(
            at_organisation=caller.session is not None and caller.session.at_organisation
        )
    return caller


Fresh = Annotated[Principal, Depends(fresh)]


Caller = Annotated[Principal, Depends(principal)]


async def fresh_if_person(request: Request, caller: Caller) -> Principal:
    """Return the caller: a program, or a person who has shown who they are just now."""
    return caller if caller.session is None else await fresh(request, caller)


# Of what gives others access, besides the right to do so.
SHOWN_ANEW = [Depends(fresh_if_person)]


class _Require:
    """A dependency that lets only callers with a right through."""

    def __init__(self, right: Right) -> None:
        self.right = right

    async def __call__(self, caller: Caller) -> Principal:
        caller.require(self.right)
        return caller


def needs(right: Right) -> Any:
    """Return the dependency that lets only callers with ``right`` through."""
    return Depends(_Require(right))


Seer = Annotated[Principal, needs(Right.SEE_PREMISES)]
DemandSeer = Annotated[Principal, needs(Right.SEE_DEMAND)]
DemandKeeper = Annotated[Principal, needs(Right.KEEP_DEMAND)]
Registrar = Annotated[Principal, needs(Right.REGISTER)]
Editor = Annotated[Principal, needs(Right.CORRECT)]
Acknowledger = Annotated[Principal, needs(Right.ACKNOWLEDGE)]
Labeller = Annotated[Principal, needs(Right.LABEL)]
ClientKeeper = Annotated[Principal, needs(Right.CLIENT_NUMBERS)]
RuleSwitcher = Annotated[Principal, needs(Right.SWITCH_RULES)]
Subscriber = Annotated[Principal, needs(Right.SUBSCRIBE)]
Budgeter = Annotated[Principal, needs(Right.BUDGET)]
Sharer = Annotated[Principal, needs(Right.SHARE)]
TokenMaker = Annotated[Principal, needs(Right.TOKENS)]
UserKeeper = Annotated[Principal, needs(Right.USERS)]
WebhookOwner = Annotated[Principal, needs(Right.WEBHOOKS)]
Operator = Annotated[Principal, needs(Right.OPERATE)]
AccessReader = Annotated[Principal, needs(Right.ACCESSES)]
Auditor = Annotated[Principal, needs(Right.AUDIT)]
Gateway = Annotated[Principal, needs(Right.INGEST)]
TokenTaker = Annotated[Principal, needs(Right.ROTATE)]
