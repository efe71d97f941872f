# SPDX-License-Identifier: EUPL-1.2
"""One's own account over HTTP: sessions, password, second factors."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from cloud.accounts import schemas
from cloud.accounts.attempts import TooManyAttemptsError, WrongCodeError, WrongPasswordError
from cloud.accounts.endpoints import AccessNeeded, FromDevice, PasskeysNeeded
from cloud.accounts.factors import CodesSetUpError, Factors
from cloud.accounts.passkeys import PasskeyKnownError, PasskeysOffError, WrongPasskeyError
from cloud.accounts.qr_code import drawn
from cloud.accounts.sessions import Sessions
from cloud.kit.auth.callers import Fresh, Person
from cloud.kit.auth.cookies import put_session
from cloud.kit.errors import NotFoundError, answers
from cloud.kit.schemas import Listing

router = APIRouter(prefix="/account", tags=["account"])


def sessions(request: Request) -> Sessions:
    """Return the service that knows sessions."""
    found: Sessions = request.app.state.sessions
    return found


def factors(request: Request) -> Factors:
    """Return the service that knows one-time codes."""
    found: Factors = request.app.state.factors
    return found


SessionsNeeded = Annotated[Sessions, Depends(sessions)]
FactorsNeeded = Annotated[Factors, Depends(factors)]
SessionId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]


@router.get("")
async def account(caller: Person, service: FactorsNeeded) -> schemas.Account:
    """Tell who one is and how one signs in."""
    found = await service.of_caller(caller)
    return schemas.Account(
        email=caller.email or "",
        name=caller.name,
        role=caller.role,
        at_organisation=caller.session is not None and caller.session.at_organisation,
        needs_second_factor=caller.session is not None and caller.session.must_enrol,
        **found,
    )


@router.get("/sessions")
async def sessions_of_account(
    caller: Person, service: SessionsNeeded
) -> Listing[schemas.OneSession]:
    """List where one is signed in."""
    this = caller.session.session_id if caller.session else ""
    return Listing(
        items=[
            schemas.OneSession.model_validate({**one, "is_this": one["session_id"] == this})
            for one in await service.of_caller(caller)
        ]
    )


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: SessionId, caller: Person, service: SessionsNeeded) -> None:
    """Sign out one of the places where one is signed in."""
    await service.end_one(caller, session_id)


@router.delete("/sessions", status_code=204)
async def end_other_sessions(caller: Person, service: SessionsNeeded) -> None:
    """Sign out everywhere but here."""
    await service.end_others(caller)


@router.put("/password", responses=answers(WrongPasswordError, TooManyAttemptsError))
async def change_password(
    change: schemas.PasswordChange,
    caller: Fresh,
    request: Request,
    response: Response,
    service: AccessNeeded,
    device: FromDevice,
) -> schemas.Account:
    """Change one's password; every other session ends."""
    token = await service.change_password(caller, device, change.current, change.new)
    put_session(response, request, token)
    return await account(caller, factors(request))


@router.post("/codes", responses=answers(CodesSetUpError))
async def begin_codes(
    caller: Fresh, service: FactorsNeeded, response: Response
) -> schemas.CodesToAdd:
    """Begin to set up one-time codes; they count once one of them was sent."""
    response.headers["Cache-Control"] = "no-store"
    made = await service.begin(caller)
    side, path = drawn(made.address)
    return schemas.CodesToAdd(
        secret=made.secret,
        address=made.address,
        qr_code=schemas.QrCode(side=side, path=path),
    )


@router.post(
    "/codes/confirm", responses=answers(CodesSetUpError, WrongCodeError, TooManyAttemptsError)
)
async def confirm_codes(
    sent: schemas.OneCode,
    caller: Fresh,
    request: Request,
    response: Response,
    service: AccessNeeded,
) -> schemas.RecoveryCodes:
    """Put one-time codes into use; the recovery codes are shown this once."""
    token, recovery_codes = await service.confirm_codes(caller, sent.code)
    put_session(response, request, token)
    return schemas.RecoveryCodes(recovery_codes=recovery_codes)


@router.delete("/codes", status_code=204, responses=answers(NotFoundError))
async def remove_codes(caller: Fresh, service: FactorsNeeded) -> None:
    """Take one-time codes out of use."""
    await service.remove(caller)


@router.post("/recovery-codes")
async def new_recovery_codes(
    caller: Fresh, response: Response, service: AccessNeeded
) -> schemas.RecoveryCodes:
    """Make new recovery codes; earlier ones end."""
    response.headers["Cache-Control"] = "no-store"
    return schemas.RecoveryCodes(recovery_codes=await service.new_recovery_codes(caller))


@router.post("/passkeys/options", responses=answers(PasskeysOffError))
async def new_passkey_options(
    caller: Fresh, service: PasskeysNeeded, response: Response
) -> schemas.PasskeyOptions:
    """Return what the browser is to make a passkey by; good for five minutes, once."""
    response.headers["Cache-Control"] = "no-store"
    return schemas.PasskeyOptions(options=await service.options_to_add(caller))


@router.post(
    "/passkeys",
    responses=answers(WrongPasskeyError, PasskeyKnownError, PasskeysOffError),
    status_code=201,
)
async def add_passkey(
    new: schemas.NewPasskey,
    caller: Fresh,
    request: Request,
    response: Response,
    service: PasskeysNeeded,
) -> schemas.RecoveryCodes:
    """Add a passkey; with the first factor of an account come recovery codes."""
    token, recovery_codes = await service.add(caller, new.name, new.credential.model_dump())
    put_session(response, request, token)
    return schemas.RecoveryCodes(recovery_codes=recovery_codes)


@router.get("/passkeys")
async def passkeys_of_account(caller: Person, service: PasskeysNeeded) -> Listing[schemas.Passkey]:
    """List one's passkeys."""
    found = await service.of_caller(caller)
    return Listing(items=[schemas.Passkey.model_validate(one) for one in found])


@router.delete("/passkeys/{passkey_id}", status_code=204)
async def remove_passkey(
    passkey_id: Annotated[schemas.PasskeyId, Path()], caller: Fresh, service: PasskeysNeeded
) -> None:
    """Forget one of one's passkeys."""
    await service.remove(caller, passkey_id)
