# SPDX-License-Identifier: EUPL-1.2
"""Sessions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from cloud.accounts.service import Access, TooManyAttemptsError, WrongPasswordError
from cloud.kit.auth.callers import COOKIE, Caller
from cloud.kit.auth.rights import Principal
from cloud.kit.errors import answers
from cloud.kit.schemas import Body
from cloud.kit.settings import CloudSettings

router = APIRouter(tags=["session"])


def access(request: Request) -> Access:
    """Return the service that knows users and sessions."""
    found: Access = request.app.state.access
    return found


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
