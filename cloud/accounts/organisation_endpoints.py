# SPDX-License-Identifier: EUPL-1.2
"""Signing in at an organisation's own identity provider, over HTTP."""

from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator, BaseModel

from cloud.accounts.endpoints import device
from cloud.accounts.id_tokens import IdentityRefusedError
from cloud.accounts.identity_provider import IdentityProviderUnavailableError
from cloud.accounts.organisations import (
    SIGN_IN_TAKES,
    LogoutRefusedError,
    Organisations,
    Return,
    SignInLostError,
)
from cloud.kit.auth.cookies import is_encrypted, put_session
from cloud.kit.errors import CloudError, InvalidRequestError, answers
from cloud.kit.schemas import Identifier, Listing

router = APIRouter(tags=["organisations"])

SIGN_IN_COOKIE = "iskar_sign_in"
SEE_OTHER = 303
MAX_FIELDS = 20
AWAY: dict[int | str, dict[str, Any]] = {SEE_OTHER: {"description": "The browser goes on there."}}


def organisations(request: Request) -> Organisations:
    """Return the service that signs in the people of organisations."""
    found: Organisations = request.app.state.organisations
    return found


def own_page(path: str) -> str:
    r"""Return ``path`` if it can only be a page of ours: "//" and "/\" lead elsewhere."""
    if (
        not path.startswith("/")
        or path[1:2] in ("/", "\\")
        or "\\" in path
        or not path.isprintable()
    ):
        raise ValueError("only a path on this server can be returned to")
    return path


Service = Annotated[Organisations, Depends(organisations)]
PathId = Annotated[Identifier, Path()]
ReturnTo = Annotated[
    str,
    Query(max_length=300, json_schema_extra={"pattern": r"^/([!#-.0-[\]-~][!#-[\]-~]*)?$"}),
    AfterValidator(own_page),
]
Said = Annotated[str | None, Query(max_length=4000)]


class Organisation(BaseModel):
    """An organisation whose people sign in at its own identity provider."""

    organisation_id: str
    name: str


def _cookie_name(request: Request) -> str:
    """Return the cookie's name; over HTTPS one that no neighbouring host can plant."""
    return f"__Host-{SIGN_IN_COOKIE}" if is_encrypted(request) else SIGN_IN_COOKIE


def _refused(refusal: CloudError, request: Request) -> Response:
    """Return the way to the app, which says why, for a browser; else raise the refusal.

    The app gets the reason's code as ``refused``.
    """
    if "text/html" not in request.headers.get("accept", ""):
        raise refusal
    return RedirectResponse(f"/?{urlencode({'refused': refusal.code})}", SEE_OTHER)


def _forgetting(response: Response, request: Request) -> Response:
    """Return ``response``, which lets the browser forget the sign-in under way."""
    response.delete_cookie(
        _cookie_name(request), httponly=True, samesite="lax", secure=is_encrypted(request)
    )
    return response


@router.get("/organisations")
async def list_organisations(service: Service) -> Listing[Organisation]:
    """Return the organisations whose people don't need a password here."""
    return Listing(
        items=[
            Organisation(organisation_id=one.organisation_id, name=one.name)
            for one in service.all()
        ]
    )


@router.get(
    "/organisations/{organisation_id}/sign-in",
    status_code=SEE_OTHER,
    response_class=RedirectResponse,
    responses=AWAY | answers(IdentityProviderUnavailableError),
)
async def go_to_organisation(
    organisation_id: PathId, request: Request, service: Service, return_to: ReturnTo = "/"
) -> Response:
    """Send the browser to the organisation's identity provider, and note which browser it was.

    A browser that can't be sent there goes back to the app, with the reason's code as ``refused``.
    """
    try:
        begun = await service.begin(organisation_id, return_to)
    except CloudError as refusal:
        return _refused(refusal, request)
    response = RedirectResponse(begun.url, SEE_OTHER)
    response.set_cookie(
        _cookie_name(request),
        begun.browser,
        max_age=int(SIGN_IN_TAKES.total_seconds()),
        httponly=True,
        samesite="lax",  # the provider's answer comes from another site
        secure=is_encrypted(request),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get(
    "/organisations/{organisation_id}/callback",
    status_code=SEE_OTHER,
    response_class=RedirectResponse,
    responses=AWAY
    | answers(SignInLostError, IdentityRefusedError, IdentityProviderUnavailableError),
)
async def come_from_organisation(
    organisation_id: PathId,
    request: Request,
    service: Service,
    state: Annotated[str, Query(max_length=200)],
    code: Said = None,
    iss: Said = None,
    error: Said = None,
) -> Response:
    """Sign in who comes from their identity provider, and send them on into the app.

    A browser that is refused goes to the app as well, with the reason's code as ``refused``.
    """
    brought = Return(
        browser=request.cookies.get(_cookie_name(request), ""),
        state=state,
        code=code,
        issuer=iss,
        error=error,
    )
    try:
        token, return_to = await service.finish(organisation_id, brought, device(request))
    except CloudError as refusal:
        return _forgetting(_refused(refusal, request), request)
    response = RedirectResponse(return_to, SEE_OTHER)
    put_session(response, request, token)
    return _forgetting(response, request)


@router.get(
    "/organisations/{organisation_id}/sign-out",
    status_code=SEE_OTHER,
    response_class=RedirectResponse,
    responses=AWAY | answers(IdentityProviderUnavailableError),
)
async def sign_out_at_organisation(organisation_id: PathId, service: Service) -> Response:
    """Send the browser to sign out at the identity provider; here ``DELETE /session`` does so."""
    return RedirectResponse(await service.sign_out_url(organisation_id), SEE_OTHER)


LOGOUT_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["logout_token"],
                    "properties": {"logout_token": {"type": "string"}},
                }
            }
        },
    }
}


@router.post(
    "/organisations/{organisation_id}/back-channel-logout",
    status_code=204,
    responses=answers(LogoutRefusedError, IdentityProviderUnavailableError),
    openapi_extra=LOGOUT_FORM,
)
async def back_channel_logout(
    organisation_id: PathId, request: Request, service: Service
) -> Response:
    """End the sessions of somebody whom their identity provider signs out."""
    try:
        form = parse_qs((await request.body()).decode(errors="replace"), max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidRequestError(f"The form has more than {MAX_FIELDS} fields.") from error
    await service.sign_out_everywhere(organisation_id, form.get("logout_token", [""])[0])
    return Response(status_code=204, headers={"Cache-Control": "no-store"})
