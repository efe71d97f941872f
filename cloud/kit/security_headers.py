# SPDX-License-Identifier: EUPL-1.2
"""Security headers: what a browser may not do with our answers.

The app's pages say more of themselves (``cloud/web/routes.py``); theirs stand. Answers of the API
are nothing to run, frame or guess a type for.
Source: OWASP ASVS 5.0, 3.4; RFC 6797 for Strict-Transport-Security.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.kit.heads import with_head

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
TRANSPORT = "max-age=31536000; includeSubDomains"


class SecurityHeaders:
    """Adds the headers that an answer doesn't bring itself."""

    def __init__(self, app: ASGIApp, public_url: str | None) -> None:
        self._app = app
        self._headers = dict(HEADERS)
        # Only by the public name: a browser holds all ports of a name to it, "localhost" too.
        if public_url is not None and public_url.startswith("https:"):
            self._headers["Strict-Transport-Security"] = TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        await self._app(scope, receive, with_head(send, self._guard))

    def _guard(self, head: Message) -> None:
        headers = MutableHeaders(scope=head)
        for name, content in self._headers.items():
            headers.setdefault(name, content)
