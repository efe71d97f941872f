# SPDX-License-Identifier: EUPL-1.2
"""Requests: each has an id, is counted and timed, and is told to go elsewhere while we stop.

The id comes from the proxy before us (``X-Request-ID``) or is made; it is in the answer, in every
line logged meanwhile and in a problem's ``instance``.
"""

import re
import secrets
import time
from dataclasses import dataclass, field

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.kit import metrics
from cloud.kit.heads import with_head

log = structlog.get_logger(__name__)

HEADER = "X-Request-ID"
STATE = "iskar_request"
# What comes from outside is written into logs: no spaces, no quotes, not long.
ACCEPTABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
NO_ROUTE = "none"  # one label for every path that nobody serves: strangers try thousands
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SLOW_S = 2.0


@dataclass
class Draining:
    """Whether the process is about to stop: it still answers, and asks for no more."""

    has_begun: bool = False


@dataclass
class _Asked:
    """One request, as far as it is known yet."""

    request_id: str
    begun_s: float = field(default_factory=time.perf_counter)
    route: str = NO_ROUTE
    status: int | None = None


class Requests:
    """Gives each request its id, and notes how it was answered."""

    def __init__(self, app: ASGIApp, draining: Draining) -> None:
        self._app = app
        self._draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; note its answer when that begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        asked = _Asked(given if ACCEPTABLE.fullmatch(given) else secrets.token_hex(8))
        scope[STATE] = asked
        # Each request is a task of its own, so that this ends with it.
        structlog.contextvars.bind_contextvars(request_id=asked.request_id)

        def note(head: Message) -> None:
            headers = MutableHeaders(scope=head)
            headers[HEADER] = asked.request_id
            if self._draining.has_begun:
                headers["Connection"] = "close"
            asked.status = head["status"]
            _note(scope, asked)

        with metrics.REQUESTS_UNDER_WAY.track_inprogress():
            try:
                await self._app(scope, receive, with_head(send, note))
            finally:
                if asked.status is None:  # it failed, or the client went away
                    asked.status = 500
                    _note(scope, asked)


class NotesRoutes:
    """Tells ``Requests`` which route a request came to; it stands innermost, where it shows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and look at its route when the answer begins."""

        def note(_: Message) -> None:
            asked, route = scope.get(STATE), scope.get("route")
            if asked is not None and route is not None:
                asked.route = route.path

        await self._app(scope, receive, with_head(send, note))


def request_id(scope: Scope) -> str | None:
    """Return the id of the request, None outside of ``Requests``."""
    asked: _Asked | None = scope.get(STATE)
    return asked.request_id if asked else None


def _note(scope: Scope, asked: _Asked) -> None:
    took_s = time.perf_counter() - asked.begun_s
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.ANSWERS.labels(method, asked.route, str(asked.status)).observe(took_s)
    say = log.warning if took_s > SLOW_S else log.debug
    say(
        "request_answered",
        method=method,
        route=asked.route,
        status=asked.status,
        took_ms=round(took_s * 1000),
    )
