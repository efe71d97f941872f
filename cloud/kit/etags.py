# SPDX-License-Identifier: EUPL-1.2
"""Entity tags: a client that has an answer already is told so instead of being sent it again.

Every whole JSON answer to a GET carries a strong tag over its bytes; one that names this tag in
If-None-Match gets 304 without a body. Streams and exports are passed on untouched as they are made.
Nothing may be kept by a shared cache, and a browser must ask before it shows what it kept: answers
differ by who asks, and end with the session.

Writes carry no tags, so that If-Match on one can't hold; it is refused rather than overlooked.
Source: RFC 9110, 8.8.3, 13.1.1 and 13.1.2; RFC 9111, 5.2.2.
"""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.kit.errors import CloudError, problem

CACHE_CONTROL = "private, no-cache"
VARY = "Authorization, Cookie"
READS = ("GET", "HEAD", "OPTIONS")


class PreconditionFailedError(CloudError):
    """A write is to happen only to a state that the caller has seen, which we can't tell."""

    status = 412
    code = "precondition-failed"

    def __init__(self) -> None:
        super().__init__("What is written here has no entity tag; send it without If-Match.")


class EntityTags:
    """Tags answers below ``prefix`` and leaves the rest alone."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back unless the client has it."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        if scope["method"] not in READS and "if-match" in asked:
            refused = PreconditionFailedError()
            answer = problem(Request(scope), refused.status, refused.code, str(refused))
            await answer(scope, receive, send)
            return
        known = asked.get("if-none-match", "") if scope["method"] == "GET" else None
        await self._app(scope, receive, _Answer(send, known).send)


class _Answer:
    """One answer on its way out; its head waits for the body to be known."""

    def __init__(self, send: Send, known: str | None) -> None:
        self._send = send
        self._known = known
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", CACHE_CONTROL)
            headers.add_vary_header(VARY)
            if self._known is not None and _may_be_tagged(message["status"], headers):
                self._head = message
                return
        elif self._head is not None:
            head, self._head = self._head, None
            if not message.get("more_body", False):
                head, message = self._tagged(head, message)
            await self._send(head)
        await self._send(message)

    def _tagged(self, head: Message, body: Message) -> tuple[Message, Message]:
        headers = MutableHeaders(scope=head)
        tag = f'"{hashlib.sha256(body["body"]).hexdigest()[:32]}"'
        headers["ETag"] = tag
        if not _names(self._known or "", tag):
            return head, body
        for of_the_body in ("content-type", "content-length"):
            del headers[of_the_body]
        return {**head, "status": 304}, {**body, "body": b""}


def _may_be_tagged(status: int, headers: MutableHeaders) -> bool:
    return status == 200 and headers.get("content-type") == "application/json"


def _names(condition: str, tag: str) -> bool:
    """Tell whether If-None-Match names ``tag``; weak ones match too (RFC 9110, 13.1.2)."""
    return condition.strip() == "*" or tag in (
        one.strip().removeprefix("W/") for one in condition.split(",")
    )
