# SPDX-License-Identifier: EUPL-1.2
"""Signing in and out, and showing again who one is, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cloud.accounts import schemas
from cloud.accounts.attempts import (
    CodeNeededError,
    TooManyAttemptsError,
    WrongCodeError,
    WrongPasswordError,
)
from cloud.accounts.passkeys import Passkeys, PasskeysOffError, WrongPasskeyError
from cloud.accounts.service import Access
from cloud.accounts.sessions import Device, OrganisationNeededError
from cloud.kit.auth.callers import Identified, Person
from cloud.kit.auth.cookies import drop_session, put_session, session_token
from cloud.kit.auth.rights import Principal
from cloud.kit.errors import InvalidRequestError, answers

router = APIRouter(tags=["session"])


def access(request: Request) -> Access:
    """Return the service that knows users and sessions."""
    found: Access = request.app.state.access
    return found


def passkeys(request: Request) -> Passkeys:
    """Return the service that knows passkeys."""
    found: Passkeys = request.app.state.passkeys
    return found


def device(request: Request) -> Device:
    """Return where the person sits who asks."""
    return Device(
        address=request.client.host if request.client else "",
        agent=request.headers.get("user-agent", ""),
    )


AccessNeeded = Annotated[Access, Depends(access)]
PasskeysNeeded = Annotated[Passkeys, Depends(passkeys)]
FromDevice = Annotated[Device, Depends(device)]


async def _session(caller: Principal, service: Access) -> schemas.Session:
    return schemas.Session(
        user=schemas.User(email=caller.email, name=caller.name, role=caller.role),
        needs_second_factor=caller.session is not None and caller.session.must_enrol,
        owns=await service.owned_by(caller),
    )


@router.post(
    "/session",
    responses=answers(
        WrongPasswordError,
        CodeNeededError,
        WrongCodeError,
        TooManyAttemptsError,
        OrganisationNeededError,
    ),
)
async def sign_in(
    credentials: schemas.Credentials,
    request: Request,
    response: Response,
    service: AccessNeeded,
    device: FromDevice,
) -> schemas.Session:
    """Sign in; the session's token comes as a cookie that scripts can't read.

    An account with a second factor answers `code-needed` until `code` is sent too.
    """
    caller, token = await service.sign_in(
        credentials.email, credentials.password, device, credentials.code
    )
    await _end_before(request, service)
    put_session(response, request, token)
    return await _session(caller, service)


@router.post("/session/passkey-options", responses=answers(PasskeysOffError))
async def passkey_options(service: PasskeysNeeded, response: Response) -> schemas.PasskeyOptions:
    """Return what the browser is to ask for a passkey by; good for five minutes, once."""
    response.headers["Cache-Control"] = "no-store"
    return schemas.PasskeyOptions(options=await service.options_to_sign_in())


@router.post(
    "/session/passkey",
    responses=answers(WrongPasskeyError, PasskeysOffError, OrganisationNeededError),
)
async def sign_in_by_passkey(
    shown: schemas.ShownPasskey,
    request: Request,
    response: Response,
    service: PasskeysNeeded,
    device: FromDevice,
) -> schemas.Session:
    """Sign in by a passkey, without a password."""
    caller, token = await service.sign_in(shown.model_dump(exclude_none=True), device)
    await _end_before(request, access(request))
    put_session(response, request, token)
    return await _session(caller, access(request))


@router.post(
    "/session/step-up",
    responses=answers(
        WrongPasswordError,
        CodeNeededError,
        WrongCodeError,
        WrongPasskeyError,
        TooManyAttemptsError,
        OrganisationNeededError,
    ),
)
async def step_up(
    shown: schemas.StepUp,
    caller: Person,
    request: Request,
    response: Response,
    service: AccessNeeded,
    device: FromDevice,
) -> schemas.Session:
    """Show again who one is; for ten minutes sensitive things are allowed then.

    By a code or passkey where the account has a second factor, otherwise by the password. Who
    comes from an organisation and has no factor here signs in there again instead.
    """
    if sum(one is not None for one in (shown.password, shown.code, shown.passkey)) != 1:
        raise InvalidRequestError("Send exactly one of password, code and passkey.")
    if shown.passkey is not None:
        credential = shown.passkey.model_dump(exclude_none=True)
        token = await passkeys(request).step_up(caller, credential)
    else:
        token = await service.step_up(caller, device, shown.password, shown.code)
    put_session(response, request, token)
    return await _session(caller, service)


@router.get("/session")
async def who_am_i(caller: Identified, service: AccessNeeded) -> schemas.Session:
    """Tell who is signed in."""
    return await _session(caller, service)


@router.delete("/session", status_code=204)
async def sign_out(request: Request, response: Response, service: AccessNeeded) -> None:
    """Sign out; harmless when nobody is signed in."""
    await _end_before(request, service)
    drop_session(response, request)


async def _end_before(request: Request, service: Access) -> None:
    """End the session that the browser had, if any: it is nobody's to find any more."""
    session = session_token(request)
    if session:
        await service.sign_out(session)
