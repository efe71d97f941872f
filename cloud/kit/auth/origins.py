# SPDX-License-Identifier: EUPL-1.2
"""Origins: what changes something is refused when a browser sends it on behalf of another site.

Browsers tell in every such request where it comes from, and pages can't change that. Programs and
gateways tell nothing, and carry no cookie that another site could use. The session's cookie is
SameSite=Strict besides; this holds where that doesn't, as for a neighbouring subdomain.
Source: W3C Fetch Metadata; OWASP CSRF Prevention Cheat Sheet, "Fetch Metadata headers".
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud.kit.errors import CloudError, problem

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITES = ("same-origin", "none")  # none: typed or bookmarked by the person


class OtherSiteError(CloudError):
    """A browser sends this on behalf of another site."""

    status = 403
    code = "other-site"

    def __init__(self) -> None:
        super().__init__("This came from a page of another site, which may not change anything.")


class RefuseOtherSites:
    """Refuses what other sites let a browser send."""

    def __init__(self, app: ASGIApp, public_url: str | None) -> None:
        self._app = app
        self._public_host = urlsplit(public_url).netloc if public_url else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        is_unsafe = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if is_unsafe and not self._is_own(Headers(scope=scope)):
            refused = OtherSiteError()
            answer = problem(Request(scope), refused.status, refused.code, str(refused))
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_own(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in OWN_SITES
        origin = headers.get("origin")
        if origin is None:
            return True  # not a browser
        host = urlsplit(origin).netloc if "://" in origin else None
        return host is not None and host in (headers.get("host"), self._public_host)
