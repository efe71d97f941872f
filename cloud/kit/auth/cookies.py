# SPDX-License-Identifier: EUPL-1.2
"""The session's cookie: scripts can't read it, other sites can't send it, and it is turned over.

Over HTTPS its name begins with ``__Host-``, so that a browser takes it from this host alone: a
neighbouring one can't plant a session of its own (fixation). Source: RFC 6265bis, 4.1.3.2.
"""

from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.kit.heads import with_head

COOKIE = "iskar_session"
COOKIE_OVER_HTTPS = f"__Host-{COOKIE}"


class _Settings(Protocol):
    """What is read of the settings."""

    public_url: str | None
    session_days: int


_RENEWED = "renewed_session"  # in the request's state: a token that the answer is to carry


def is_encrypted(request: Request) -> bool:
    """Tell whether the browser speaks HTTPS, to us or to a proxy before us."""
    settings: _Settings = request.app.state.settings
    return (settings.public_url or str(request.url)).startswith("https:")


def session_token(request: Request) -> str | None:
    """Return the session's token that came with a request."""
    return request.cookies.get(_name(request))


def put_session(response: Response, request: Request, token: str) -> None:
    """Let the browser keep a session's token."""
    settings: _Settings = request.app.state.settings
    response.set_cookie(
        _name(request),
        token,
        max_age=settings.session_days * 86400,
        httponly=True,
        samesite="strict",
        secure=is_encrypted(request),
    )
    response.headers["Cache-Control"] = "no-store"


def drop_session(response: Response, request: Request) -> None:
    """Let the browser forget the session's token."""
    response.delete_cookie(
        _name(request), httponly=True, samesite="strict", secure=is_encrypted(request)
    )


def renew_session(request: Request, token: str) -> None:
    """Let whatever answers this request carry the session's next token."""
    carrier = Response()
    put_session(carrier, request, token)
    request.scope["state"][_RENEWED] = carrier.headers["set-cookie"]


class RenewedSessions:
    """Puts a session's next token on the answer, whichever route or stream makes it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the cookie."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        def carry(head: Message) -> None:
            headers = MutableHeaders(scope=head)
            # the route's own is newer: signed in or out
            if _RENEWED in state and "set-cookie" not in headers:
                headers.append("Set-Cookie", state[_RENEWED])

        await self._app(scope, receive, with_head(send, carry))


def _name(request: Request) -> str:
    return COOKIE_OVER_HTTPS if is_encrypted(request) else COOKIE
