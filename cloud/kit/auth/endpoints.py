# SPDX-License-Identifier: EUPL-1.2
"""Sessions over HTTP, and the dependencies by which every other route asks who is calling."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from cloud.kit.auth.rights import NotSignedInError, Principal, Right
from cloud.kit.auth.service import Access, TooManyAttemptsError, WrongPasswordError
from cloud.kit.errors import answers
from cloud.kit.schemas import Body
from cloud.kit.settings import CloudSettings

router = APIRouter(tags=["session"])

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


def access(request: Request) -> Access:
    """Return the service that knows users and tokens."""
    found: Access = request.app.state.access
    return found


async def principal(
    service: Annotated[Access, Depends(access)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    session: Annotated[str | None, Depends(SESSION)],
) -> Principal:
    """Return who is calling, or raise NotSignedInError."""
    found = None
    if bearer is not None:
        found = await service.of_token(bearer.credentials.strip())
    elif session:
        found = await service.of_session(session)
    if found is None:
        raise NotSignedInError
    return found


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
Registrar = Annotated[Principal, needs(Right.REGISTER)]
Editor = Annotated[Principal, needs(Right.CORRECT)]
Acknowledger = Annotated[Principal, needs(Right.ACKNOWLEDGE)]
Labeller = Annotated[Principal, needs(Right.LABEL)]
WebhookOwner = Annotated[Principal, needs(Right.WEBHOOKS)]
Operator = Annotated[Principal, needs(Right.OPERATE)]
Gateway = Annotated[Principal, needs(Right.INGEST)]
TokenTaker = Annotated[Principal, needs(Right.ROTATE)]


class Credentials(Body):
    """What a person signs in with."""

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=200)]


class User(BaseModel):
    """The signed-in user, or the program behind a token."""

    email: str | None
    name: str
    role: str


class Session(BaseModel):
    """A session as the app sees it."""

    user: User


def _session(caller: Principal) -> Session:
    return Session(user=User(email=caller.email, name=caller.name, role=caller.role))


@router.post("/session", responses=answers(WrongPasswordError, TooManyAttemptsError))
async def sign_in(
    credentials: Credentials,
    request: Request,
    response: Response,
    service: Annotated[Access, Depends(access)],
) -> Session:
    """Sign in; the session's token comes as a cookie that scripts can't read."""
    address = request.client.host if request.client else ""
    caller, token = await service.sign_in(credentials.email, credentials.password, address)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(service.session_length.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=_is_encrypted(request),
    )
    response.headers["Cache-Control"] = "no-store"
    return _session(caller)


def _is_encrypted(request: Request) -> bool:
    """Tell whether the browser speaks HTTPS, to us or to a proxy before us."""
    settings: CloudSettings = request.app.state.settings
    return (settings.public_url or str(request.url)).startswith("https:")


@router.get("/session")
async def who_am_i(caller: Caller) -> Session:
    """Tell who is signed in."""
    return _session(caller)


@router.delete("/session", status_code=204)
async def sign_out(
    request: Request, response: Response, service: Annotated[Access, Depends(access)]
) -> None:
    """Sign out; harmless when nobody is signed in."""
    session = request.cookies.get(COOKIE)
    if session:
        await service.sign_out(session)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
